"""A learner's journey: where they stand on their pathways."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneStep:
    """A step behind the learner; nothing of `module_id` and `done_at` where it was passed over."""

    step_id: str
    state: str
    module_id: str | None
    done_at: datetime | None
    waived: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NextStep:
    """A step that is open now, with its modules in the order described."""

    step_id: str
    module_ids: tuple[str, ...]
    optional: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedStep:
    """A step that is not open: the steps it needs, the condition it waits for, and words."""

    step_id: str
    module_ids: tuple[str, ...]
    needs: tuple[str, ...]
    when: str | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneStanding:
    """A milestone, and when it was earned (None: not yet)."""

    step_id: str
    badge: str
    title: str
    earned_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Projection:
    """Days from now until the rest is done: median, and the bounds of an 80 % interval."""

    median_days: float
    low_days: float
    high_days: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PathwayProgress:
    """A learner on one pathway; the counts are of core steps (not optional, not for others)."""

    pathway_id: str
    title: str
    version: str
    goal: Mapping[str, object]
    entered_at: tuple[str, ...]
    n_core: int
    n_core_done: int
    is_complete: bool
    done: tuple[DoneStep, ...]
    next: tuple[NextStep, ...]
    locked: tuple[LockedStep, ...]
    milestones: tuple[MilestoneStanding, ...]
    projected: Projection
