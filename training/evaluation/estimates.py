"""Estimates whose doubt comes from learners, not rows: intervals, differences and p-values.

A learner's attempts resemble each other, so that attempts counted as independent would promise
too much. Each estimate carries how much every learner moves it (its influence); the variance is
the sum of their squares, and a difference of two estimates on the same learners is paired because
influences subtract learner by learner.

References
----------
Liang, K.-Y. & Zeger, S. (1986). Longitudinal data analysis using generalized linear models.
Efron, B. (1982). The jackknife, the bootstrap and other resampling plans (the influences).
Obuchowski, N. (1997). Nonparametric analysis of clustered ROC curve data.
Smucker, M., Allan, J. & Carterette, B. (2007). A comparison of statistical significance tests for
information retrieval evaluation (the paired t-test on NDCG agrees with randomisation).
Miller, E. (2024). Adding error bars to evals.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import rankdata

from training.holm import holm

COVERAGE = 0.95
FEWEST_LEARNERS = 2


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number, and how much each learner moves it.

    `influence`, float64, (n_learners,), sums to 0; estimates on the same learners have them in the
    same order.
    """

    value: float
    influence: NDArray[np.float64]

    def __sub__(self, other: "Estimate") -> "Estimate":
        return Estimate(value=self.value - other.value, influence=self.influence - other.influence)

    def __neg__(self) -> "Estimate":
        return Estimate(value=-self.value, influence=-self.influence)

    @property
    def n_learners(self) -> int:
        """How many learners it rests on."""
        return len(self.influence)

    @property
    def standard_error(self) -> float:
        """√(n/(n − 1) · Σ influence²); NaN under two learners."""
        n = self.n_learners
        if n < FEWEST_LEARNERS:
            return float("nan")
        return float(np.sqrt(n / (n - 1) * np.sum(self.influence**2)))

    @property
    def interval(self) -> list[float] | None:
        """The 95 % interval from Student's t with n − 1 degrees; None under two learners."""
        if self.n_learners < FEWEST_LEARNERS:
            return None
        reach = stats.t.ppf(0.5 + COVERAGE / 2, self.n_learners - 1) * self.standard_error
        return [float(self.value - reach), float(self.value + reach)]

    @property
    def p_value(self) -> float | None:
        """The two-sided p-value against 0; None under two learners."""
        if self.n_learners < FEWEST_LEARNERS:
            return None
        error = self.standard_error
        if error <= abs(self.value) * 1e-12:
            return 1.0 if self.value == 0.0 else 0.0
        return float(2.0 * stats.t.sf(abs(self.value) / error, self.n_learners - 1))


def mean_over_rows(values: NDArray[np.float64], learner: NDArray[np.integer]) -> Estimate:
    """Estimate the mean of rows that come in clusters, one cluster a learner.

    Parameters
    ----------
    values
        float64, (n,), n ≥ 1.
    learner
        (n,), whose row each is; any numbers. Where every row is another learner's, this is the
        ordinary mean with the ordinary standard error.
    """
    mean = float(values.mean())
    return Estimate(value=mean, influence=_by_learner(values - mean, learner) / len(values))


def auc_over_rows(
    success: NDArray[np.float64], scores: NDArray[np.float64], learner: NDArray[np.integer]
) -> Estimate | None:
    """Estimate P(a success outranks a failure), ties counting half; None without both kinds.

    Parameters
    ----------
    success
        float64, (n,), 0 or 1.
    scores
        float64, (n,).
    learner
        (n,), whose row each is.
    """
    won = success > 0
    n_wins, n_fails = int(won.sum()), int((~won).sum())
    if n_wins == 0 or n_fails == 0:
        return None
    # How many of the other kind lie below a row: its rank among all less its rank among its own.
    ranks = rankdata(scores)
    below = np.empty(len(scores))
    below[won] = (ranks[won] - rankdata(scores[won])) / n_fails
    below[~won] = 1.0 - (ranks[~won] - rankdata(scores[~won])) / n_wins
    value = float(below[won].mean())
    share = np.where(won, (below - value) / n_wins, (below - value) / n_fails)
    return Estimate(value=value, influence=_by_learner(share, learner))


def _by_learner(values: NDArray[np.float64], learner: NDArray[np.integer]) -> NDArray[np.float64]:
    """Add up the values of each learner, learners in ascending order."""
    _, place = np.unique(learner, return_inverse=True)
    return np.bincount(place, weights=values)


def share_interval(n_hits: int, n: int) -> list[float]:
    """Return the 95 % interval of a share, never outside [0,1] nor empty (Wilson 1927)."""
    z = float(stats.norm.ppf(0.5 + COVERAGE / 2))
    share, spread = n_hits / n, z**2 / n
    middle = (share + spread / 2) / (1 + spread)
    reach = np.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return [float(max(middle - reach, 0.0)), float(min(middle + reach, 1.0))]


def adjust_p_values(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """Adjust the p-values of one family by `holm`; what has none stays without one."""
    known = {name: p for name, p in p_values.items() if p is not None}
    adjusted: dict[str, float | None] = dict.fromkeys(p_values)
    return adjusted | dict(zip(known, holm(np.array(list(known.values()))).tolist(), strict=True))
