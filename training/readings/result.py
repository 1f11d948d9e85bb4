"""One metric of an experiment, read in every way the document has."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.domain.errors import CannotTellError
from features.domain.experiment import Experiment, MetricRole, MetricSpec
from features.domain.instants import from_microseconds, to_microseconds
from training.experiments.margins import non_inferiority
from training.experiments.results import Difference, Effect
from training.holm import holm
from training.readings.compare import (
    Adjusted,
    Comparison,
    adjusted_rows,
    bounds_of,
    effect_among,
)
from training.readings.document import (
    ArmEffect,
    ArmMean,
    Change,
    MetricResult,
    Moment,
    Novelty,
    Slice,
)
from training.readings.levels import waits_to_competency
from training.readings.metrics import Metric, metric_for
from training.readings.observed import DAY, Flags, Observed
from training.readings.values import Values, Window

MOMENTS = 12
LEAST_IN_SLICE = 50  # units of each arm


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A metric of an experiment, measured.

    Attributes
    ----------
    spec, metric
        As the experiment names it, and what it is.
    window
        The days that count.
    values, before
        By learner; `before` foretells, None where nothing does.
    mature_at
        int64, microseconds: when each learner's outcome is in.
    is_mature
        bool: whose is.
    """

    spec: MetricSpec
    metric: Metric
    window: Window
    values: Values
    before: Values | None
    mature_at: np.ndarray[tuple[int], np.dtype[np.int64]]
    is_mature: Flags

    @property
    def mature_after_days(self) -> float:
        """Days from the first exposure until an outcome is in."""
        return self.window.last + self.metric.added_days

    @property
    def counts(self) -> Flags:
        """Whose outcomes count: mature, and something is known."""
        return self.is_mature & self.values.is_known

    def within(self, observed: Observed, first: float, last: float) -> Values:
        """Measure the same in another window."""
        return self.metric.measure(observed, Window(first=first, last=last))


def measure(spec: MetricSpec, observed: Observed, now: datetime) -> Measured:
    """Measure a metric of an experiment for all its learners, as at `now`."""
    metric = metric_for(spec)
    window = Window(first=0.0, last=spec.window_days or metric.window_days)
    mature_at = observed.members.start + round((window.last + metric.added_days) * DAY)
    return Measured(
        spec=spec,
        metric=metric,
        window=window,
        values=metric.measure(observed, window),
        before=None if metric.before is None else metric.before(observed, window),
        mature_at=mature_at,
        is_mature=mature_at <= to_microseconds(now),
    )


def read_metric(
    measured: Measured,
    observed: Observed,
    comparison: Comparison,
    experiment: Experiment,
    now: datetime,
) -> MetricResult:
    """Read one metric: every arm, and every arm against the control.

    Parameters
    ----------
    measured
        The metric.
    observed
        What it was made of.
    comparison
        How arms are compared.
    experiment
        Names the arms.
    now
        Aware UTC; outcomes that are not mature by then do not count.
    """
    reader = _Reader(measured=measured, observed=observed, comparison=comparison, now=now)
    names = [each.variant_id for each in experiment.variants]
    spec, metric = measured.spec, measured.metric
    return MetricResult(
        metric_id=metric.metric_id,
        title=metric.title,
        unit=metric.unit,
        role=str(spec.role),
        window_days=measured.window.last,
        mature_after_days=measured.mature_after_days,
        margin=spec.margin,
        higher_is_better=metric.higher_is_better,
        arms=tuple(reader.arm_mean(name, arm) for arm, name in enumerate(names)),
        effects=tuple(reader.against_control(name, arm) for arm, name in enumerate(names) if arm),
    )


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """Reads one metric."""

    measured: Measured
    observed: Observed
    comparison: Comparison
    now: datetime

    def arm_mean(self, name: str, arm: int) -> ArmMean:
        own = self.comparison.members.arm == arm
        counts = own & self.measured.counts
        is_mature = own & self.measured.is_mature
        return ArmMean(
            variant_id=name,
            n=int(counts.sum()),
            n_immature=int((own & ~self.measured.is_mature).sum()),
            n_unknown=int((is_mature & ~self.measured.values.is_known).sum()),
            mean=self.measured.values.mean(counts),
        )

    def against_control(self, name: str, arm: int) -> ArmEffect:
        try:
            told = self._times(name, arm) if self._is_censored else self._effect(name, arm)
        except CannotTellError as reason:
            return ArmEffect(variant_id=name, reason=reason.detail)
        return replace(
            told,
            over_time=tuple(self._over_time(arm)),
            novelty=self._novelty(arm),
            slices=tuple(self._slices(arm)),
        )

    @property
    def _is_censored(self) -> bool:
        """Times are read before they end, but those of groups or phases only where mature."""
        comparison = self.comparison
        return self.measured.metric.is_time and not (comparison.is_grouped or comparison.has_phases)

    def _effect(self, name: str, arm: int) -> ArmEffect:
        measured, comparison = self.measured, self.comparison
        adjusted = adjusted_rows(comparison, measured.values, measured.before, measured.counts)
        effect = comparison.effect(adjusted.rows, arm, adjusted.plain[0])
        told = self._told(name, effect.absolute, effect.n)
        return replace(
            told, relative=self._relative(effect), narrowed_by=_narrowed_by(adjusted, measured)
        )

    def _times(self, name: str, arm: int) -> ArmEffect:
        # scipy's log-rank test takes a second to load: only those who read times wait for it.
        from training.experiments.survival import Times, compare_times  # noqa: PLC0415

        waits = waits_to_competency(self.observed)
        horizon = self.measured.window.last
        seen = (to_microseconds(self.now) - self.comparison.members.start) / DAY
        ends = np.minimum(np.minimum(seen, waits.days), horizon)
        arms = [
            Times(days=ends[own], happened=(waits.days <= ends)[own])
            for place in (0, arm)
            for own in [waits.is_known & (self.comparison.members.arm == place) & (seen > 0.0)]
        ]
        found = compare_times(arms[0], arms[1], horizon)
        told = self._told(name, found.difference, found.n_control + found.n_treatment)
        return replace(told, log_rank_p=found.log_rank_p)

    def _told(self, name: str, difference: Difference, n: int) -> ArmEffect:
        valid = self.comparison.always_valid(difference, n)
        guardrail = None
        if self.measured.spec.role is MetricRole.GUARDRAIL:
            guardrail = non_inferiority(
                difference,
                self.measured.spec.margin or 0.0,
                higher_is_better=self.measured.metric.higher_is_better,
                interval=(valid.low, valid.high),
            ).verdict.value
        return ArmEffect(
            variant_id=name,
            reason=None,
            n=n,
            value=difference.value,
            fixed=bounds_of(difference),
            always_valid=bounds_of(valid),
            guardrail=guardrail,
        )

    def _relative(self, effect: Effect) -> Change | None:
        if effect.relative is None:
            return None
        valid = self.comparison.always_valid(effect.relative, effect.n)
        return Change(value=effect.relative.value, low=valid.low, high=valid.high)

    def _over_time(self, arm: int) -> Iterator[Moment]:
        """Read again as on days past, from when the first outcomes were in until now."""
        first = int(self.measured.mature_at.min())
        last = min(to_microseconds(self.now), int(self.measured.mature_at.max()))
        for at in np.linspace(first, last, MOMENTS + 1).astype(np.int64)[1:].tolist():
            chosen = self.measured.values.is_known & (self.measured.mature_at <= at)
            with suppress(CannotTellError):
                effect = self._among(chosen, arm)
                change = self.comparison.change(effect)
                yield Moment(
                    at=from_microseconds(at),
                    n=effect.n,
                    value=change.value,
                    low=change.low,
                    high=change.high,
                )

    def _novelty(self, arm: int) -> Novelty | None:
        """Compare the effect in both halves of the window, and test how it changed."""
        measured = self.measured
        if not measured.metric.can_be_halved:
            return None
        half = measured.window.last / 2.0
        halves = [measured.within(self.observed, first, first + half) for first in (0.0, half)]
        chosen = measured.is_mature & halves[0].is_known & halves[1].is_known
        with suppress(CannotTellError):
            rows = [self.comparison.arm_rows(each, chosen) for each in halves]
            effects = [self.comparison.effect(each, arm) for each in rows]
            changed = self.comparison.effect([b - a for a, b in zip(*rows, strict=True)], arm)
            first, second = (self.comparison.change(each) for each in effects)
            return Novelty(first_half=first, second_half=second, p_value=changed.absolute.p_value)
        return None

    def _slices(self, arm: int) -> list[Slice]:
        """Read the effect among learners alike, where there are enough of them in both arms."""
        found = []
        for attribute, of_learner in self.observed.attributes.items():
            for value in np.unique(of_learner[of_learner != ""]).tolist():
                chosen = self.measured.counts & (of_learner == value)
                if chosen.sum() == self.measured.counts.sum():
                    continue  # everybody is no slice
                with suppress(CannotTellError):
                    effect = self._among(chosen, arm)
                    if min(effect.n_control, effect.n_treatment) >= LEAST_IN_SLICE:
                        found.append((attribute, value, effect))
        if not found:
            return []
        valid = [self.comparison.always_valid(each.absolute, each.n) for _, _, each in found]
        adjusted = holm(np.array([each.p_value for each in valid])).tolist()
        return [
            Slice(
                attribute=attribute,
                value=value,
                n=effect.n,
                effect=self.comparison.change(effect),
                p_adjusted=p_adjusted,
            )
            for (attribute, value, effect), p_adjusted in zip(found, adjusted, strict=True)
        ]

    def _among(self, chosen: Flags, arm: int) -> Effect:
        measured = self.measured
        return effect_among(self.comparison, measured.values, measured.before, chosen, arm)


def _narrowed_by(adjusted: Adjusted, measured: Measured) -> float | None:
    return None if measured.before is None else adjusted.narrowed_by
