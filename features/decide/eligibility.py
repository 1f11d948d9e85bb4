"""Which modules a learner may be given now; for the others, the code of what stands in the way."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.decide.journey import Journey
from features.decide.rules import NO_RULE, Ruling
from features.domain.catalogue import Policy
from features.domain.recommendation import DecisionRequest
from features.encode.catalogue import CatalogueIndex, primary_language
from features.encode.learner import LearnerArrays
from features.score.scores import Scores

SECONDS_PER_DAY = 86_400.0
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
_NOTHING = np.uint8(255)
_BELOW = np.array([(256 - code) % 256 for code in Bar], dtype=np.uint8)


@dataclass(frozen=True, kw_only=True)
class Eligibility:
    """Result for every module of the catalogue, all (n_modules,).

    `bar` holds `Bar` codes as int8; `refresher` marks done modules that come back, `held_back`
    those of locked steps.
    """

    bar: NDArray[np.int8]
    refresher: NDArray[np.bool_]
    held_back: NDArray[np.bool_]

    @cached_property
    def eligible(self) -> NDArray[np.bool_]:
        """Where nothing stands in the way."""
        free: NDArray[np.bool_] = self.bar == _FREE
        return free


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What the organisation's rules and pathways say of each module."""

    ruling: Ruling
    journey: Journey

    def held_back(self, index: CatalogueIndex, arrays: LearnerArrays) -> NDArray[np.bool_]:
        """Return modules of locked steps; what is owed is not held back by a pathway."""
        owed = arrays.assigned | index.is_mandatory | (self.ruling.required_by != NO_RULE)
        held: NDArray[np.bool_] = self.journey.held_back & ~owed & ~arrays.done
        return held


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
    now = request.now.timestamp()
    refresher = _refreshers(index, arrays, scores, now - _cooldown_seconds(policy))
    held_back = bars.held_back(index, arrays)
    conditions = (
        (Bar.SKILL, _lacks_skill(index, scores.standing.mastery)),
        (Bar.PREREQUISITE, _lacks_module(index, arrays.done)),
        (Bar.STEP, held_back),
        (Bar.RULE, bars.ruling.excluded_by != NO_RULE),
        (Bar.NOT_YET_ACTIVE, now < index.active_from_seconds),
        (Bar.DONE, arrays.done & ~refresher),
        (Bar.NEEDS, _uncovered_needs(index, arrays.learner.needs)),
        (Bar.LANGUAGE, _other_language(index, arrays)),
        (Bar.RETIRED, now >= index.active_until_seconds),
        (Bar.FORMAT, _other_format(index, request.context.formats)),
        (Bar.ASKED_OUT, _asked_out(index, request.context.exclude)),
        (Bar.QUESTION, index.is_question),
    )
    # One less than the code, so that nothing (0) becomes the largest byte and a minimum picks.
    lowest = np.full(len(index.module_ids), _NOTHING)
    for code, applies in conditions:
        if applies is not None:
            np.minimum(lowest, _NOTHING - applies.view(np.uint8) * _BELOW[code], out=lowest)
    bar = (lowest + np.uint8(1)).view(np.int8)
    refresher &= bar == _FREE
    return Eligibility(bar=bar, refresher=refresher, held_back=held_back)


def _cooldown_seconds(policy: Policy) -> float:
    return policy.refresher_cooldown_days * SECONDS_PER_DAY


def _refreshers(
    index: CatalogueIndex,
    arrays: LearnerArrays,
    scores: Scores,
    done_before_seconds: float,
) -> NDArray[np.bool_]:
    """Mark done and rested modules of a required skill that has faded and is below its target."""
    result = np.zeros(len(index.module_ids), dtype=bool)
    rested = (arrays.done & (arrays.done_at_seconds <= done_before_seconds)).nonzero()[0]
    if len(rested):
        faded = faded_skills(arrays, scores)
        pairs = index.skills.pairs_of_modules(rested)
        touching = pairs[faded[index.skills.skill[pairs]]]
        result[index.skills.module[touching]] = True
    return result


def faded_skills(arrays: LearnerArrays, scores: Scores) -> NDArray[np.bool_]:
    """Mark required skills that have faded and are below their target, (n_skills,)."""
    mastery = scores.standing.mastery
    faded: NDArray[np.bool_] = (mastery < arrays.target) & (
        scores.mastery_shown - mastery >= LEAST_FADING
    )
    return faded


def _lacks_module(index: CatalogueIndex, done: NDArray[np.bool_]) -> NDArray[np.bool_]:
    links = index.module_links.hard
    lacks = np.zeros(len(index.module_ids), dtype=bool)
    # Position −1 is a module outside the catalogue: never done.
    lacks[links.module[~np.append(done, False)[links.requires]]] = True
    return lacks


def _lacks_skill(index: CatalogueIndex, mastery: NDArray[np.float64]) -> NDArray[np.bool_]:
    links = index.skill_links.hard
    lacks = np.zeros(len(index.module_ids), dtype=bool)
    lacks[links.module[mastery[links.skill] < links.min_mastery]] = True
    return lacks


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
    return np.logical_and.reduce(masks) if masks else None


def languages_of(index: CatalogueIndex, arrays: LearnerArrays) -> frozenset[str]:
    """Return the primary languages of a learner.

    Of one who gave none, the languages of the modules they have done are taken.
    """
    if arrays.learner.language:
        return frozenset({primary_language(arrays.learner.language)})
    spoken = np.unique(index.language[arrays.done.nonzero()[0]])
    return frozenset(primary_language(index.languages.ids[code]) for code in spoken if code >= 0)


def _other_format(index: CatalogueIndex, formats: frozenset[str]) -> NDArray[np.bool_] | None:
    if not formats:
        return None
    # The last entry stands for modules that give no format.
    other = np.ones(len(index.formats) + 1, dtype=bool)
    asked = index.formats.positions(formats)
    other[asked[asked >= 0]] = False
    return other[index.format]


def _asked_out(index: CatalogueIndex, excluded: frozenset[str]) -> NDArray[np.bool_] | None:
    if not excluded:
        return None
    out = np.zeros(len(index.module_ids), dtype=bool)
    rows = index.module_ids.positions(excluded)
    out[rows[rows >= 0]] = True
    return out
