"""Rates of many modules, small ones drawn to what is usual, with intervals.

References
----------
Casella, G. (1985). An introduction to empirical Bayes data analysis.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, betaln, ndtri

FEWEST_LEARNERS = 20
INTERVAL = (0.025, 0.975)
STRENGTHS = np.geomspace(2.0, 1_000.0, 40)  # learners that what is usual counts for
N_ROUNDS = 50


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A figure by module, all (n_modules,).

    Attributes
    ----------
    n_learners
        int64: how many it rests on.
    value, low, high
        float64: drawn to what is usual, and its 95 % interval; `usual` where nobody tells.
    usual, spread
        Mean over modules, and the standard deviation of what is true between them.
    """

    n_learners: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    usual: float
    spread: float

    @property
    def is_told(self) -> NDArray[np.bool_]:
        """Where enough learners tell."""
        return self.n_learners >= FEWEST_LEARNERS

    @property
    def is_high(self) -> NDArray[np.bool_]:
        """Where the figure surely lies more than one spread above what is usual."""
        return self.is_told & (self.low > self.usual + self.spread)

    @property
    def is_low(self) -> NDArray[np.bool_]:
        """Where the figure surely lies more than one spread below what is usual."""
        return self.is_told & (self.high < self.usual - self.spread)


def shrunken_rates(happened: NDArray[np.int64], n_learners: NDArray[np.int64]) -> Figures:
    """Return rates under a beta prior whose mean and strength fit all modules best.

    Parameters
    ----------
    happened, n_learners
        int64, (n_modules,): to how many of how many learners it happened.
    """
    told = n_learners > 0
    k, n = happened[told], n_learners[told]
    # One learner more on either side keeps the mean inside (0, 1).
    mean = (k.sum() + 0.5) / (n.sum() + 1.0)
    prior = [(s * mean, s * (1.0 - mean)) for s in STRENGTHS]
    # The log-likelihood of beta-binomials, but for what is the same for every strength.
    likely = [(betaln(k + a, n - k + b) - betaln(a, b)).sum() for a, b in prior]
    strength = float(STRENGTHS[int(np.argmax(likely))])
    a = strength * mean + happened
    b = strength * (1.0 - mean) + n_learners - happened
    low, high = (betaincinv(a, b, edge) for edge in INTERVAL)
    return Figures(
        n_learners=n_learners,
        value=a / (a + b),
        low=low,
        high=high,
        usual=float(mean),
        spread=float(np.sqrt(mean * (1.0 - mean) / (strength + 1.0))),
    )


def shrunken_means(
    total: NDArray[np.float64], squares: NDArray[np.float64], n_learners: NDArray[np.int64]
) -> Figures:
    """Return means under a normal prior fitted to all modules by moments.

    Parameters
    ----------
    total, squares
        float64, (n_modules,): sums of values and of their squares.
    n_learners
        int64, (n_modules,), one value a learner.
    """
    n = n_learners.astype(np.float64)
    mean = total / np.maximum(n, 1.0)
    within = float((squares - n * mean**2).sum() / max(n.sum() - np.sum(n > 0), 1.0))
    doubt = within / np.maximum(n, 1.0)
    usual, between = 0.0, within
    for _ in range(N_ROUNDS):
        weight = (n > 0) / (doubt + between + 1e-12)
        usual = float(np.sum(weight * mean) / max(weight.sum(), 1e-12))
        kept = between / (between + doubt + 1e-12)
        moved = (kept * (mean - usual)) ** 2 + kept * doubt
        between = float(moved[n > 0].mean()) if (n > 0).any() else 0.0
    kept = np.where(n > 0, between / (between + doubt + 1e-12), 0.0)
    value = usual + kept * (mean - usual)
    half = ndtri(INTERVAL[1]) * np.sqrt(between * (1.0 - kept))
    return Figures(
        n_learners=n_learners,
        value=value,
        low=value - half,
        high=value + half,
        usual=usual,
        spread=float(np.sqrt(between)),
    )
