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
    core: NDArray[np.bool_] | None = None,
) -> Slate:
    """Draw up to `limit` modules.

    Tier 0 leads in order of score and is never explored over. The rest is a Plackett–Luce draw
    without replacement among the best `POOL_SIZE`, whose temperature is the policy's exploration;
    at 0 the best is taken with probability 1. From the second place on, a module's utility falls
    with its likeness to those already chosen, but not that of core modules: no variety comes
    before them that did not rank before them anyway.

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
    core
        bool, as the candidates; none where absent.

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
    last = n_fixed + max(POOL_SIZE, limit)
    pool, utility = rows[n_fixed:last], score[n_fixed:last]
    if len(pool) and not n_fixed:
        p_first[: len(pool)] = _probabilities(utility, policy.exploration)
    spread = policy.diversity * float(utility.max() - utility.min()) if len(pool) else 0.0
    compare = _Comparison(index, pool) if limit > 1 and spread > 0 else None
    likeness, left = np.zeros(len(pool)), np.arange(len(pool))
    varied = np.ones(len(pool)) if core is None else 1.0 - core[order][n_fixed:last]
    seen = 0
    while len(places) < limit and len(left):
        if compare is not None:
            for place in places[seen:]:
                likeness = np.maximum(likeness, varied * compare.with_module(place.row))
            seen = len(places)
        p = _probabilities((utility - spread * likeness)[left], policy.exploration)
        chosen = _draw(p, rng) if policy.exploration > 0 else int(p.argmax())
        places.append(Place(row=int(pool[left[chosen]]), propensity=float(p[chosen])))
        left = np.concatenate((left[:chosen], left[chosen + 1 :]))
    return Slate(places=tuple(places), order=order, p_first=p_first)


def _draw(p: NDArray[np.float64], rng: np.random.Generator) -> int:
    """Return what `rng.choice(len(p), p=p)` returns, without its checks."""
    cumulative = p.cumsum()
    cumulative /= cumulative[-1]
    return int(cumulative.searchsorted(rng.random(), side="right"))


def _probabilities(utility: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return softmax(utility / temperature); all weight on the first best where it is next to 0."""
    if temperature <= COLDEST:
        p = np.zeros(len(utility))
        p[np.argmax(utility)] = 1.0
        return p
    weights = np.exp((utility - utility.max()) / temperature)
    result: NDArray[np.float64] = weights / weights.sum()
    return result


class _Comparison:
    """Modules that are compared with others: half for the cosine of skills, half for the format."""

    def __init__(self, index: CatalogueIndex, rows: NDArray[np.int64]) -> None:
        self._index, self._rows = index, rows
        skills = index.skills
        pairs = skills.pairs_of_modules(rows)
        self._skill, self._weight = skills.skill[pairs], skills.weight[pairs]
        self._place = np.arange(len(rows)).repeat(skills.indptr[rows + 1] - skills.indptr[rows])
        # Where a module has no skills the cosine is 0 over anything.
        self._length = np.sqrt(skills.squared_length[rows])
        self._length[self._length == 0.0] = 1.0

    def with_module(self, row: int) -> NDArray[np.float64]:
        """Return the likeness of each of the modules to another, in [0,1]."""
        index, skills = self._index, self._index.skills
        span = slice(skills.indptr[row], skills.indptr[row + 1])
        profile = np.zeros(len(skills.skill_ids))
        profile[skills.skill[span]] = skills.weight[span]
        shared = np.bincount(self._place, self._weight * profile[self._skill], len(self._rows))
        cosine = shared / (self._length * (np.sqrt(skills.squared_length[row]) or 1.0))
        same = (index.format[self._rows] == index.format[row]) & (index.format[row] >= 0)
        likeness: NDArray[np.float64] = 0.5 * cosine + 0.5 * same
        return likeness
