"""How far two distributions are apart, and whether chance explains it.

An effect alone is large by chance in small samples, and a p-value alone is small for anything in
large ones; so both are computed, and drift needs both.

References
----------
Siddiqi, N. (2006). Credit risk scorecards. (population stability index, bands of .1 and .25)
Yurdakul, B. & Naranjo, J. (2020). Statistical properties of the population stability index.
Journal of Risk Model Validation 14. (its mean under no drift)
Lin, J. (1991). Divergence measures based on the Shannon entropy. IEEE Transactions on Information
Theory 37.
Cohen, J. (1988). Statistical power analysis for the behavioral sciences. (h)
Kish, L. (1965). Survey sampling. (effective sample size)
"""

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

Counts = NDArray[np.float64]
SMALLEST_EXPECTED = 5.0
# Added to every cell of n effective observations, so that an empty one has a logarithm.
CONTINUITY = 0.5


def effective_size(rows_by_learner: NDArray[np.int64]) -> float:
    """Return how many independent observations rows of learners are worth at least.

    Rows of one learner resemble each other; were they all alike, n rows a learner would be worth
    (Σn)²/Σn² learners (Kish's design effect for an intraclass correlation of 1).
    """
    total = float(rows_by_learner.sum())
    return total**2 / float((rows_by_learner.astype(np.float64) ** 2).sum()) if total else 0.0


def stability_index(then: Counts, now: Counts, n_then: float, n_now: float) -> float:
    """Return the population stability index of two histograms over the same cells.

    Parameters
    ----------
    then, now
        float64, (n_cells,), counts ≥ 0.
    n_then, n_now
        How many observations they are worth; cells get `CONTINUITY` more of these.

    Returns
    -------
    float
        Σ (q − p) ln(q / p); 0 where the shares are equal.
    """
    p, q = _smoothed(then, n_then), _smoothed(now, n_now)
    return float(np.sum((q - p) * np.log(q / p)))


def index_by_chance(n_cells: int, n_then: float, n_now: float) -> float:
    """Return the mean of the stability index where nothing moved: (B − 1)(1/n + 1/m)."""
    return (n_cells - 1) * (1.0 / n_then + 1.0 / n_now)


def jensen_shannon(then: Counts, now: Counts) -> float:
    """Return the Jensen–Shannon distance in [0,1] (logarithm to base 2) of two histograms."""
    return float(jensenshannon(then, now, base=2))


def homogeneity_p(then: Counts, now: Counts, n_then: float, n_now: float) -> float:
    """Return the p-value of Pearson's χ² test that two histograms have the same shares."""
    table = np.stack([_shares(then) * n_then, _shares(now) * n_now])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 1.0
    return float(stats.chi2_contingency(table, correction=False).pvalue)


def kolmogorov_smirnov(then: Counts, now: Counts) -> float:
    """Return the largest difference of two cumulative histograms over the same ascending cells."""
    gaps = np.cumsum(_shares(then)) - np.cumsum(_shares(now))
    return float(np.abs(gaps).max(initial=0.0))


def kolmogorov_smirnov_p(distance: float, n_then: float, n_now: float) -> float:
    """Return the asymptotic p-value of a two-sample distance; too large rather than too small.

    That of cells is at most that of the values in them.
    """
    size = n_then * n_now / (n_then + n_now)
    return float(stats.kstwobign.sf(distance * np.sqrt(size)))


def rate_distances(
    then: tuple[Counts, Counts], now: tuple[Counts, Counts], weight_then: float, weight_now: float
) -> tuple[float, float]:
    """Compare success rates group by group.

    Parameters
    ----------
    then, now
        Attempts and successes, float64, (n_groups,) each.
    weight_then, weight_now
        How many independent observations an attempt is worth.

    Returns
    -------
    effect
        The root mean square of Cohen's h over groups, each as it counts now, less what chance
        adds to it: the variance of h is 1/n + 1/m.
    p_value
        Of Σ h²/(1/n + 1/m), which is χ² with one degree a group where no rate moved.
    """
    n, m = then[0] * weight_then, now[0] * weight_now
    told = (n >= SMALLEST_EXPECTED) & (m >= SMALLEST_EXPECTED)
    if not told.any():
        return 0.0, 1.0
    n, m = n[told], m[told]
    h = _angle(now[1][told] / now[0][told]) - _angle(then[1][told] / then[0][told])
    variance = 1.0 / n + 1.0 / m
    excess = float(np.average(h**2 - variance, weights=m))
    return float(np.sqrt(max(excess, 0.0))), float(stats.chi2.sf(np.sum(h**2 / variance), len(h)))


def share_above_p(share: float, size: float, usual: float) -> float:
    """Return the probability of a share so high among `size` observations were `usual` true."""
    n = round(size)
    return float(stats.binom.sf(np.ceil(share * n) - 1, n, usual)) if n else 1.0


def _angle(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(2.0 * np.arcsin(np.sqrt(rate)))


def _shares(counts: Counts) -> Counts:
    return counts / counts.sum()


def _smoothed(counts: Counts, n: float) -> Counts:
    return (_shares(counts) * n + CONTINUITY) / (n + CONTINUITY * len(counts))
