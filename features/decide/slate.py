"""From scores to an ordered slate with exact propensities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Policy
from features.encode.catalogue import CatalogueIndex

POOL_SIZE = 20
COLDEST = 1e-9


@dataclass(frozen=True, kw_only=True)
class Place:
    """One rank of the slate: the module's row and P(it stands here | those above)."""

    row: int
    propensity: float


@dataclass(frozen=True, kw_only=True)
class Slate:
    """The drawn places, and each candidate's probability of leading (float64, as `order`)."""

    places: tuple[Place, ...]
    order: NDArray[np.int64]
    p_first: NDArray[np.float64]


def draw_slate(
    index: CatalogueIndex,
    candidates: tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]],
    limit: int,
    policy: Policy,
    rng: np.random.Generator,
) -> Slate:
    """Draw up to `limit` modules.

    Tier 0 leads in order of score and is never explored over. The rest is a Plackett–Luce draw
    without replacement among the best `POOL_SIZE`, whose temperature is the policy's exploration;
    at 0 the best is taken with probability 1. From the second place on, a module's utility falls
    with its likeness to those already chosen.

    Parameters
    ----------
    index
        Gives skills and formats for the likeness.
    candidates
        (rows, tier, score) of the eligible modules, equal lengths.
    limit
        At least 1.
    policy
        Diversity and exploration, both in [0,1].
    rng
        Source of randomness; not touched when exploration is 0.

    References
    ----------
    Plackett (1975), "The analysis of permutations"; Carbonell & Goldstein (1998), "The use of MMR".
    """
    rows, tier, score = candidates
    order = np.lexsort((rows, -score, tier))
    rows, tier, score = rows[order], tier[order], score[order]
    n_fixed = int((tier == 0).sum())
    places = [Place(row=int(row), propensity=1.0) for row in rows[: min(n_fixed, limit)]]
    p_first = np.zeros(len(rows))
    p_first[:1] = 1.0
    pool = np.arange(n_fixed, min(len(rows), n_fixed + max(POOL_SIZE, limit)))
    if len(pool) and not n_fixed:
        p_first[pool] = _probabilities(score[pool], policy.exploration)
    likeness = np.zeros(len(pool))
    spread = float(np.ptp(score[pool])) if len(pool) else 0.0
    while len(places) < limit and len(pool):
        if places and policy.diversity > 0:
            likeness = np.maximum(likeness, _likeness(index, rows[pool], places[-1].row))
        utility = score[pool] - policy.diversity * spread * likeness
        p = _probabilities(utility, policy.exploration)
        chosen = int(rng.choice(len(pool), p=p)) if policy.exploration > 0 else int(np.argmax(p))
        places.append(Place(row=int(rows[pool[chosen]]), propensity=float(p[chosen])))
        pool, likeness = np.delete(pool, chosen), np.delete(likeness, chosen)
    return Slate(places=tuple(places), order=order, p_first=p_first)


def _probabilities(utility: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return softmax(utility / temperature); all weight on the first best where it is next to 0."""
    if temperature <= COLDEST:
        p = np.zeros(len(utility))
        p[np.argmax(utility)] = 1.0
        return p
    weights = np.exp((utility - utility.max()) / temperature)
    result: NDArray[np.float64] = weights / weights.sum()
    return result


def _likeness(index: CatalogueIndex, rows: NDArray[np.int64], chosen: int) -> NDArray[np.float64]:
    """Return, in [0,1], half for the cosine of skills and half for the same format."""
    pairs = index.skills
    profile = np.zeros(len(index.skill_ids))
    span = slice(pairs.indptr[chosen], pairs.indptr[chosen + 1])
    profile[pairs.skill[span]] = pairs.weight[span]
    cosine = np.zeros(len(rows))
    for position, row in enumerate(rows):
        span = slice(pairs.indptr[row], pairs.indptr[row + 1])
        weight = pairs.weight[span]
        norm = np.sqrt((weight @ weight) * (profile @ profile))
        if norm > 0:
            cosine[position] = weight @ profile[pairs.skill[span]] / norm
    same = (index.format[rows] == index.format[chosen]) & (index.format[chosen] >= 0)
    likeness: NDArray[np.float64] = 0.5 * cosine + 0.5 * same
    return likeness
