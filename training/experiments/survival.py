"""Times to competency where some are still learning: log-rank, and restricted means with intervals.

Simulated learners are never lost from sight, so that `training.simulation.measures` needs only the
mean of min(T, horizon); the restricted mean here equals it where nobody is censored.

References
----------
Mantel, N. (1966). Evaluation of survival data and two new rank order statistics arising in its
consideration. Cancer Chemotherapy Reports 50. (log-rank, by scipy)
Kaplan, E. L. & Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53.
Royston, P. & Parmar, M. K. B. (2013). Restricted mean survival time: an alternative to the hazard
ratio. BMC Medical Research Methodology 13.
Uno, H. et al. (2014). Moving beyond the hazard ratio in quantifying the between-group difference in
survival analysis. Journal of Clinical Oncology 32. (variance)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.results import ALPHA, Difference, student_difference


@dataclass(frozen=True, kw_only=True)
class Times:
    """Right-censored times of one arm.

    Attributes
    ----------
    days
        float64, (n,), ≥ 0: from exposure until it happened, or until last seen.
    happened
        bool, (n,): False where it had not happened when last seen.
    """

    days: NDArray[np.float64]
    happened: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class RestrictedMean:
    """The mean of min(T, horizon), in days, and its standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True, kw_only=True)
class TimeEffect:
    """How the times of two arms differ.

    Attributes
    ----------
    n_control, n_treatment
        Learners.
    control, treatment
        Restricted means.
    difference
        treatment − control in days, by the normal distribution; less is sooner.
    log_rank_p
        Two-sided, in [0,1].
    """

    n_control: int
    n_treatment: int
    control: RestrictedMean
    treatment: RestrictedMean
    difference: Difference
    log_rank_p: float


def compare_times(
    control: Times, treatment: Times, horizon_days: float, alpha: float = ALPHA
) -> TimeEffect:
    """Compare two arms by restricted means and the log-rank test.

    Parameters
    ----------
    control, treatment
        Times of the arms.
    horizon_days
        Days beyond which times do not count, > 0; fixed beforehand. The log-rank test uses all.
    alpha
        One minus the level of the interval, in (0,1).

    Raises
    ------
    InvalidValueError
        A time is negative or no number, or the horizon is not above 0.
    CannotTellError
        An arm is empty or nobody in it was seen up to the horizon, or nothing has happened in
        either arm before it.
    """
    own, other = restricted_mean(treatment, horizon_days), restricted_mean(control, horizon_days)
    error = float(np.hypot(own.standard_error, other.standard_error))
    if error == 0.0:
        raise CannotTellError("times: nothing happened before the horizon; wait for more")
    tested = stats.logrank(_censored(control), _censored(treatment))
    return TimeEffect(
        n_control=len(control.days),
        n_treatment=len(treatment.days),
        control=other,
        treatment=own,
        difference=student_difference(own.value - other.value, error, float("inf"), alpha),
        log_rank_p=float(tested.pvalue),
    )


def restricted_mean(times: Times, horizon_days: float) -> RestrictedMean:
    """Return the area under the Kaplan–Meier curve up to the horizon.

    Parameters
    ----------
    times
        Of one arm.
    horizon_days
        > 0.

    Returns
    -------
    RestrictedMean
        With variance Σ A²·d/(Y(Y − d)) over the times at which it happened, A the area from there
        to the horizon, d how often, Y how many were still at risk; the last may be left out, since
        no area is beyond it where all are done.

    Raises
    ------
    InvalidValueError
        A time is negative or no number, lengths differ, or the horizon is not above 0.
    CannotTellError
        The arm is empty, or the curve ends, censored, before the horizon.
    """
    _check(times, horizon_days)
    at, at_risk, n_happened = _life_table(times)
    survival = np.cumprod(1.0 - n_happened / at_risk)
    if survival[-1] > 0.0 and at[-1] < horizon_days:
        raise CannotTellError(
            f"times: nobody was seen beyond {at[-1]:g} days, the horizon is {horizon_days:g}; "
            "wait, or choose a nearer one beforehand"
        )
    inside = at < horizon_days
    edges = np.concatenate([[0.0], at[inside], [horizon_days]])
    heights = np.concatenate([[1.0], survival[inside]])
    areas = np.diff(edges) * heights
    beyond = np.cumsum(areas[::-1])[::-1][1:]
    deaths, risk = n_happened[inside], at_risk[inside]
    left = risk - deaths
    terms = np.divide(beyond**2 * deaths, risk * left, out=np.zeros_like(beyond), where=left > 0)
    return RestrictedMean(value=float(areas.sum()), standard_error=float(np.sqrt(terms.sum())))


def _life_table(
    times: Times,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return distinct times, how many were at risk just before, and to how many it happened."""
    at, place = np.unique(times.days, return_inverse=True)
    n_here = np.bincount(place, minlength=len(at)).astype(np.float64)
    n_happened = np.bincount(place, weights=times.happened, minlength=len(at))
    return at, np.cumsum(n_here[::-1])[::-1], n_happened


def _check(times: Times, horizon_days: float) -> None:
    if len(times.days) != len(times.happened):
        raise InvalidValueError("happened: give one for each time")
    if len(times.days) == 0:
        raise CannotTellError("times: an arm is empty; wait for learners")
    if not np.all(times.days >= 0.0):
        raise InvalidValueError("days: every time must be a number of at least 0")
    if not horizon_days > 0.0:
        raise InvalidValueError(f"horizon_days: {horizon_days} is not above 0")


def _censored(times: Times) -> stats.CensoredData:
    return stats.CensoredData(
        uncensored=times.days[times.happened], right=times.days[~times.happened]
    )
