"""One metric in every arm against the control: effects, intervals, and how far to trust them.

References
----------
Deng, A., Xu, Y., Kohavi, R. & Walker, T. (2013). Improving the sensitivity of online controlled
experiments by utilizing pre-experiment data. WSDM. (CUPED)
Cameron, A. C. & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal
of Human Resources 50. (t instead of normal quantiles with few clusters)
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtrit

from training.experiments.estimates import FEWEST_ROWS, effect_of, effect_of_clusters
from training.experiments.results import ALPHA, Difference, Effect
from training.experiments.rows import Rows, adjust_for_before, stratified_rows
from training.experiments.sequential import AlwaysValid, always_valid
from training.readings.document import Bounds, Change
from training.readings.observed import Flags, Ints, Members
from training.readings.values import Values, rows_before, rows_of


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How arms are compared.

    Attributes
    ----------
    members
        Who is compared.
    n_arms
        With the control.
    planned_n
        Units planned before the start, > 0.
    is_grouped
        Whether groups were assigned.
    """

    members: Members
    n_arms: int
    planned_n: int
    is_grouped: bool

    @property
    def has_phases(self) -> bool:
        """Whether weights changed among the members."""
        return len(np.unique(self.members.phase)) > 1

    def arm_rows(self, values: Values, chosen: Flags) -> list[Rows]:
        """Return the rows of every arm, learners or groups, of the chosen learners.

        Where weights changed they are compared within each phase: see `stratified_rows`.
        """
        return _join(
            [
                [rows_of(values, own, self._unit) for own in arms]
                for arms in self._phases(values, chosen)
            ]
        )

    def arm_rows_before(self, values: Values, before: Values, chosen: Flags) -> list[Rows]:
        """Return rows of before, aligned with those of `arm_rows`; NaN where unknown."""
        return _join(
            [
                [rows_before(before, own, self._unit) for own in arms]
                for arms in self._phases(values, chosen)
            ]
        )

    @property
    def _unit(self) -> Ints | None:
        return self.members.unit if self.is_grouped else None

    def _phases(self, values: Values, chosen: Flags) -> list[list[Flags]]:
        """Return the learners of each arm by phase, without phases in which an arm has too few."""
        known = chosen & values.is_known
        arms = [known & (self.members.arm == arm) for arm in range(self.n_arms)]
        if not self.has_phases:
            return [arms]
        parts = [
            [own & (self.members.phase == number) for own in arms]
            for number in np.unique(self.members.phase).tolist()
        ]
        taking_part = [arm for arm, own in enumerate(arms) if own.any()]
        return [
            part
            for part in parts
            if all(
                len(rows_of(values, part[arm], self._unit)) >= FEWEST_ROWS for arm in taking_part
            )
        ] or [[np.zeros_like(known) for _ in arms]]

    def effect(self, rows: list[Rows], arm: int, plain: Rows | None = None) -> Effect:
        """Compare one arm's rows with the control's; `plain` are the control's before CUPED."""
        compare = effect_of_clusters if self.is_grouped else effect_of
        return compare(rows[0], rows[arm], ALPHA, plain)

    def always_valid(self, difference: Difference, n: int) -> AlwaysValid:
        """Put the always-valid interval around a difference.

        The sequence is normal in the limit; of few learners or groups errors are as much wider as
        Student's t is than the normal distribution.
        """
        if np.isfinite(difference.degrees):
            error = difference.standard_error * widening(difference.degrees)
            difference = replace(difference, standard_error=error)
        return always_valid(difference, n, self.planned_n)

    def change(self, effect: Effect) -> Change:
        """Return an effect with its always-valid interval."""
        valid = self.always_valid(effect.absolute, effect.n)
        return Change(value=effect.absolute.value, low=valid.low, high=valid.high)


def widening(degrees: float) -> float:
    """Return by how much Student's t is wider than the normal distribution."""
    return float(stdtrit(degrees, 1 - ALPHA / 2) / ndtri(1 - ALPHA / 2))


def _join(phases: list[list[Rows]]) -> list[Rows]:
    """Put the rows of phases together, arm by arm; each phase counts as its units do."""
    if len(phases) == 1:
        return phases[0]
    sizes = np.array([sum(map(len, arms)) for arms in phases], dtype=np.float64)
    return [
        stratified_rows(strata, sizes / sizes.sum()) if len(strata[0]) else np.zeros(0)
        for strata in zip(*phases, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """Rows of every arm after CUPED, those before it, and by how much it narrows."""

    rows: list[Rows]
    plain: list[Rows]
    narrowed_by: float


def adjusted_rows(
    comparison: Comparison, values: Values, before: Values | None, chosen: Flags
) -> Adjusted:
    """Return the rows of all arms, adjusted by what was before where that is known."""
    plain = comparison.arm_rows(values, chosen)
    # What was before cannot be aligned with an arm that has nobody yet.
    if before is None or any(len(rows) == 0 for rows in plain):
        return Adjusted(rows=plain, plain=plain, narrowed_by=1.0)
    found = adjust_for_before(plain, comparison.arm_rows_before(values, before, chosen))
    narrowed_by = float(np.sqrt(max(1.0 - found.correlation**2, 0.0)))
    return Adjusted(rows=list(found.rows), plain=plain, narrowed_by=narrowed_by)


def bounds_of(interval: Difference | AlwaysValid) -> Bounds:
    """Take the interval of a difference for the document."""
    return Bounds(low=interval.low, high=interval.high, p_value=interval.p_value)


def effect_among(
    comparison: Comparison, values: Values, before: Values | None, chosen: Flags, arm: int
) -> Effect:
    """Compare one arm with the control among some learners.

    Raises
    ------
    CannotTellError
        They are too few, or too much alike.
    """
    adjusted = adjusted_rows(comparison, values, before, chosen)
    return comparison.effect(adjusted.rows, arm, adjusted.plain[0])
