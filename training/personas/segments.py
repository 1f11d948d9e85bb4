"""Segments: how many personas, chosen by what is found again in resampled learners.

References
----------
Hennig, C. (2007). Cluster-wise assessment of cluster stability.
Hubert, L. & Arabie, P. (1985). Comparing partitions (the adjusted Rand index).
Rousseeuw, P. J. (1987). Silhouettes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

NUMBERS = range(2, 8)
N_REFITS = 20
MOST_IN_A_REFIT = 4_000
MOST_IN_A_SILHOUETTE = 2_000
LEAST_STABILITY = 0.75
HARDLY_LESS = 0.05  # of the silhouette
SMALLEST_SHARE = 0.05
SMALLEST = 30


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One number of personas.

    Attributes
    ----------
    n_personas
        How many.
    stability
        Mean adjusted Rand index between the division of all learners and those of refits on
        resampled learners: 1 is the same division, 0 what chance gives.
    silhouette
        In [−1,1]: how much nearer learners are to their own persona than to the next one.
    n_in_smallest
        Learners.
    places
        float64, (n_personas, d), the largest persona first.
    """

    n_personas: int
    stability: float
    silhouette: float
    n_in_smallest: int
    places: NDArray[np.float64]


def try_numbers(points: NDArray[np.float64], rng: np.random.Generator) -> tuple[Trial, ...]:
    """Divide learners into every number of personas that may come out.

    Parameters
    ----------
    points
        float64, (n, d), where learners stand.
    rng
        Source of randomness.
    """
    return tuple(_try(points, number, rng) for number in NUMBERS)


def try_former(
    points: NDArray[np.float64], before: NDArray[np.int64], rng: np.random.Generator
) -> Trial | None:
    """Divide learners anew from where former personas are today.

    Parameters
    ----------
    points
        float64, (n, d).
    before
        int64, (n,): former personas, −1 for none; None is returned where one of them is empty.
    rng
        Source of randomness.
    """
    number = int(before.max(initial=-1)) + 1
    if number < NUMBERS.start or not np.bincount(before[before >= 0]).all():
        return None
    start = np.stack([points[before == one].mean(axis=0) for one in range(number)])
    return _try(points, number, rng, start)


def choose(trials: Sequence[Trial], n_learners: int, former: Trial | None = None) -> Trial | None:
    """Return the most distinct of the divisions that are stable and have no small persona.

    The former division stays while it is such a one and hardly less distinct than the best.
    """
    fewest = max(SMALLEST, SMALLEST_SHARE * n_learners)
    fit = [
        trial
        for trial in (*trials, *(() if former is None else (former,)))
        if trial.stability >= LEAST_STABILITY and trial.n_in_smallest >= fewest
    ]
    best = max(fit, key=lambda trial: trial.silhouette, default=None)
    stays = any(trial is former for trial in fit)
    if best is None or former is None or not stays:
        return best
    return former if former.silhouette >= best.silhouette - HARDLY_LESS else best


def nearest(points: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the nearest place of each point, int64, (n,)."""
    apart = points[:, None, :] - places[None, :, :]
    return np.argmin(np.einsum("ijk,ijk->ij", apart, apart), axis=1)


def _try(
    points: NDArray[np.float64],
    number: int,
    rng: np.random.Generator,
    start: NDArray[np.float64] | None = None,
) -> Trial:
    places = _divide(points, number, 10, rng, start)
    label = nearest(points, places)
    agreements = []
    for _ in range(N_REFITS):
        drawn = rng.integers(len(points), size=min(len(points), MOST_IN_A_REFIT))
        again = _divide(points[drawn], number, 3, rng, start)
        agreements.append(adjusted_rand_score(label, nearest(points, again)))
    some = rng.permutation(len(points))[:MOST_IN_A_SILHOUETTE]
    is_divided = len(np.unique(label[some])) > 1
    return Trial(
        n_personas=number,
        stability=float(np.mean(agreements)),
        silhouette=float(silhouette_score(points[some], label[some])) if is_divided else 0.0,
        n_in_smallest=int(np.bincount(label, minlength=number).min()),
        places=places,
    )


def _divide(
    points: NDArray[np.float64],
    number: int,
    n_starts: int,
    rng: np.random.Generator,
    start: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return the places of k-means, the one with most points first."""
    seed = int(rng.integers(2**31))
    if start is None:
        means = KMeans(number, n_init=n_starts, random_state=seed)
    else:
        means = KMeans(number, init=start, n_init=1, random_state=seed)
    found = means.fit(points)
    n_points = np.bincount(found.labels_, minlength=number)
    return np.asarray(found.cluster_centers_[np.argsort(-n_points, kind="stable")])
