"""What would be open if something were done that is not: the counterfactual behind words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.decide.case import Case, consult
from features.decide.conditions import Mentions, mentions
from features.decide.eligibility import Bar, Bars, faded_skills, is_required, languages_of
from features.decide.journey import Journey
from features.decide.rules import NO_RULE, Ruling
from features.encode.catalogue import primary_language
from features.encode.learner import LearnerArrays

# What a learner can do something about, given that nothing else stands in the way.
OPENABLE = (Bar.RULE, Bar.STEP, Bar.PREREQUISITE, Bar.SKILL)
LEVELS = frozenset({"mastery", "sure_mastery"})  # facts that follow mastery


@dataclass(frozen=True, kw_only=True)
class Supposition:
    """The learner once some modules are completed and some levels reached.

    Attributes
    ----------
    done_ids
        Supposed to be done, in the catalogue or not.
    arrays
        As they would be.
    mastery
        float64, (n_skills,).
    practised
        bool, (n_skills,): skills of the modules supposed to be done.
    ruling, journey
        What rules and pathways would say.
    held_back
        bool, (n_modules,): what pathways would bar.
    languages
        Those the learner would be taken to speak; none: every one.
    """

    done_ids: frozenset[str]
    arrays: LearnerArrays
    mastery: NDArray[np.float64]
    practised: NDArray[np.bool_]
    ruling: Ruling
    journey: Journey
    held_back: NDArray[np.bool_]
    languages: frozenset[str]


def suppose(
    case: Case, done_ids: Iterable[str], levels: Mapping[int, float] | None = None
) -> Supposition:
    """Suppose that modules were completed now, unjudged, and that levels were reached.

    Parameters
    ----------
    case
        As it is.
    done_ids
        Modules; what they bring is `expected_mastery`.
    levels
        Least mastery by position of the skill.
    """
    done_ids, index = frozenset(done_ids), case.index
    rows = index.module_ids.positions(done_ids)
    rows = rows[rows >= 0]
    arrays, mastery = _completed(case.arrays, rows), case.scores.standing.mastery.copy()
    practised = np.zeros(len(mastery), dtype=bool)
    for row in rows.tolist():
        pairs = index.skills.pairs_of(row)
        skills = index.skills.skill[pairs]
        practised[skills] = True
        mastery[skills] = np.maximum(mastery[skills], case.scores.expected_mastery[pairs])
    for skill, level in (levels or {}).items():
        mastery[skill] = max(mastery[skill], level)
    bars = _consult_again(case, arrays, mastery, rows)
    return Supposition(
        done_ids=done_ids,
        arrays=arrays,
        mastery=mastery,
        practised=practised,
        ruling=bars.ruling,
        journey=bars.journey,
        held_back=_held_back(case, arrays, bars),
        languages=languages_of(index, arrays),
    )


def opens(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether a locked module would be eligible."""
    return (
        _is_openable(case, row)
        and (not case.arrays.done[row] or _comes_back(case, then, row))
        and not then.held_back[row]
        and not is_barred_for_good(case, then, row)
        and not missing_modules(case, row, then)
        and not missing_skills(case, row, then.mastery)
    )


def is_barred_for_good(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether language or a rule would bar the module, done or not."""
    language = case.index.modules[row].language
    if language and then.languages and primary_language(language) not in then.languages:
        return True
    return bool(then.ruling.excluded_by[row] != NO_RULE)


def unlocked_by(case: Case, row: int) -> tuple[str, ...]:
    """Return the ids of the modules that become eligible once the one at `row` is completed.

    They are those that are eligible afterwards and are not now: what is asked for in modules, in
    levels that the module is expected to bring, by a step, or by a rule.
    """
    then = suppose(case, [case.index.module_ids.ids[row]])
    candidates = np.unique(
        np.concatenate(
            [
                _that_require(case, row),
                case.arrays.outdated.nonzero()[0],
                np.flatnonzero(case.journey.held_back & ~then.held_back),
                np.flatnonzero(
                    (case.ruling.excluded_by != NO_RULE) & (then.ruling.excluded_by == NO_RULE)
                ),
            ]
        )
    )
    return tuple(
        case.index.module_ids.ids[module]
        for module in candidates.tolist()
        if module != row and opens(case, then, module)
    )


def missing_modules(case: Case, row: int, then: Supposition | None = None) -> list[str]:
    """Return the ids of unmet hard prerequisites, those outside the catalogue among them."""
    supposed = frozenset() if then is None else then.done_ids
    return [
        link.requires_module_id
        for link in case.index.modules[row].prerequisites
        if link.requires_module_id
        and link.is_hard
        and link.requires_module_id not in supposed
        and not _is_done(case, link.requires_module_id)
    ]


def missing_skills(case: Case, row: int, mastery: NDArray[np.float64]) -> dict[int, float]:
    """Return the level asked for by position of the skill, where mastery is below it."""
    asked = {
        case.index.skill_ids.index_of[link.requires_skill_id]: link.min_mastery or 0.0
        for link in case.index.modules[row].prerequisites
        if link.requires_skill_id and link.is_hard
    }
    return {skill: level for skill, level in asked.items() if mastery[skill] < level}


def _is_openable(case: Case, row: int) -> bool:
    """Tell whether nothing stands in the way but what doing modules can change."""
    bar = Bar(int(case.eligibility.bar[row]))
    if bar is Bar.DONE and case.arrays.outdated[row]:
        return bool(case.index.active_from_seconds[row] <= case.request.now.timestamp())
    return bar in OPENABLE


def _comes_back(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether a done module would come back: what was just practised has not faded."""
    if case.arrays.outdated[row] and is_required(case.index, then.arrays, then.ruling)[row]:
        return True
    skills = case.index.skills.skill[case.index.skills.pairs_of(row)]
    faded = faded_skills(case.arrays, case.scores)[skills]
    return bool((faded & ~then.practised[skills]).any())


def _that_require(case: Case, row: int) -> NDArray[np.int32]:
    """Return the modules that ask for the one at `row`, or for a level in one of its skills."""
    index, links, levels = case.index, case.index.module_links, case.index.skill_links
    taught = np.zeros(len(index.skill_ids), dtype=bool)
    taught[index.skills.skill[index.skills.pairs_of(row)]] = True
    return np.concatenate(
        [links.module[links.requires == row], levels.module[taught[levels.skill]]]
    )


def _completed(arrays: LearnerArrays, rows: NDArray[np.int32]) -> LearnerArrays:
    done, seen, under_way = arrays.done.copy(), arrays.seen.copy(), arrays.under_way.copy()
    done[rows] = seen[rows] = True
    outdated = arrays.outdated.copy()
    under_way[rows] = outdated[rows] = False
    return replace(arrays, done=done, seen=seen, under_way=under_way, outdated=outdated)


def _consult_again(
    case: Case, arrays: LearnerArrays, mastery: NDArray[np.float64], rows: NDArray[np.int32]
) -> Bars:
    """Ask rules and pathways again, where what is supposed can matter to them."""
    index = case.index
    mine = tuple(standing.index for standing in case.journey.pathways)
    conditions = (index.rules.conditions, *(each.conditions for each in mine))
    named = rows.tolist()
    on_pathways = any(not each.rows.isdisjoint(named) for each in (*mine, *index.pathways.others))
    if not on_pathways and not _change_facts(case, mentions(conditions), named, mastery):
        return Bars(ruling=case.ruling, journey=case.journey)
    standing = replace(case.scores.standing, mastery=mastery)
    return consult(case.request, index, arrays, replace(case.scores, standing=standing))


def _change_facts(
    case: Case, asked: Mentions, rows: list[int], mastery: NDArray[np.float64]
) -> bool:
    """Tell whether a fact that conditions look at would be another."""
    ids = case.index.module_ids.ids
    if "done" in asked.names:
        keys = asked.keys.get("done")
        if keys is None or any(ids[row] in keys for row in rows):
            return True
    before = case.scores.standing.mastery
    for fact in asked.names & LEVELS:
        if fact not in asked.keys:
            return True
        skills = case.index.skill_ids.positions(asked.keys[fact])
        skills = skills[skills >= 0]
        if (mastery[skills] != before[skills]).any():
            return True
    return False


def _held_back(case: Case, arrays: LearnerArrays, bars: Bars) -> NDArray[np.bool_]:
    """Return what pathways hold back; what rules assign with this decision stays owed."""
    if not bars.journey.pathways:
        return bars.journey.held_back
    assigned = arrays.assigned | (bars.ruling.assigned_by != NO_RULE)
    return bars.held_back(case.index, replace(arrays, assigned=assigned))


def _is_done(case: Case, module_id: str) -> bool:
    row = case.index.module_ids.index_of.get(module_id)
    return row is not None and bool(case.arrays.done[row])
