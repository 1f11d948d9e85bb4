"""Experiments as they are answered; `features.experiment_form` has what comes in."""

from typing import Any

from pydantic import Field

from service.schemas.fields import InstantOut, View


class VariantView(View):
    """One arm, and what it changes."""

    variant_id: str
    weight: float
    policy_id: str | None
    snapshot: str | None
    pathway_id: str | None
    rules: list[str] | None
    pinned: dict[str, Any] = Field(description="What it stood for at the start, and serves since.")


class MetricView(View):
    """A metric chosen beforehand."""

    metric_id: str
    role: str
    margin: float | None
    window_days: float | None
    higher_is_better: bool | None


class CoverageView(View):
    """The share of units enrolled since an instant."""

    coverage: float
    at: InstantOut


class PhaseView(View):
    """A stretch in which the weights stayed."""

    number: int
    weights: dict[str, float]
    started_at: InstantOut
    coverages: list[CoverageView]


class ExperimentView(View):
    """An experiment as it stands."""

    experiment_id: str
    state: str = Field(description="draft, scheduled, running, ended or stopped.")
    hypothesis: str
    unit: str
    variants: list[VariantView]
    coverage: float
    namespace: str | None
    namespace_range: list[float]
    eligible: str | None
    metrics: list[MetricView]
    planned_n: int | None
    preview: dict[str, str]
    starts_at: InstantOut | None
    ends_at: InstantOut | None
    started_at: InstantOut | None
    stopped_at: InstantOut | None
    phases: list[PhaseView]


class ExperimentDetailView(ExperimentView):
    """An experiment, and how many learners are enrolled."""

    enrolled: dict[str, int] = Field(description="Learners by variant, from the first exposure on.")
