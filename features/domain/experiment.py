"""Experiments: variants of a component, who met them, and what they led to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from features.domain.catalogue import Pathway, Policy, Rule

LEARNER = "learner"

# Business results come as rows of the table `outcomes`: `outcome:` and the row's `metric`.
OUTCOME_METRIC = "outcome:"
METRIC_IDS = (
    "completion_rate",
    "assessment_score",
    "skill_gain",
    "time_to_competency",
    "retained_mastery",
    "abandonment",
    "follow_rate",
    "minutes",
    "optional_content",
)

WHOLE_RANGE = (0.0, 1.0)
# What may change once an experiment has started.
THAWED = frozenset({"coverage", "weights"})


class MetricRole(StrEnum):
    """What a metric is for: to be moved, or not to be harmed."""

    GOAL = "goal"
    GUARDRAIL = "guardrail"


class Component(StrEnum):
    """What a variant changes."""

    POLICY = "policy_id"
    SNAPSHOT = "snapshot"
    PATHWAY = "pathway_id"
    RULES = "rules"


class ExperimentState(StrEnum):
    """Where an experiment stands at an instant."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricSpec:
    """A metric that was chosen before the start.

    Attributes
    ----------
    metric_id
        One of `METRIC_IDS`, or `OUTCOME_METRIC` and the name of a business result.
    role
        Goal or guardrail.
    margin
        Of a guardrail: how much worse is still borne, ≥ 0, in the metric's unit.
    window_days
        How long after the first exposure a learner's outcome counts; > 0, None for the metric's
        own window.
    higher_is_better
        Which way is good, where that is not as the metric is defined: fewer errors, less time.
    """

    metric_id: str
    role: MetricRole
    margin: float | None = None
    window_days: float | None = None
    higher_is_better: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """What a variant's component was at the start; later changes do not reach the arm.

    `snapshot` is a version. Of what other arms change and this one does not, it keeps what was
    usual then: `policies` are all that were stored, of which the default and those of pathways
    serve, `snapshot` is the champion, `rules` are those that were active. All else is None.
    """

    policy: Policy | None = None
    policies: tuple[Policy, ...] | None = None
    snapshot: str | None = None
    pathway: Pathway | None = None
    rules: tuple[Rule, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One arm: a weight in [0,1] and the component it changes.

    Attributes
    ----------
    component
        One of `Component` and its value (a list of ids for rules); empty where the arm is served
        as everybody is by default.
    pinned
        What the component stands for since the start.
    """

    variant_id: str
    weight: float
    component: Mapping[str, Any] = field(default_factory=dict)
    pinned: Pinned = field(default_factory=Pinned)

    @property
    def kind(self) -> Component | None:
        """What the arm changes, None where nothing."""
        return next((Component(name) for name in self.component), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverageChange:
    """From `at` on this share of the units is enrolled."""

    coverage: float
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A stretch of an experiment in which the weights stay.

    Attributes
    ----------
    number
        From 1.
    weights
        By variant id, summing to 1.
    started_at
        Aware UTC.
    coverages
        The coverage at the start of the phase, and every change of it since.
    """

    number: int
    weights: Mapping[str, float]
    started_at: datetime
    coverages: tuple[CoverageChange, ...]

    @property
    def coverage(self) -> float:
        """The share of units enrolled now."""
        return self.coverages[-1].coverage


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """A comparison of variants over units, with its hypothesis and planned size.

    Attributes
    ----------
    unit
        "learner", or the learner attribute whose values are assigned as groups.
    variants
        The first is the control.
    coverage
        The share of units enrolled, in [0,1].
    namespace, namespace_range
        Experiments of one namespace with disjoint ranges never share a unit.
    eligible
        CEL on learner attributes; everyone where None.
    planned_n
        Units that are to be enrolled in all.
    preview
        Learner id → the variant they are served, outside the analysis.
    starts_at, ends_at
        Nobody is served a variant outside of them; open where None.
    phases
        One since the start, one more for every change of the weights.
    """

    experiment_id: str
    hypothesis: str
    variants: tuple[Variant, ...]
    unit: str = LEARNER
    coverage: float = 1.0
    namespace: str | None = None
    namespace_range: tuple[float, float] = WHOLE_RANGE
    eligible: str | None = None
    metrics: tuple[MetricSpec, ...] = ()
    planned_n: int | None = None
    preview: Mapping[str, str] = field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    phases: tuple[Phase, ...] = ()

    @property
    def control(self) -> Variant:
        """The arm that the others are compared with."""
        return self.variants[0]

    @property
    def kinds(self) -> frozenset[Component]:
        """The components that the experiment owns for its learners."""
        return frozenset(kind for each in self.variants if (kind := each.kind) is not None)

    @property
    def snapshots(self) -> frozenset[str]:
        """The versions of snapshots that the variants were pinned to."""
        pinned = (each.pinned.snapshot for each in self.variants)
        return frozenset(version for version in pinned if version is not None)

    def variant(self, variant_id: str) -> Variant:
        """Return one of the variants; KeyError."""
        return {each.variant_id: each for each in self.variants}[variant_id]

    def state(self, now: datetime) -> ExperimentState:
        """Tell where the experiment stands at `now`, aware UTC."""
        if self.stopped_at is not None:
            return ExperimentState.STOPPED
        if self.started_at is None:
            return ExperimentState.DRAFT
        if self.starts_at is not None and now < self.starts_at:
            return ExperimentState.SCHEDULED
        if self.ends_at is not None and now >= self.ends_at:
            return ExperimentState.ENDED
        return ExperimentState.RUNNING


@dataclass(frozen=True, kw_only=True, slots=True)
class Enrolment:
    """A learner's variant, kept from their first exposure on.

    Attributes
    ----------
    unit_id
        The learner, or the value of the unit's attribute when they were enrolled.
    phase
        The number of the phase whose weights assigned the unit.
    at
        Of the first exposure, aware UTC.
    """

    experiment_id: str
    learner_id: str
    unit_id: str
    variant_id: str
    phase: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """A recorded answer in which a variant's component was consulted.

    `unit_id` is the learner's unit at that time; where it is another than that of the enrolment,
    the learner has moved to another group and kept the variant.
    """

    experiment_id: str
    variant_id: str
    learner_id: str
    unit_id: str
    recommendation_id: str
    at: datetime
