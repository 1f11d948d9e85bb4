"""What learners did: interactions, evidence, assignments, outcomes, and one learner's history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from features.domain.catalogue import DEFAULT_PASS_MARK
from features.domain.instants import to_microseconds


class Event(StrEnum):
    """What happened between a learner and a module."""

    REGISTERED = "registered"
    STARTED = "started"
    PROGRESSED = "progressed"
    COMPLETED = "completed"
    PASSED = "passed"
    FAILED = "failed"
    SCORED = "scored"
    ANSWERED = "answered"
    WAIVED = "waived"
    RATED = "rated"
    VIEWED = "viewed"


ALWAYS_DONE = frozenset({Event.PASSED, Event.WAIVED, Event.COMPLETED})
JUDGED = frozenset({Event.PASSED, Event.FAILED, Event.SCORED, Event.ANSWERED, Event.COMPLETED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """An event of a learner on a module. `score` in [0,1] (for `rated`, the rating)."""

    event_id: str
    learner_id: str
    module_id: str
    event: Event
    at: datetime
    score: float | None = None
    success: bool | None = None
    duration_seconds: float | None = None
    attempt: int | None = None
    comment: str | None = None
    recommendation_id: str | None = None


def derive_event_id(
    learner_id: str, module_id: str, event: str, at: datetime, attempt: int | None
) -> str:
    """Return the stable id of an event that came without one: a hash of its five key fields."""
    fields = (learner_id, module_id, str(event), str(to_microseconds(at)), str(attempt or ""))
    return blake2b("\x1f".join(fields).encode(), digest_size=16).hexdigest()


def success_of(
    event: str, success: bool | None, score: float | None, pass_mark: float = DEFAULT_PASS_MARK
) -> bool | None:
    """Tell whether an event was a success, or None where it judges nothing.

    Parameters
    ----------
    event
        An `Event`.
    success
        As reported; it has the last word on judged events.
    score
        In [0,1]; decides against `pass_mark` where `success` is absent.
    pass_mark
        In [0,1].

    Returns
    -------
    bool or None
        None for events that carry no judgement (registered, viewed, rated, a completion without
        score and so on).
    """
    if event not in JUDGED:
        return None
    if success is not None:
        return success
    if event in (Event.PASSED, Event.FAILED):
        return event == Event.PASSED
    return None if score is None else score >= pass_mark


def is_done(event: str, success: bool | None) -> bool:
    """Tell whether an event with this (derived) success makes its module done."""
    return event in ALWAYS_DONE or (event in (Event.SCORED, Event.ANSWERED) and success is True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A direct judgement of a skill; `level` in [0,1]; source: assessment, self, manager, …."""

    learner_id: str
    skill_id: str
    level: float
    source: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """A module a learner owes, with an optional due date."""

    learner_id: str
    module_id: str
    due_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A business result of a learner, such as productivity or errors."""

    learner_id: str
    metric: str
    value: float
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Feedback:
    """What became of one recommended module: shown, followed, dismissed or overridden."""

    recommendation_id: str
    module_id: str
    outcome: str
    at: datetime
    actor: str | None = None
    reason: str | None = None
    chosen_module_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Learner:
    """Who learns: role, goal, needs and free attributes.

    `personalised` is false for who has opted out: they are served by role and popularity.
    """

    learner_id: str
    role_id: str | None = None
    goal_role_id: str | None = None
    department: str | None = None
    location: str | None = None
    hired_at: datetime | None = None
    language: str | None = None
    manager_id: str | None = None
    needs: frozenset[str] = frozenset()
    mentor: bool = False
    personalised: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class LearnerHistory:
    """All that is known of one learner, events in order of time."""

    learner: Learner
    is_known: bool = True
    interactions: tuple[Interaction, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    assignments: tuple[Assignment, ...] = ()
