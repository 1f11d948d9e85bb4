"""Ranking metrics over held-out modules, with bootstrap intervals over learners."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences

CUTOFFS = (1, 5, 10, 20)
N_BOOTSTRAP = 1000
INTERVAL = (2.5, 97.5)


@dataclass(frozen=True, kw_only=True)
class RankedTargets:
    """How one model ranked the held-out module of each learner.

    Attributes
    ----------
    rank
        int64, (n_learners,), 1 = first; among all modules the learner had not seen.
    top
        int32, (n_learners, 10), the modules put first, −1 where there were fewer.
    n_modules
        Size of the catalogue ranked.
    """

    rank: NDArray[np.int64]
    top: NDArray[np.int32]
    n_modules: int

    @property
    def ndcg_at_10(self) -> NDArray[np.float64]:
        """float64, (n_learners,): with one relevant module, 1 / log₂(1 + rank) up to rank 10."""
        gain: NDArray[np.float64] = np.where(self.rank <= 10, 1.0 / np.log2(1.0 + self.rank), 0.0)
        return gain


def rank_of_target(
    scores: NDArray[np.floating], target: NDArray[np.integer], seen: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Rank one target a row among the modules not seen; ties count against the model by half.

    Parameters
    ----------
    scores
        (n_learners, n_modules), higher is better.
    target
        (n_learners,), positions of the held-out modules, never seen ones.
    seen
        bool, as `scores`: left out of the ranking.

    Returns
    -------
    int64, (n_learners,), from 1.
    """
    rows = np.arange(len(target))
    own = scores[rows, target][:, None]
    above = ((scores > own) & ~seen).sum(axis=1)
    tied = ((scores == own) & ~seen).sum(axis=1) - 1
    ranks: NDArray[np.int64] = 1 + above + (tied + 1) // 2
    return ranks


def summarise_ranking(
    ranked: RankedTargets, rng: np.random.Generator
) -> dict[str, float | list[float]]:
    """Return hit rates, NDCG@10, MRR, coverage and the 95 % bootstrap interval of NDCG@10.

    References
    ----------
    Järvelin & Kekäläinen (2002) for NDCG; Efron & Tibshirani (1993) for the percentile bootstrap;
    Krichene & Rendle (2020) for why no negatives are sampled.
    """
    hits: dict[str, float | list[float]] = {
        f"hr_at_{k}": float((ranked.rank <= k).mean()) for k in CUTOFFS
    }
    gains = ranked.ndcg_at_10
    shown = np.unique(ranked.top[ranked.top >= 0])
    return hits | {
        "ndcg_at_10": float(gains.mean()),
        "mrr": float((1.0 / ranked.rank).mean()),
        "coverage_at_10": len(shown) / ranked.n_modules,
        "ndcg_at_10_ci": list(bootstrap_interval(gains, rng)),
    }


def bootstrap_interval(
    values: NDArray[np.float64], rng: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a mean.

    Parameters
    ----------
    values
        float64, (n,), one a learner, n ≥ 1.
    rng
        Draws the resamples.

    Notes
    -----
    Values that repeat are drawn by their counts (multinomial), which is the same bootstrap at a
    cost that does not grow with n: NDCG@10 of one held-out module takes eleven values only.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) > len(values) // 2:
        draws = rng.integers(len(values), size=(N_BOOTSTRAP, len(values)))
        means = values[draws].mean(axis=1)
    else:
        share = rng.multinomial(len(values), counts / len(values), size=N_BOOTSTRAP)
        means = share @ distinct / len(values)
    low, high = np.percentile(means, INTERVAL)
    return float(low), float(high)


def popularity_lift(
    ranked: RankedTargets, history: Sequences, met: NDArray[np.integer]
) -> float | None:
    """Return by what share recommended modules are more popular than those the learners met.

    0 means as popular as what learners take by themselves, 1 twice as popular. Popularity is how
    many learners met a module in training. Both means are taken within a learner first, and
    learners without history have no part in it; None if there are no others.

    Parameters
    ----------
    ranked
        In the order of the histories.
    history
        What each learner had met when asked.
    met
        (n_modules,), how many learners met each module in training.

    References
    ----------
    Abdollahpouri, H. et al. (2019). The unfairness of popularity bias in recommendation (ΔGAP).
    """
    known = (history.lengths > 0) & (ranked.top >= 0).any(axis=1)
    if not known.any():
        return None
    shown = ranked.top >= 0
    recommended = (np.where(shown, met[ranked.top], 0).sum(axis=1))[known] / shown.sum(axis=1)[
        known
    ]
    own = np.bincount(history.learner, weights=met[history.module], minlength=len(history))
    taken = float((own[known] / history.lengths[known]).mean())
    return None if taken == 0 else float(recommended.mean() / taken - 1.0)
