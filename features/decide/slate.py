"""From scores to an ordered slate with exact propensities."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import exp, fsum

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
    is_core: Callable[[int], bool] = lambda _: False,
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
    is_core
        Tells of a row whether the module is one; none is where absent.

    References
    ----------
    Plackett (1975), "The analysis of permutations"; Carbonell & Goldstein (1998), "The use of MMR".
    """
    rows, tier, score = candidates
    order = np.lexsort((rows, -score, tier))
    n_fixed = int((tier == 0).sum())
    places = [Place(row=row, propensity=1.0) for row in rows[order[: min(n_fixed, limit)]].tolist()]
    pool = order[n_fixed : n_fixed + max(POOL_SIZE, limit)]
    utility: list[float] = score[pool].tolist()
    p_first = leading_probabilities(tier[order], score[order], limit, policy.exploration)
    if len(places) < limit and utility:
        likeness = _Comparison(index, rows[pool].tolist(), is_core)
        spread = policy.diversity * (utility[0] - utility[-1])
        drawing = _Drawing(utility, policy.exploration, spread, likeness)
        places += drawing.take([place.row for place in places], limit - len(places), rng)
    return Slate(places=tuple(places), order=order, p_first=p_first)


def leading_probabilities(
    tier: NDArray[np.int8], score: NDArray[np.float64], limit: int, exploration: float
) -> NDArray[np.float64]:
    """Return the probability of each candidate to lead a slate.

    Parameters
    ----------
    tier, score
        (n,), of candidates in order of tier, then falling score.
    limit
        Places, ≥ 1.
    exploration
        In [0,1].

    Returns
    -------
    ndarray
        float64, (n,): 1 for the first of tier 0, else as the best `POOL_SIZE` are drawn.
    """
    p_first = np.zeros(len(tier))
    p_first[:1] = 1.0
    if len(tier) and tier[0] != 0:
        pool = score[: max(POOL_SIZE, limit)].tolist()
        p_first[: len(pool)] = _probabilities(pool, exploration)
    return p_first


class _Drawing:
    """Takes from a pool, best first, one after the other.

    The pool is a few dozen modules, over which a plain loop costs less than calls into numpy.
    """

    def __init__(
        self, utility: list[float], temperature: float, spread: float, comparison: "_Comparison"
    ) -> None:
        self._utility, self._temperature, self._spread = utility, temperature, spread
        self._comparison = comparison
        self._likeness = [0.0] * len(utility)

    def take(self, above: list[int], n: int, rng: np.random.Generator) -> list[Place]:
        """Draw up to n places below the rows that stand above already."""
        left, rows = list(range(len(self._utility))), self._comparison.rows
        taken: list[Place] = []
        for row in above:
            self._vary(row)
        while left and len(taken) < n:
            if taken:
                self._vary(taken[-1].row)
            p = _probabilities(
                [self._utility[k] - self._spread * self._likeness[k] for k in left],
                self._temperature,
            )
            chosen = _draw(p, rng) if self._temperature > 0 else p.index(1.0)
            taken.append(Place(row=rows[left.pop(chosen)], propensity=p[chosen]))
        return taken

    def _vary(self, row: int) -> None:
        if self._spread > 0:
            alike = self._comparison.with_module(row)
            self._likeness = [max(pair) for pair in zip(self._likeness, alike, strict=True)]


def _draw(p: list[float], rng: np.random.Generator) -> int:
    """Return what `rng.choice(len(p), p=p)` returns, without its checks."""
    cumulative = list(accumulate(p))
    drawn = rng.random() * cumulative[-1]
    return min(bisect_right(cumulative, drawn), len(p) - 1)


def _probabilities(utility: list[float], temperature: float) -> list[float]:
    """Return softmax(utility / temperature); all weight on the first best where it is next to 0."""
    best = max(utility)
    if temperature <= COLDEST:
        p = [0.0] * len(utility)
        p[utility.index(best)] = 1.0
        return p
    weights = [exp((each - best) / temperature) for each in utility]
    total = fsum(weights)
    return [weight / total for weight in weights]


class _Comparison:
    """Modules that are compared with others: half for the cosine of skills, half for the format.

    Core modules are like nothing.
    """

    def __init__(
        self, index: CatalogueIndex, rows: list[int], is_core: Callable[[int], bool]
    ) -> None:
        self._index, self.rows, self._is_core = index, rows, is_core

    @cached_property
    def _varied(self) -> list[tuple[int, int]]:
        """Place and row of those that are not core."""
        return [(place, row) for place, row in enumerate(self.rows) if not self._is_core(row)]

    def with_module(self, row: int) -> list[float]:
        """Return the likeness of each of the modules to another, in [0,1]."""
        tags, lengths = self._index.skills.tags, self._index.skills.lengths
        formats = self._index.format_codes
        profile, length, code = dict(tags[row]), lengths[row], formats[row]
        likeness = [0.0] * len(self.rows)
        for place, other in self._varied:
            shared = 0.0
            for skill, weight in tags[other]:
                if skill in profile:
                    shared += weight * profile[skill]
            same = code >= 0 and formats[other] == code
            likeness[place] = 0.5 * shared / (length * lengths[other]) + 0.5 * same
        return likeness
