"""What would be open if something were done that is not: the counterfactual behind words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from features.decide.case import Case, consult
from features.decide.eligibility import Bar, Bars, is_required
from features.decide.journey import Journey
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
    rows
        Those in the catalogue.
    raised
        Mastery by position of the skill, where it would be higher.
    bars
        What rules and pathways would say; the very object of the case where nothing they look at
        would be another.
    languages
        Those the learner would be taken to speak; none: every one.
    """

    done_ids: frozenset[str]
    rows: frozenset[int]
    raised: Mapping[int, float]
    bars: Bars
    languages: frozenset[str]

    @property
    def journey(self) -> Journey:
        """The learner on their pathways."""
        return self.bars.journey


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
    done_ids, index_of = frozenset(done_ids), case.index.module_ids.index_of
    rows = frozenset(index_of[each] for each in done_ids if each in index_of)
    raised = _raised(case, rows, levels or {})
    return Supposition(
        done_ids=done_ids,
        rows=rows,
        raised=raised,
        bars=_bars(case, rows, raised),
        languages=_languages(case, rows),
    )


def opens(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether a locked module would be eligible."""
    return (
        _is_openable(case, row)
        and (not case.arrays.done[row] or _comes_back(case, then, row))
        and not holds_back(case, then, row)
        and not is_barred_for_good(case, then, row)
        and not missing_modules(case, row, then)
        and not missing_skills(case, row, then.raised)
    )


def holds_back(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether a pathway would bar the module; not what is done, nor what is owed.

    What rules assign with this decision stays owed.
    """
    if row not in then.journey.held_back or row in then.rows or row in case.arrays.done_rows:
        return False
    ruling = then.bars.ruling
    is_owed = row in case.index.mandatory_rows or row in case.arrays.assigned_rows
    by_rule = row in ruling.required_by or row in ruling.assigned_by
    return not (is_owed or by_rule)


def is_barred_for_good(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether language or a rule would bar the module, done or not."""
    language = case.index.modules[row].language
    if language and then.languages and primary_language(language) not in then.languages:
        return True
    return row in then.bars.ruling.excluded_by


def unlocked_by(case: Case, row: int) -> tuple[str, ...]:
    """Return the ids of the modules that become eligible once the one at `row` is completed.

    They are those that are eligible afterwards and are not now: what is asked for in modules, in
    levels that the module is expected to bring, by a step, or by a rule.
    """
    then = suppose(case, [case.index.module_ids.ids[row]])
    candidates = _that_require(case, row).union(case.arrays.outdated_rows)
    if then.bars is not case.bars:
        candidates |= _let_go(case, then)
    return tuple(
        case.index.module_ids.ids[module]
        for module in sorted(candidates - {row})
        if opens(case, then, module)
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


def missing_skills(case: Case, row: int, raised: Mapping[int, float]) -> dict[int, float]:
    """Return the level asked for by position of the skill, where mastery is below it.

    `raised` has the mastery of skills in which it is supposed to be higher.
    """
    mastery = case.scores.standing.mastery
    asked = {
        case.index.skill_ids.index_of[link.requires_skill_id]: link.min_mastery or 0.0
        for link in case.index.modules[row].prerequisites
        if link.requires_skill_id and link.is_hard
    }
    return {
        skill: level for skill, level in asked.items() if raised.get(skill, mastery[skill]) < level
    }


def _is_openable(case: Case, row: int) -> bool:
    """Tell whether nothing stands in the way but what doing modules can change."""
    bar = Bar(int(case.eligibility.bar[row]))
    if bar is Bar.DONE and case.arrays.outdated[row]:
        return bool(case.index.active_from_seconds[row] <= case.request.now.timestamp())
    return bar in OPENABLE


def _comes_back(case: Case, then: Supposition, row: int) -> bool:
    """Tell whether a done module would come back: what was just practised has not faded."""
    if case.arrays.outdated[row] and is_required(case.index, case.arrays, then.bars.ruling)[row]:
        return True
    practised = {skill for each in then.rows for _, skill in case.index.skills.pairs_of(each)}
    own = {skill for _, skill in case.index.skills.pairs_of(row)}
    return not own.isdisjoint(case.faded - practised)


def _that_require(case: Case, row: int) -> set[int]:
    """Return the modules that ask for the one at `row`, or for a level in one of its skills."""
    index = case.index
    by_level = (
        index.skill_needed_by.get(skill, ()) for _, skill in case.index.skills.pairs_of(row)
    )
    return set().union(index.needed_by.get(row, ()), *by_level)


def _let_go(case: Case, then: Supposition) -> frozenset[int]:
    """Return the modules that a step or a rule bars now, and would not bar then."""
    arrays = _completed(case.arrays, then.rows)
    by_step = case.eligibility.held_back - then.bars.held_back(case.index, arrays)
    by_rule = case.ruling.excluded_by.keys() - then.bars.ruling.excluded_by.keys()
    return by_step | by_rule


def _bars(case: Case, rows: frozenset[int], raised: Mapping[int, float]) -> Bars:
    """Return what rules and pathways would say, asking anew no more than what may be another."""
    asks_anew = _changes_facts(case, rows, raised)
    if not asks_anew and case.on_pathways.isdisjoint(rows):
        return case.bars
    mastery = case.scores.standing.mastery.copy()
    for skill, level in raised.items():
        mastery[skill] = level
    scores = replace(case.scores, standing=replace(case.scores.standing, mastery=mastery))
    arrays, known = _completed(case.arrays, rows), None if asks_anew else case.bars
    return consult(case.request, case.index, arrays, scores, known)


def _completed(arrays: LearnerArrays, rows: frozenset[int]) -> LearnerArrays:
    done, seen, under_way = arrays.done.copy(), arrays.seen.copy(), arrays.under_way.copy()
    outdated, completed = arrays.outdated.copy(), list(rows)
    done[completed] = seen[completed] = True
    under_way[completed] = outdated[completed] = False
    return replace(arrays, done=done, seen=seen, under_way=under_way, outdated=outdated)


def _raised(case: Case, rows: frozenset[int], levels: Mapping[int, float]) -> dict[int, float]:
    """Return mastery by position of the skill, of those skills where it would be higher."""
    before, expected = case.scores.standing.mastery, case.scores.expected_mastery
    brought = [
        (skill, float(expected[pair]))
        for row in rows
        for pair, skill in case.index.skills.pairs_of(row)
    ]
    raised: dict[int, float] = {}
    for skill, level in (*brought, *levels.items()):
        if level > raised.get(skill, before[skill]):
            raised[skill] = level
    return raised


def _languages(case: Case, rows: frozenset[int]) -> frozenset[str]:
    """Return the languages the learner would be taken to speak; see `languages_of`."""
    if case.arrays.learner.language:
        return case.languages
    given = (case.index.modules[row].language for row in rows)
    return case.languages.union(primary_language(each) for each in given if each)


def _changes_facts(case: Case, rows: frozenset[int], skills: Iterable[int]) -> bool:
    """Tell whether a fact that conditions look at would be another."""
    asked = case.bars.asked
    if "done" in asked.names:
        ids = case.index.module_ids.ids
        if _names_any(asked.keys.get("done"), [ids[row] for row in rows]):
            return True
    levels = asked.names & LEVELS
    raised = [case.index.skill_ids.ids[skill] for skill in skills] if levels else []
    return any(_names_any(asked.keys.get(fact), raised) for fact in levels)


def _names_any(keys: frozenset[str] | None, ids: Iterable[str]) -> bool:
    """Tell whether any id is among the entries looked at; without entries all may be."""
    return keys is None or not keys.isdisjoint(ids)


def _is_done(case: Case, module_id: str) -> bool:
    row = case.index.module_ids.index_of.get(module_id)
    return row is not None and bool(case.arrays.done[row])
