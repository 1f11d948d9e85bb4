"""Rows of one arm: one number for each unit that was assigned, whatever the metric.

A ratio, a clustered mean, a mean over strata and a metric adjusted for the time before become rows
whose mean is the metric and whose ordinary standard error is right; one comparison then serves all.

References
----------
Deng, A., Knoblich, U. & Lu, J. (2018). Applying the delta method in metric analytics. KDD.
Deng, A., Xu, Y., Kohavi, R. & Walker, T. (2013). Improving the sensitivity of online controlled
experiments by utilizing pre-experiment data. WSDM. (CUPED)
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import CannotTellError, InvalidValueError

Rows = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """Rows of every arm after CUPED.

    Attributes
    ----------
    rows
        One float64 array an arm, as long as the arm's values.
    theta
        The coefficient; 0 where the time before was the same for everybody.
    correlation
        Of values and time before, over all arms: the variance shrinks by about 1 − its square.
    """

    rows: tuple[Rows, ...]
    theta: float
    correlation: float


def ratio_rows(numerators: Rows, denominators: Rows) -> Rows:
    """Turn a ratio of sums into rows by the delta method.

    Parameters
    ----------
    numerators, denominators
        float64, (n,): totals of each unit, such as passed attempts and attempts.

    Returns
    -------
    ndarray
        float64, (n,): R + (numerator − R·denominator) ÷ mean denominator, R the ratio of sums,
        which is their mean; their variance ÷ n is the delta method's.

    Raises
    ------
    CannotTellError
        Nothing in the denominators.
    """
    _same_length(numerators, denominators, "denominators")
    total = float(denominators.sum())
    if total == 0.0:
        raise CannotTellError("ratio: the denominators sum to 0; wait until some unit has any")
    ratio = float(numerators.sum()) / total
    return ratio + (numerators - ratio * denominators) / (total / len(denominators))


def cluster_rows(values: Rows, clusters: NDArray[np.integer]) -> Rows:
    """Turn learners into one row a cluster; their mean is the mean over learners.

    Parameters
    ----------
    values
        float64, (n,), of each learner.
    clusters
        Integers, (n,): the department or manager that was assigned, any numbers.

    Returns
    -------
    ndarray
        float64, (n_clusters,), ascending cluster; compare them with `effect_of_clusters`.
    """
    sums, sizes = cluster_sums(values, clusters)
    return ratio_rows(sums, sizes)


def cluster_sums(values: Rows, clusters: NDArray[np.integer]) -> tuple[Rows, Rows]:
    """Return the sum of values and the number of learners of each cluster, ascending."""
    _same_length(values, clusters, "clusters")
    _, place = np.unique(clusters, return_inverse=True)
    return np.bincount(place, weights=values), np.bincount(place).astype(np.float64)


def stratified_rows(strata: Sequence[Rows], shares: Rows) -> Rows:
    """Join the rows of one arm from strata that all arms have the same shares of.

    Where weights changed, arms are of different times in different parts, and their plain means
    differ by what changed with time; means within a stretch of equal weights do not.

    Parameters
    ----------
    strata
        float64 arrays of two rows or more; NaN is unknown, and stays so.
    shares
        float64, (n_strata,), > 0, summing to 1: of each stratum among the rows of all arms.

    Returns
    -------
    ndarray
        As long as the strata together, in their order: the mean is Σ share · mean, and the ordinary
        variance ÷ n is Σ share² · variance ÷ n of the stratum.

    Raises
    ------
    InvalidValueError
        Shares do not fit the strata.
    CannotTellError
        A stratum has under two rows.

    References
    ----------
    Cochran, W. G. (1977). Sampling techniques, 3rd edition, chapter 5 (stratified means).
    """
    if len(strata) != len(shares) or not np.isclose(np.sum(shares), 1.0):
        raise InvalidValueError("shares: give one for each stratum, summing to 1")
    if min(map(len, strata), default=0) < 2:
        raise CannotTellError("strata: one has under two rows; leave it out of every arm")
    n = sum(map(len, strata))
    known = [not np.isnan(rows).all() for rows in strata]
    means = [
        float(np.nanmean(rows)) if told else 0.0 for rows, told in zip(strata, known, strict=True)
    ]
    centre = float(np.average(means, weights=shares * known)) if any(known) else 0.0
    return np.concatenate(
        [
            centre + share * np.sqrt(n * (n - 1) / (len(rows) * (len(rows) - 1))) * (rows - mean)
            for rows, share, mean in zip(strata, shares, means, strict=True)
        ]
    )


def adjust_for_before(values: Sequence[Rows], before: Sequence[Rows]) -> Adjusted:
    """Take out of a metric what the time before the experiment foretold (CUPED).

    Parameters
    ----------
    values, before
        One float64 array an arm, row by row: the metric, and the same or a pre-test before
        assignment. NaN in `before` is unknown, as of newcomers: it counts as the mean of all.

    Returns
    -------
    Adjusted
        values − θ(before − mean of before over all arms), θ = cov(Y,X)/var(X) over all arms, as
        tea-tasting and GrowthBook have it.
    """
    for own, earlier in zip(values, before, strict=True):
        _same_length(own, earlier, "before")
    y, x = np.concatenate(values), np.concatenate(before)
    known = np.isfinite(x)
    middle = float(x[known].mean()) if known.any() else 0.0
    x = np.where(known, x, middle) - middle
    spread = float(x @ x)
    if spread == 0.0:
        return Adjusted(rows=tuple(values), theta=0.0, correlation=0.0)
    shared = float(x @ (y - y.mean()))
    scale = np.sqrt(spread * float(np.sum((y - y.mean()) ** 2)))
    theta = shared / spread
    ends = np.cumsum([len(own) for own in values])[:-1]
    return Adjusted(
        rows=tuple(np.split(y - theta * x, ends)),
        theta=theta,
        correlation=shared / scale if scale > 0.0 else 0.0,
    )


def _same_length(values: Rows, other: NDArray[np.generic], name: str) -> None:
    if len(values) != len(other):
        raise InvalidValueError(
            f"{name}: has {len(other)} rows and the values {len(values)}; give one for each"
        )
