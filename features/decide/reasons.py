"""Reasons: stable codes, and words made from the largest contributions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from features.decide.case import Case
from features.decide.journey import OPTIONAL_PULL
from features.decide.terms import SMALLEST_ERROR
from features.domain.instants import from_seconds
from features.domain.recommendation import Closing, Reason

MOST_REASONS = 3
LEAST_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Standpoint:
    """What the words need beyond the case: the module's row, its figures and what it closes."""

    row: int
    contributions: Mapping[str, float]
    closes: tuple[Closing, ...]
    tier: int


def explain(case: Case, standpoint: Standpoint) -> tuple[Reason, ...]:
    """Return up to `MOST_REASONS` reasons: states first, then the largest contributions.

    A contribution is worth a reason where it makes at least `LEAST_SHARE` of the score.
    """
    codes = list(_states(case, standpoint))
    total = sum(standpoint.contributions.values())
    ranked = sorted(standpoint.contributions.items(), key=lambda entry: -entry[1])
    codes += [
        _code_of(term, case, standpoint)
        for term, value in ranked
        if value > 0 and value >= LEAST_SHARE * total
    ]
    facts, language = _facts(case, standpoint), case.language
    usable = [code for code in dict.fromkeys(codes) if language.can_say(code, facts)] or ["open"]
    return tuple(
        Reason(code=code, text=language.say(code, facts)) for code in usable[:MOST_REASONS]
    )


def _states(case: Case, standpoint: Standpoint) -> tuple[str, ...]:
    if standpoint.tier == 0:
        due = case.arrays.due_at_seconds[standpoint.row]
        date = "overdue" if due < case.request.now.timestamp() else "due_soon"
        return (date, "updated") if case.eligibility.updated[standpoint.row] else (date,)
    if case.eligibility.updated[standpoint.row]:
        return ("updated",)
    if case.eligibility.refresher[standpoint.row]:
        return ("refresher",)
    return ()


def _code_of(term: str, case: Case, standpoint: Standpoint) -> str:
    return _CODE_OF[term](case, standpoint) if term in _CODE_OF else term


def _code_of_gap(case: Case, standpoint: Standpoint) -> str:
    if not standpoint.closes:
        return "gap_unsure" if _asked_skills(case, standpoint.row) else "gap_way"
    return "gap_goal" if _is_for_goal(case, _closed_most(standpoint)) else "gap"


def _code_of_affinity(case: Case, standpoint: Standpoint) -> str:
    if case.scores.is_new[standpoint.row]:
        return "affinity_new"
    basis = case.scores.affinity_basis
    return "affinity" if basis == "history" else f"affinity_{basis}"


def _code_of_urgency(case: Case, standpoint: Standpoint) -> str:
    if np.isfinite(case.arrays.due_at_seconds[standpoint.row]):
        return "urgency"
    by_rule = standpoint.row in case.ruling.required_by
    return "required" if by_rule else "urgency_undated"


def _code_of_time(case: Case, standpoint: Standpoint) -> str:
    minutes = case.request.context.available_minutes
    fits = minutes is None or case.index.duration_minutes[standpoint.row] <= minutes
    return "time" if fits else "time_part"


def _code_of_continuity(case: Case, standpoint: Standpoint) -> str:
    if case.arrays.under_way[standpoint.row]:
        return "continuity_under_way"
    pull = case.journey.released.get(standpoint.row, 0.0)
    if pull == 0:
        return "continuity"
    return "continuity_extra" if pull == OPTIONAL_PULL else "continuity_pathway"


_CODE_OF: Mapping[str, Callable[[Case, Standpoint], str]] = {
    "gap": _code_of_gap,
    "affinity": _code_of_affinity,
    "urgency": _code_of_urgency,
    "time": _code_of_time,
    "continuity": _code_of_continuity,
}


def _pathway_of(case: Case, row: int) -> str | None:
    """Return the title of the first pathway in which the module is an open step."""
    titles = (
        standing.index.pathway.title
        for standing in case.journey.pathways
        if row in standing.released
    )
    return next(titles, None)


def _facts(case: Case, standpoint: Standpoint) -> dict[str, object]:
    """Collect what the templates may mention; what is not known is left out."""
    row = standpoint.row
    facts: dict[str, object] = {
        "p_success": float(case.scores.p_success[row]),
    }
    if case.index.duration_known[row]:
        facts["minutes"] = float(case.index.duration_minutes[row])
    due = case.arrays.due_at_seconds[row]
    if np.isfinite(due):
        facts["due"] = from_seconds(float(due))
    if case.arrays.outdated[row]:
        facts["done"] = from_seconds(float(case.arrays.done_at_seconds[row]))
        facts["version"] = case.index.modules[row].version
    if case.request.context.available_minutes is not None:
        facts["available"] = case.request.context.available_minutes
    pathway = _pathway_of(case, row)
    if pathway is not None:
        facts["pathway"] = pathway
    faded = _most_faded(case, standpoint.row)
    if faded is not None:
        facts |= {
            "faded": case.index.skill_names[faded],
            "shown": float(case.scores.mastery_shown[faded]),
            "left": float(case.scores.standing.mastery[faded]),
            "asked": float(case.arrays.target[faded]),
        }
    if standpoint.closes:
        best = _closed_most(standpoint)
        if _is_for_goal(case, best):
            facts["goal"] = case.index.role_names[_goal_role_id(case) or ""]
        name = case.index.skill_names[case.index.skill_ids.index_of[best.skill_id]]
        facts |= {
            "skill": name,
            "mastery": best.mastery,
            "expected": best.expected_mastery,
            "target": best.target,
        }
    elif standpoint.contributions.get("gap", 0.0) > 0 and _asked_skills(case, row):
        facts |= _least_sure(case, row)
    return facts


def _asked_skills(case: Case, row: int) -> list[int]:
    """Return the skills of the module that role or goal ask for."""
    target = case.arrays.target
    return [skill for skill, _ in case.index.skills.tags[row] if target[skill] > 0]


def _least_sure(case: Case, row: int) -> dict[str, object]:
    """Return the skill of the module that may most probably be under its target all the same."""
    mastery, target = case.scores.standing.mastery, case.arrays.target
    lead = (mastery - target) / np.maximum(case.scores.standing.standard_error, SMALLEST_ERROR)
    skill = min(_asked_skills(case, row), key=lambda each: float(lead[each]))
    return {
        "skill": case.index.skill_names[skill],
        "mastery": float(mastery[skill]),
        "target": float(target[skill]),
    }


def _closed_most(standpoint: Standpoint) -> Closing:
    # Rounded, so that of skills that a module raises alike the first is named, not one by chance.
    return max(standpoint.closes, key=lambda each: round(each.expected_mastery - each.mastery, 9))


def _is_for_goal(case: Case, closing: Closing) -> bool:
    """Tell whether the goal asks for more of the skill than the role."""
    skill = case.index.skill_ids.index_of[closing.skill_id]
    return bool(case.arrays.required.by_goal[skill])


def _goal_role_id(case: Case) -> str | None:
    return case.request.context.goal_role_id or case.arrays.learner.goal_role_id


def _most_faded(case: Case, row: int) -> int | None:
    """Return the skill of the module that lost most, of those that ask for a refresher."""
    skills = [skill for skill, _ in case.index.skills.tags[row] if skill in case.faded]
    shown, mastery = case.scores.mastery_shown, case.scores.standing.mastery
    return max(skills, key=lambda skill: shown[skill] - mastery[skill], default=None)
