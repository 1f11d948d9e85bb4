"""What a condition may speak of: the learner, their tenure, what they showed, and the calendar."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from features.decide.conditions import Mentions
from features.domain.history import Learner, LearnerHistory
from features.domain.instants import SECONDS_PER_DAY
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.score.scores import Scores

MONTHS_IN_QUARTER = 3
DECEMBER = 12

_KNOWN: Mapping[str, Callable[[Learner], Any]] = {
    "learner_id": lambda learner: learner.learner_id,
    "role_id": lambda learner: learner.role_id,
    "goal_role_id": lambda learner: learner.goal_role_id,
    "department": lambda learner: learner.department,
    "location": lambda learner: learner.location,
    "hired_at": lambda learner: learner.hired_at,
    "language": lambda learner: learner.language,
    "manager_id": lambda learner: learner.manager_id,
    "needs": lambda learner: sorted(learner.needs),
    "mentor": lambda learner: learner.mentor,
}

# What is known of a learner without their history; `learner` has these and every attribute.
PROFILE_FACTS = frozenset({*_KNOWN, "tenure_days"})


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom a condition is about, at which instant; without scores no mastery is known."""

    history: LearnerHistory
    now: datetime
    index: CatalogueIndex
    arrays: LearnerArrays
    scores: Scores | None = None


def facts_of(subject: Subject, asked: Mentions) -> dict[str, Any]:
    """Return the facts that conditions speak of; facts nobody asks for cost nothing.

    Parameters
    ----------
    subject
        Learner and instant.
    asked
        What the conditions mention.

    Returns
    -------
    dict
        - `learner`: the profile's fields that are known, and every attribute;
        - `tenure_days`: whole and part days since `hired_at`; absent where that is not known;
        - `now`, an instant, and `calendar` (`year`, `quarter`, `month`, `week`, `day`, `weekday`
          from 1 for Monday, `day_of_quarter` from 1, `days_left_in_quarter`), both in UTC;
        - `done`: ids of the modules done; `scores`: best score by module id;
        - `evidence`: level of the latest direct judgement by skill id;
        - `mastery`: level by skill id, as the models estimate it, and `sure_mastery`: that less
          its standard error, reached with a probability of .84; of all of these no other entries
          than are looked at;
        - any other name is an attribute of the learner, absent where it is not known.
    """
    learner = subject.history.learner
    makers: Mapping[str, Callable[[], Any]] = {
        "learner": lambda: _profile(learner, asked.keys.get("learner")),
        "tenure_days": lambda: _tenure_days(learner, subject.now),
        "now": lambda: subject.now,
        "calendar": lambda: _among(_calendar(subject.now.date()), asked.keys.get("calendar")),
        "done": lambda: _done(subject, asked.keys.get("done")),
        "scores": lambda: _among(_scores(subject), asked.keys.get("scores")),
        "evidence": lambda: _among(_evidence(subject), asked.keys.get("evidence")),
        "mastery": lambda: _mastery(subject, asked.keys.get("mastery"), 0.0),
        "sure_mastery": lambda: _mastery(subject, asked.keys.get("sure_mastery"), 1.0),
    }
    made = {
        name: makers[name]() if name in makers else fact_of(learner, name) for name in asked.names
    }
    return {name: fact for name, fact in made.items() if fact is not None}


def profile_facts(learner: Learner, now: datetime, asked: Mentions) -> dict[str, Any]:
    """Return the `PROFILE_FACTS` asked for as far as they are known, and `learner`."""
    made = {name: fact_of(learner, name) for name in asked.names}
    if "tenure_days" in asked.names:
        made["tenure_days"] = _tenure_days(learner, now)
    if "learner" in asked.names:
        made["learner"] = _profile(learner, asked.keys.get("learner"))
    return {name: fact for name, fact in made.items() if fact is not None}


def fact_of(learner: Learner, name: str) -> Any:
    """Return one entry of a learner's profile, None where it is not known."""
    known = _KNOWN[name](learner) if name in _KNOWN else None
    return learner.attributes.get(name) if known is None else known


def _profile(learner: Learner, asked: frozenset[str] | None) -> dict[str, Any]:
    """Return what is known of the learner; a field Waymark knows wins over a like attribute."""
    names = {*_KNOWN, *learner.attributes} if asked is None else asked
    return {name: fact for name in names if (fact := fact_of(learner, name)) is not None}


def _tenure_days(learner: Learner, now: datetime) -> float | None:
    if learner.hired_at is None:
        return None
    return (now - learner.hired_at).total_seconds() / SECONDS_PER_DAY


@lru_cache(maxsize=16)
def _calendar(today: date) -> Mapping[str, int]:
    first_month = today.month - (today.month - 1) % MONTHS_IN_QUARTER
    first = date(today.year, first_month, 1)
    after = first_month + MONTHS_IN_QUARTER
    begins_next = date(today.year + after // (DECEMBER + 1), (after - 1) % DECEMBER + 1, 1)
    return {
        "year": today.year,
        "quarter": (today.month - 1) // MONTHS_IN_QUARTER + 1,
        "month": today.month,
        "week": today.isocalendar().week,
        "day": today.day,
        "weekday": today.isoweekday(),
        "day_of_quarter": (today - first).days + 1,
        "days_left_in_quarter": (begins_next - today).days - 1,
    }


def _done(subject: Subject, asked: frozenset[str] | None) -> list[str]:
    module_ids, done = subject.index.module_ids, subject.arrays.done
    if asked is None:
        return [module_ids.ids[row] for row in done.nonzero()[0].tolist()]
    rows = {module_id: module_ids.index_of.get(module_id) for module_id in sorted(asked)}
    return [module_id for module_id, row in rows.items() if row is not None and done[row]]


def _among[T](values: Mapping[str, T], asked: frozenset[str] | None) -> dict[str, T]:
    if asked is None:
        return dict(values)
    return {key: values[key] for key in asked if key in values}


def _evidence(subject: Subject) -> dict[str, float]:
    return {judgement.skill_id: judgement.level for judgement in subject.history.evidence}


def _scores(subject: Subject) -> dict[str, float]:
    best: dict[str, float] = {}
    for interaction in subject.history.interactions:
        if interaction.score is not None and interaction.event != "rated":
            module_id = interaction.module_id
            best[module_id] = max(best.get(module_id, 0.0), interaction.score)
    return best


def _mastery(
    subject: Subject, asked: frozenset[str] | None, less: float
) -> dict[str, float] | None:
    """Return mastery less some of its standard errors."""
    if subject.scores is None:
        return None
    standing, skill_ids = subject.scores.standing, subject.index.skill_ids
    if asked is None:
        levels = np.maximum(standing.mastery - less * standing.standard_error, 0.0)
        return dict(zip(skill_ids.ids, levels.tolist(), strict=True))
    rows = {skill_id: skill_ids.index_of.get(skill_id) for skill_id in asked}
    return {
        skill_id: max(float(standing.mastery[row] - less * standing.standard_error[row]), 0.0)
        for skill_id, row in rows.items()
        if row is not None
    }
