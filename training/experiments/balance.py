"""Whether an experiment may be believed at all: who came in, and whether arms began alike.

References
----------
Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch in online controlled experiments. KDD.
Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates.
Statistics in Medicine 28. (standardised difference)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.estimates import effect_of
from training.experiments.rows import Rows

ALARM_P = 0.001


@dataclass(frozen=True, kw_only=True)
class SampleRatio:
    """Whether arms have as many units as their weights promise.

    Attributes
    ----------
    counts, expected
        Of each arm over all periods, float64, (n_arms,).
    statistic, degrees
        Of χ².
    p_value
        In [0,1].
    is_mismatch
        Whether p is under `ALARM_P`: then no effect may be believed.
    """

    counts: NDArray[np.float64]
    expected: NDArray[np.float64]
    statistic: float
    degrees: int
    p_value: float
    is_mismatch: bool


@dataclass(frozen=True, kw_only=True)
class Imbalance:
    """How an arm differed from the control before the experiment began.

    Attributes
    ----------
    standardised
        Difference of means ÷ the root of the mean variance of the two.
    p_value
        Of Welch's test, in [0,1].
    is_alarming
        Whether p is under `ALARM_P`.
    n_unknown
        Rows of both arms without a pre-period.
    """

    standardised: float
    p_value: float
    is_alarming: bool
    n_unknown: int


def sample_ratio(counts: NDArray[np.integer], weights: NDArray[np.float64]) -> SampleRatio:
    """Test the sizes of arms against their weights, period by period.

    Parameters
    ----------
    counts
        Integers, (n_periods, n_arms), or (n_arms,) of one period: units first exposed while the
        weights were those of the row. Where clusters were assigned, clusters.
    weights
        float64, of the same shape, ≥ 0, each row summing to 1.

    Returns
    -------
    SampleRatio
        Σ (count − expected)²/expected over periods and arms, the expected counts being those of
        the period; each period adds its arms less one to the degrees of freedom. A unit in an arm
        of weight 0 is a mismatch for certain.

    Raises
    ------
    InvalidValueError
        Shapes differ, a count or weight is negative, or weights do not sum to 1.
    CannotTellError
        Nobody was exposed, or there is one arm.
    """
    counts, weights = np.atleast_2d(counts), np.atleast_2d(weights)
    _check(counts, weights)
    expected = counts.sum(axis=1, keepdims=True) * weights
    told = expected > 0.0
    if np.any(counts[weights == 0.0] > 0):
        statistic = float("inf")
    else:
        statistic = float(np.sum((counts[told] - expected[told]) ** 2 / expected[told]))
    degrees = int(np.sum(np.maximum(told.sum(axis=1) - 1, 0)))
    if degrees == 0 and np.isfinite(statistic):
        raise CannotTellError("sample ratio: nobody was exposed while two arms had weight")
    p_value = float(chdtrc(max(degrees, 1), statistic))
    return SampleRatio(
        counts=counts.sum(axis=0).astype(np.float64),
        expected=expected.sum(axis=0),
        statistic=statistic,
        degrees=degrees,
        p_value=p_value,
        is_mismatch=p_value < ALARM_P,
    )


def _check(counts: NDArray[np.integer], weights: NDArray[np.float64]) -> None:
    if counts.ndim != 2 or counts.shape != weights.shape:
        raise InvalidValueError(
            f"weights: shape {weights.shape}, counts {counts.shape}; give periods × arms of both"
        )
    if np.any(counts < 0) or not np.all(weights >= 0.0):
        raise InvalidValueError("counts, weights: none may be under 0")
    if not np.allclose(weights.sum(axis=1), 1.0, rtol=0.0, atol=1e-9):
        raise InvalidValueError("weights: those of a period must sum to 1")


def imbalance_before(control: Rows, treatment: Rows) -> Imbalance:
    """Compare what two arms were before they were assigned; only chance may part them.

    Parameters
    ----------
    control, treatment
        float64, (n,): metric or pre-test before assignment, or `cluster_rows` of it; NaN is
        unknown.

    Raises
    ------
    CannotTellError
        An arm has under two known rows, or nothing varies.
    """
    first, second = control[~np.isnan(control)], treatment[~np.isnan(treatment)]
    effect = effect_of(first, second)
    spread = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2.0)
    return Imbalance(
        standardised=effect.absolute.value / float(spread),
        p_value=effect.absolute.p_value,
        is_alarming=effect.absolute.p_value < ALARM_P,
        n_unknown=len(control) + len(treatment) - len(first) - len(second),
    )
