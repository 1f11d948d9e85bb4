"""Which modules a learner may be given now; for the others, the code of what stands in the way."""

from dataclasses import dataclass
from enum import IntEnum
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from features.decide.conditions import Facts, Mentions
from features.decide.journey import Journey
from features.decide.rules import Ruling
from features.domain.catalogue import Policy
from features.domain.instants import SECONDS_PER_DAY
from features.domain.recommendation import DecisionRequest
from features.encode.catalogue import CatalogueIndex, primary_language
from features.encode.learner import LearnerArrays
from features.score.scores import Scores

LEAST_FADING = 0.01


class Bar(IntEnum):
    """Why a module is not eligible; the first that applies, in this order, is reported."""

    NONE = 0
    QUESTION = 1
    ASKED_OUT = 2
    FORMAT = 3
    RETIRED = 4
    LANGUAGE = 5
    NEEDS = 6
    DONE = 7
    NOT_YET_ACTIVE = 8
    RULE = 9
    STEP = 10
    PREREQUISITE = 11
    SKILL = 12


_FREE = int(Bar.NONE)


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Result for every module of the catalogue, all (n_modules,).

    `bar` holds `Bar` codes as int8; `eligible` marks where nothing stands in the way; `refresher`
    marks done modules that come back because a skill has faded, `updated` those that come back in
    another version; `held_back` are the rows of those of locked steps.
    """

    bar: NDArray[np.int8]
    eligible: NDArray[np.bool_]
    refresher: NDArray[np.bool_]
    updated: NDArray[np.bool_]
    held_back: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What the organisation's rules and pathways say of each module.

    `facts` are those that their conditions looked at, and `asked` tells which these are.
    """

    ruling: Ruling
    journey: Journey
    asked: Mentions
    facts: Facts

    def held_back(self, index: CatalogueIndex, arrays: LearnerArrays) -> frozenset[int]:
        """Return rows of modules of locked steps; what is owed is not held back by a pathway."""
        if not self.journey.held_back:
            return frozenset()
        return self.journey.held_back.difference(
            arrays.done_rows,
            arrays.assigned_rows,
            index.mandatory_rows,
            self.ruling.required_by,
            self.ruling.assigned_by,
        )


def judge_eligibility(
    request: DecisionRequest,
    index: CatalogueIndex,
    arrays: LearnerArrays,
    scores: Scores,
    policy: Policy,
    bars: Bars,
) -> Eligibility:
    """Apply every condition of eligibility to every module.

    Parameters
    ----------
    request
        Context (formats, exclusions) and instant.
    index, arrays
        Catalogue and learner.
    scores
        Mastery, now and as it was when last shown.
    policy
        Gives the cooldown of refreshers.
    bars
        What rules exclude and pathways hold back.
    """
    now, dated = request.now.timestamp(), index.dated
    done = arrays.done.nonzero()[0]
    rested = done[arrays.done_at_seconds[done] <= now - _cooldown_seconds(policy)]
    refresher = _refreshers(index, arrays, scores, rested)
    updated = arrays.outdated.copy()
    if arrays.outdated_rows:
        updated &= is_required(index, arrays, bars.ruling)
    held_back = bars.held_back(index, arrays)
    bar = np.zeros(len(index.module_ids), dtype=np.int8)
    # The first that applies has the lowest code, and is written last.
    bar[_lacks_skill(index, scores.standing.mastery)] = int(Bar.SKILL)
    bar[_lacks_module(index, arrays.done)] = int(Bar.PREREQUISITE)
    bar[index.module_links.never_met] = int(Bar.PREREQUISITE)
    bar[list(held_back)] = int(Bar.STEP)
    bar[list(bars.ruling.excluded_by)] = int(Bar.RULE)
    bar[dated[now < index.active_from_seconds[dated]]] = int(Bar.NOT_YET_ACTIVE)
    bar[done[~(refresher[done] | updated[done])]] = int(Bar.DONE)
    for code, applies in (
        (Bar.NEEDS, _uncovered_needs(index, arrays.learner.needs)),
        (Bar.LANGUAGE, _other_language(index, arrays)),
    ):
        if applies is not None:
            np.putmask(bar, applies, int(code))
    bar[dated[now >= index.active_until_seconds[dated]]] = int(Bar.RETIRED)
    if request.context.formats:
        np.putmask(bar, _other_format(index, request.context.formats), int(Bar.FORMAT))
    if request.context.exclude:
        bar[_asked_out(index, request.context.exclude)] = int(Bar.ASKED_OUT)
    bar[index.questions] = int(Bar.QUESTION)
    eligible = bar == _FREE
    refresher &= eligible
    updated &= eligible
    return Eligibility(
        bar=bar, eligible=eligible, refresher=refresher, updated=updated, held_back=held_back
    )


def is_required(index: CatalogueIndex, arrays: LearnerArrays, ruling: Ruling) -> NDArray[np.bool_]:
    """Mark modules that are owed, or teach a skill that role or goal ask for."""
    required: NDArray[np.bool_] = index.is_mandatory | arrays.assigned
    required[list(ruling.required_by)] = True
    required[index.skills.module[arrays.required.pairs]] = True
    return required


def _cooldown_seconds(policy: Policy) -> float:
    return policy.refresher_cooldown_days * SECONDS_PER_DAY


def _refreshers(
    index: CatalogueIndex, arrays: LearnerArrays, scores: Scores, rested: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Mark, of rested modules, those of a required skill that has faded and is below its target."""
    result = np.zeros(len(index.module_ids), dtype=bool)
    faded = faded_skills(arrays, scores) if len(rested) else []
    if faded:
        touching = result.copy()
        touching[index.skills.module[index.skills.pairs_of_skills(faded)]] = True
        result[rested] = touching[rested]
    return result


def faded_skills(arrays: LearnerArrays, scores: Scores) -> list[int]:
    """Return required skills that have faded and are below their target, ascending."""
    asked = arrays.required.skills
    mastery = scores.standing.mastery[asked]
    faded = scores.mastery_shown[asked] - mastery >= LEAST_FADING
    faded &= mastery < arrays.target[asked]
    skills: list[int] = asked[faded].tolist()
    return skills


def _lacks_module(index: CatalogueIndex, done: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return rows of modules some hard prerequisite of which, in the catalogue, is not done."""
    links = index.module_links.hard
    # Those that require what is outside (−1) may be among them, or not.
    return links.module[~done[links.requires]]


def _lacks_skill(index: CatalogueIndex, mastery: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return rows of modules that ask for more of some skill."""
    links = index.skill_links.hard
    return links.module[mastery[links.skill] < links.min_mastery]


def _uncovered_needs(index: CatalogueIndex, needs: frozenset[str]) -> NDArray[np.bool_] | None:
    if not needs:
        return None
    columns = index.needs.positions(needs)
    if (columns < 0).any():
        return np.ones(len(index.module_ids), dtype=bool)
    uncovered: NDArray[np.bool_] = ~index.covers[:, columns].all(axis=1)
    return uncovered


def _other_language(index: CatalogueIndex, arrays: LearnerArrays) -> NDArray[np.bool_] | None:
    """Mark modules in a given language that is not the learner's; de-AT and de are one."""
    others = index.in_other_language
    masks = [others.get(own, others[""]) for own in languages_of(index, arrays)]
    return reduce(np.logical_and, masks) if masks else None


def languages_of(index: CatalogueIndex, arrays: LearnerArrays) -> frozenset[str]:
    """Return the primary languages of a learner.

    Of one who gave none, the languages of the modules they have done are taken.
    """
    if arrays.learner.language:
        return frozenset({primary_language(arrays.learner.language)})
    spoken = set(index.language[arrays.done].tolist())
    return frozenset(primary_language(index.languages.ids[code]) for code in spoken if code >= 0)


def _other_format(index: CatalogueIndex, formats: frozenset[str]) -> NDArray[np.bool_]:
    # The last entry stands for modules that give no format.
    other = np.ones(len(index.formats) + 1, dtype=bool)
    asked = index.formats.positions(formats)
    other[asked[asked >= 0]] = False
    return other[index.format]


def _asked_out(index: CatalogueIndex, excluded: frozenset[str]) -> NDArray[np.int32]:
    rows = index.module_ids.positions(excluded)
    return rows[rows >= 0]
