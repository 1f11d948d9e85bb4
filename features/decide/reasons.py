"""Reasons: stable codes, and words made from the largest contributions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from features.decide.case import Case
from features.decide.journey import OPTIONAL_PULL, StepState
from features.decide.rules import NO_RULE
from features.domain.instants import from_microseconds
from features.domain.recommendation import Closing, Reason

MOST_REASONS = 3
LEAST_SHARE = 0.15

TEMPLATES: Mapping[str, str] = {
    "overdue": "It was due on {due}.",
    "due_soon": "It is due on {due}; waiting longer would break that date.",
    "refresher": "You have done this before; your {faded} has faded from {shown:.2f} to "
    "{left:.2f}, and {asked:.2f} is asked for.",
    "gap": "It should take your {skill} from {mastery:.2f} to {expected:.2f} of the {target:.2f} "
    "asked for.",
    "gap_goal": "It should take your {skill} from {mastery:.2f} to {expected:.2f} of the "
    "{target:.2f} that your goal, {goal}, asks for.",
    "fit": "It is about as hard as helps you most: your chance of success is {p_success:.0%}.",
    "affinity": "People with a history like yours went on to this.",
    "affinity_new": "It is new, and teaches the skills of what suits you.",
    "affinity_role": "It is what others in your role take most.",
    "affinity_popularity": "It is among the most taken modules.",
    "refresh": "It brings back {skill}, which fades without practice.",
    "urgency": "It is owed by {due}.",
    "urgency_undated": "It is mandatory or assigned to you.",
    "time": "At {minutes:.0f} minutes it fits the {available:.0f} you have.",
    "continuity": "It carries on from what you did last.",
    "continuity_under_way": "You have started it already.",
    "continuity_pathway": "It is your next step in {pathway}.",
    "continuity_extra": "It is an optional extra in {pathway}.",
    "boost": "It is recommended by a rule of your organisation.",
    "required": "A rule of your organisation requires it of you.",
    "open": "It is open to you, and nothing open to you ranks above it.",
}


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
    facts = _facts(case, standpoint)
    usable = [code for code in dict.fromkeys(codes) if _has_facts(code, facts)] or ["open"]
    return tuple(
        Reason(code=code, text=TEMPLATES[code].format(**facts)) for code in usable[:MOST_REASONS]
    )


def _states(case: Case, standpoint: Standpoint) -> tuple[str, ...]:
    if standpoint.tier == 0:
        due = case.arrays.due_at_seconds[standpoint.row]
        return ("overdue",) if due < case.request.now.timestamp() else ("due_soon",)
    if case.eligibility.refresher[standpoint.row]:
        return ("refresher",)
    return ()


def _code_of(term: str, case: Case, standpoint: Standpoint) -> str:
    if term == "gap" and standpoint.closes:
        return "gap_goal" if _is_for_goal(case, _closed_most(standpoint)) else "gap"
    if term == "affinity" and case.scores.is_new[standpoint.row]:
        return "affinity_new"
    if term == "affinity" and case.scores.affinity_basis != "history":
        return f"affinity_{case.scores.affinity_basis}"
    if term == "urgency" and np.isinf(case.arrays.due_at_seconds[standpoint.row]):
        by_rule = case.ruling.required_by[standpoint.row] != NO_RULE
        return "required" if by_rule else "urgency_undated"
    if term == "continuity":
        return _code_of_continuity(case, standpoint.row)
    return term


def _code_of_continuity(case: Case, row: int) -> str:
    if case.arrays.under_way[row]:
        return "continuity_under_way"
    pull = case.journey.released[row]
    if pull == 0:
        return "continuity"
    return "continuity_extra" if pull == OPTIONAL_PULL else "continuity_pathway"


def _pathway_of(case: Case, row: int) -> str | None:
    """Return the title of the first pathway in which the module is an open step."""
    return next(
        (
            standing.index.pathway.title
            for standing in case.journey.pathways
            for step in standing.steps
            if step.state is StepState.OPEN and row in step.index.modules
        ),
        None,
    )


def _facts(case: Case, standpoint: Standpoint) -> dict[str, object]:
    """Collect what the templates may mention; what is not known is left out."""
    row = standpoint.row
    facts: dict[str, object] = {
        "p_success": float(case.scores.p_success[row]),
        "minutes": float(case.index.duration_minutes[row]),
    }
    due = case.arrays.due_at_seconds[row]
    if np.isfinite(due):
        facts["due"] = _day(from_microseconds(int(due * 1e6)))
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
    return facts


def _closed_most(standpoint: Standpoint) -> Closing:
    return max(standpoint.closes, key=lambda closing: closing.expected_mastery - closing.mastery)


def _is_for_goal(case: Case, closing: Closing) -> bool:
    """Tell whether the goal asks for more of the skill than the role."""
    skill = case.index.skill_ids.index_of[closing.skill_id]
    return bool(case.arrays.required.by_goal[skill])


def _goal_role_id(case: Case) -> str | None:
    return case.request.context.goal_role_id or case.arrays.learner.goal_role_id


def _most_faded(case: Case, row: int) -> int | None:
    """Return the required skill of the module that has lost most since it was last shown."""
    pairs = case.index.skills
    skills = pairs.skill[pairs.indptr[row] : pairs.indptr[row + 1]]
    required = skills[case.arrays.target[skills] > 0]
    if not len(required):
        return None
    lost = case.scores.mastery_shown[required] - case.scores.standing.mastery[required]
    return int(required[np.argmax(lost)])


def _has_facts(code: str, facts: Mapping[str, object]) -> bool:
    try:
        TEMPLATES[code].format(**facts)
    except KeyError:
        return False
    return True


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
