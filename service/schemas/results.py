"""Results of an experiment as they are answered."""

from pydantic import Field

from service.schemas.fields import InstantOut, View


class BoundsView(View):
    """An interval and its p-value."""

    low: float
    high: float
    p_value: float


class ChangeView(View):
    """A difference with its always-valid interval."""

    value: float
    low: float
    high: float


class MomentView(View):
    """The effect as it was on a day past."""

    at: InstantOut
    n: int
    value: float
    low: float
    high: float


class NoveltyView(View):
    """The effect in both halves of the window; a low p-value says that it changed."""

    first_half: ChangeView
    second_half: ChangeView
    p_value: float


class SliceView(View):
    """The effect among learners of one value of an attribute."""

    attribute: str
    value: str
    n: int
    effect: ChangeView
    p_adjusted: float = Field(description="By Holm over the slices of this metric and arm.")


class ArmMeanView(View):
    """A metric in one arm."""

    variant_id: str
    n: int = Field(description="Learners that count: their window has passed.")
    n_immature: int = Field(description="Learners whose window has not passed.")
    n_unknown: int = Field(description="Mature ones of whom nothing is known.")
    mean: float | None


class ArmEffectView(View):
    """A metric in one arm against the control."""

    variant_id: str
    reason: str | None = Field(description="Why it cannot be told yet; null where it can.")
    n: int | None = Field(description="Units of both arms: learners, or groups.")
    value: float | None = Field(description="Treatment − control, in the metric's unit.")
    fixed: BoundsView | None = Field(description="95 %: right at one planned look only.")
    always_valid: BoundsView | None = Field(description="95 %: right at every look.")
    p_adjusted: float | None = Field(description="Always valid, by Holm over goals × arms.")
    relative: ChangeView | None = Field(description="As a share of the control's plain mean.")
    narrowed_by: float | None = Field(description="Width after CUPED ÷ width before.")
    direction: str = Field(description="better, worse or unclear.")
    guardrail: str | None = Field(description="held, broken or unknown, of guardrails.")
    log_rank_p: float | None
    over_time: list[MomentView]
    novelty: NoveltyView | None
    slices: list[SliceView]


class MetricResultView(View):
    """One metric, by arm and against the control."""

    metric_id: str
    title: str
    unit: str
    role: str
    window_days: float
    mature_after_days: float
    margin: float | None
    higher_is_better: bool
    arms: list[ArmMeanView]
    effects: list[ArmEffectView]


class ArmRatioView(View):
    """The size of an arm, and the size its weights promise."""

    variant_id: str
    n: int
    expected: float


class RatioCheckView(View):
    """Whether arms are as large as their weights say (χ² over the periods of weights)."""

    arms: list[ArmRatioView]
    n_periods: int
    p_value: float | None
    is_mismatch: bool = Field(description="p < .001: no effect may be believed.")
    reason: str | None


class BalanceCheckView(View):
    """Whether an arm was like the control before the experiment."""

    metric_id: str
    variant_id: str
    standardised: float
    p_value: float
    is_alarming: bool
    n_unknown: int


class ContaminationView(View):
    """Learners who changed group; they count in their first one."""

    n_learners: int
    n_exposures: int


class ChecksView(View):
    """What must be in order before any effect may be believed."""

    sample_ratio: RatioCheckView
    balance: list[BalanceCheckView]
    contamination: ContaminationView


class FunnelArmView(View):
    """From enrolment to outcomes that are in."""

    variant_id: str
    n_enrolled: int
    n_exposed: int
    n_triggered: int | None = Field(
        description="For whom another arm would most probably have led with another module."
    )
    n_mature: int


class FunnelView(View):
    """Who could take part, and how far they got."""

    n_eligible: int
    arms: list[FunnelArmView]
    triggered_of: int = Field(description="How many answers triggering rests on.")
    triggering_note: str | None


class DecisionView(View):
    """What to do, and why."""

    verdict: str = Field(description="ship, stop, keep_running or invalid.")
    variant_id: str | None
    text: str


class ResultsView(View):
    """What an experiment has led to so far."""

    experiment_id: str
    hypothesis: str
    unit: str
    state: str
    status: str = Field(description="told, or cannot_tell_yet.")
    started_at: InstantOut
    stopped_at: InstantOut | None
    read_at: InstantOut
    planned_n: int
    control: str
    decision: DecisionView
    checks: ChecksView
    funnel: FunnelView
    metrics: list[MetricResultView]
