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
        chosen = _draw(p, rng) if policy.exploration > 0 else int(p.argmax())
        places.append(Place(row=int(rows[pool[chosen]]), propensity=float(p[chosen])))
        pool, likeness = _without(pool, chosen), _without(likeness, chosen)
    return Slate(places=tuple(places), order=order, p_first=p_first)


def _draw(p: NDArray[np.float64], rng: np.random.Generator) -> int:
    """Return what `rng.choice(len(p), p=p)` returns, without its checks."""
    cumulative = p.cumsum()
    cumulative /= cumulative[-1]
    return int(cumulative.searchsorted(rng.random(), side="right"))


def _without[T: np.generic](values: NDArray[T], place: int) -> NDArray[T]:
    return np.concatenate((values[:place], values[place + 1 :]))


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
    skills = index.skills
    profile = np.zeros(len(skills.skill_ids))
    span = slice(skills.indptr[chosen], skills.indptr[chosen + 1])
    profile[skills.skill[span]] = skills.weight[span]
    pairs = skills.pairs_of_modules(rows)
    shared = skills.weight[pairs] * profile[skills.skill[pairs]]
    place = np.arange(len(rows)).repeat(skills.indptr[rows + 1] - skills.indptr[rows])
    likeness = np.bincount(place, shared, len(rows))
    norm = np.sqrt(skills.squared_length[rows] * skills.squared_length[chosen])
    cosine = np.divide(likeness, norm, out=np.zeros(len(rows)), where=norm > 0)
    same = (index.format[rows] == index.format[chosen]) & (index.format[chosen] >= 0)
    result: NDArray[np.float64] = 0.5 * cosine + 0.5 * same
    return result
