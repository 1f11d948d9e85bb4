"""Experiments: variants of a component, who met them, and what they led to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One arm: a weight in [0,1] and the component it changes."""

    variant_id: str
    weight: float
    component: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """A comparison of variants over units, with its hypothesis and planned size."""

    experiment_id: str
    hypothesis: str
    variants: tuple[Variant, ...]
    unit: str = "learner"
    coverage: float = 1.0
    namespace: str | None = None
    eligible: str | None = None
    planned_n: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Exposure:
    """A recorded answer in which a variant's component was consulted."""

    experiment_id: str
    variant_id: str
    unit_id: str
    recommendation_id: str
    at: datetime
