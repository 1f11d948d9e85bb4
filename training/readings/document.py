"""The results document: what is read of an experiment, ready for JSON."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Whether anything can be told of the metrics."""

    TOLD = "told"
    CANNOT_TELL_YET = "cannot_tell_yet"


class Verdict(StrEnum):
    """What to do."""

    SHIP = "ship"
    STOP = "stop"
    KEEP_RUNNING = "keep_running"
    INVALID = "invalid"


class Direction(StrEnum):
    """Which way a metric moved for certain."""

    BETTER = "better"
    WORSE = "worse"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """An interval and the p-value against no difference."""

    low: float
    high: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """A difference between an arm and the control, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The effect as it was on a day, with the always-valid interval; n units of both arms."""

    at: datetime
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """The effect in both halves of the window; a low p-value says that it changed."""

    first_half: Change
    second_half: Change
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The effect among the learners of one value of an attribute; p by Holm over the slices."""

    attribute: str
    value: str
    n: int
    effect: Change
    p_adjusted: float


@dataclass(frozen=True, kw_only=True)
class ArmMean:
    """A metric in one arm.

    Attributes
    ----------
    n
        Learners that count: mature, and something is known of them.
    n_immature
        Learners whose window has not passed.
    n_unknown
        Mature ones of whom nothing is known, such as those nobody judged.
    mean
        None where nobody counts.
    """

    variant_id: str
    n: int
    n_immature: int
    n_unknown: int
    mean: float | None


@dataclass(frozen=True, kw_only=True)
class ArmEffect:
    """A metric in one arm against the control; absent numbers cannot be told, for `reason`.

    Attributes
    ----------
    n
        Units of both arms: learners, or groups.
    value
        Treatment − control, adjusted by what was before where that is known.
    fixed
        Right at one planned look only.
    always_valid
        Right at every look; decisions rest on it.
    p_adjusted
        Always valid, by Holm over goals × arms; None for guardrails.
    relative
        value ÷ the control's plain mean, with the always-valid interval.
    narrowed_by
        Width after CUPED ÷ width before.
    guardrail
        held, broken or unknown, for guardrails.
    log_rank_p
        Of times.
    """

    variant_id: str
    reason: str | None
    n: int | None = None
    value: float | None = None
    fixed: Bounds | None = None
    always_valid: Bounds | None = None
    p_adjusted: float | None = None
    relative: Change | None = None
    narrowed_by: float | None = None
    direction: Direction = Direction.UNCLEAR
    guardrail: str | None = None
    log_rank_p: float | None = None
    over_time: tuple[Moment, ...] = ()
    novelty: Novelty | None = None
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MetricResult:
    """One metric of the experiment, by arm and against the control."""

    metric_id: str
    title: str
    unit: str
    role: str
    window_days: float
    mature_after_days: float
    margin: float | None
    higher_is_better: bool
    arms: tuple[ArmMean, ...]
    effects: tuple[ArmEffect, ...]


@dataclass(frozen=True, kw_only=True)
class ArmRatio:
    """How many units an arm has, and how many its weights promise."""

    variant_id: str
    n: int
    expected: float


@dataclass(frozen=True, kw_only=True)
class RatioCheck:
    """Whether arms are as large as their weights say; χ² over the periods of weights."""

    arms: tuple[ArmRatio, ...]
    n_periods: int
    p_value: float | None
    is_mismatch: bool
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class BalanceCheck:
    """Whether an arm was like the control before the experiment, in one metric."""

    metric_id: str
    variant_id: str
    standardised: float
    p_value: float
    is_alarming: bool
    n_unknown: int


@dataclass(frozen=True, kw_only=True)
class Contamination:
    """Learners who changed group, and their exposures there; they count in their first group."""

    n_learners: int
    n_exposures: int


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What must be in order before any effect may be believed."""

    sample_ratio: RatioCheck
    balance: tuple[BalanceCheck, ...]
    contamination: Contamination


@dataclass(frozen=True, kw_only=True)
class FunnelArm:
    """From enrolment to an outcome that counts, in learners of one arm.

    `n_triggered` are those for whom another arm would have led with another module, None where the
    log cannot say; `n_mature` those whose longest window has passed.
    """

    variant_id: str
    n_enrolled: int
    n_exposed: int
    n_triggered: int | None
    n_mature: int


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Who could take part, and how far they got.

    `triggered_of` is on how many answers triggering rests, the first of the log where there are
    too many to read.
    """

    n_eligible: int
    arms: tuple[FunnelArm, ...]
    triggered_of: int
    triggering_note: str | None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do and why, for somebody who runs learning and not statistics."""

    verdict: Verdict
    variant_id: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """What is read of an experiment at an instant."""

    experiment_id: str
    hypothesis: str
    unit: str
    state: str
    status: Status
    started_at: datetime
    stopped_at: datetime | None
    read_at: datetime
    planned_n: int
    control: str
    decision: Decision
    checks: Checks
    funnel: Funnel
    metrics: tuple[MetricResult, ...]
