"""The answer: a slate of modules with contributions, reasons and propensities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from features.domain.history import Assignment, LearnerHistory


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why, as a stable code and words made from the figures."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What a module is expected to do to one skill; all three are levels in [0,1]."""

    skill_id: str
    mastery: float
    expected_mastery: float
    target: float


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendedModule:
    """One place of the slate. `contributions` sum to `score`."""

    module_id: str
    title: str
    rank: int
    tier: int
    score: float
    propensity: float
    p_success: float
    contributions: Mapping[str, float]
    closes: tuple[Closing, ...]
    unlocks: tuple[str, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld:
    """A module that would rank high but is locked, and what would open it.

    `needs` are ids of modules to be done and of skills to be reached, all of them; where they are
    not enough, `when` is a condition that must hold as well, and `opens_at` the day to wait for.
    """

    module_id: str
    code: str
    text: str
    needs: tuple[str, ...]
    when: str | None = None
    opens_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """The best eligible modules as they stood when the slate was drawn, column by column.

    All columns have one entry a module, best first; `p_first` is the probability of leading the
    slate; `terms` and `ready` give back every score under any weights.
    """

    module_ids: tuple[str, ...] = ()
    tier: tuple[int, ...] = ()
    score: tuple[float, ...] = ()
    p_first: tuple[float, ...] = ()
    p_success: tuple[float, ...] = ()
    ready: tuple[float, ...] = ()
    terms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestContext:
    """What the asker adds: time at hand, formats, a goal for now, modules to leave out.

    `language` is that of the words, the learner's own where None.
    """

    limit: int = 1
    available_minutes: float | None = None
    formats: frozenset[str] = frozenset()
    goal_role_id: str | None = None
    exclude: frozenset[str] = frozenset()
    language: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recommendation:
    """A slate for one learner at one instant, and everything needed to account for it.

    `rules` are the ids of those that held; `assignments` are new ones that they call for;
    `remarks` tell what of the request could not be followed.
    """

    learner_id: str
    served_at: datetime
    snapshot_version: str | None
    policy_id: str
    policy_version: str
    items: tuple[RecommendedModule, ...]
    withheld: tuple[Withheld, ...] = ()
    candidates: Candidates = field(default_factory=Candidates)
    degraded: str | None = None
    rules: tuple[str, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    remarks: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRequest:
    """What is asked: whose history, under which circumstances, as at which instant."""

    history: LearnerHistory
    context: RequestContext
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillStanding:
    """Where a learner stands in one skill; levels in [0,1].

    `target`, `gap`, `p_gap` (the probability that the true level is under the target) and
    `asked_by` ("role" or "goal", whichever sets the target) are None where nothing is asked.
    """

    skill_id: str
    name: str
    mastery: float
    standard_error: float
    n_evidence: int
    target: float | None
    gap: float | None
    p_gap: float | None
    asked_by: str | None
    last_evidence_at: datetime | None
