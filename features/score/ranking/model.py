"""A ranking model: matrices, how histories are read on them, and a blend of the readings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences
from features.score.ranking.blend import Blend, best_candidates, describe_candidates
from features.score.ranking.factors import FactorFoldIn
from features.score.ranking.pairs import PairTransitions
from features.score.ranking.stack import Overlay, Stack
from features.score.ranking.waits import Waits
from features.score.ranking.weights import Recency, TopWeights, places

N_CANDIDATES = 100
TIE_BREAK = 1e-6
TABLED_LAGS = 1_024  # longer histories are weighed one by one


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A matrix read with a recency; `base` is its share in choosing candidates."""

    matrix: str
    recency: Recency
    base: float = 0.0


@dataclass(frozen=True, kw_only=True)
class RankingModel:
    """Scores every module of a snapshot as the next one.

    Attributes
    ----------
    popularity
        float64, (n_modules,), learners who met each module; the fallback and the tie-breaker.
    matrices, readings
        Module-to-module weights by name, and how they are read.
    factors
        The model itself where there are no readings; not part of a blend.
    pairs
        Further components of a blend.
    blend, module_features
        The network over candidates and float32, (n_modules, n_module_features); without a blend
        the base score ranks.
    waits
        What the time since the last module is compared with; None where the blend knows no time:
        what it was learned from has ordinals, or time was of no use.
    """

    popularity: NDArray[np.float64]
    matrices: Mapping[str, TopWeights] = field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    factors: FactorFoldIn | None = None
    pairs: tuple[PairTransitions, ...] = ()
    blend: Blend | None = None
    module_features: NDArray[np.float32] | None = None
    waits: Waits | None = None

    @property
    def n_modules(self) -> int:
        """How many modules it knows."""
        return len(self.popularity)

    def scores(self, histories: Sequences) -> NDArray[np.float64]:
        """Score every module as the next one of each learner.

        Parameters
        ----------
        histories
            n learners, module positions of this model.

        Returns
        -------
        float64, (n_learners, n_modules), higher is more likely; comparable within a learner.
        Learners without history get popularity. Modules already met are scored, but only to be
        left out by the caller: no candidate of the blend is among them.
        """
        over = self.lay(histories)
        scores = self.base_scores(over)
        if self.blend is not None:
            candidates = self.candidates(scores, histories)
            scores = _put_above(
                scores, candidates, self.blend.scores(self.describe(candidates, over))
            )
        scores[histories.lengths == 0] = self.popularity
        return scores

    def lay(self, histories: Sequences) -> Overlay:
        """Lay the matrices over histories, whose modules are positions of this model."""
        return self._stack.under(histories)

    @cached_property
    def _stack(self) -> Stack:
        return Stack.of(list(self.matrices.values()), self.n_modules)

    def components(self, histories: Sequences) -> list[NDArray[np.float64]]:
        """Return the scores of every reading and pair table, each (n_learners, n_modules)."""
        every = np.tile(np.arange(self.n_modules), (len(histories), 1))
        parts = self._components(places(every, self.n_modules), self.lay(histories), every.shape[1])
        return list(parts.transpose(2, 0, 1))

    def base_scores(self, over: Overlay) -> NDArray[np.float64]:
        """Return the weighted sum of readings that picks candidates; popularity breaks ties."""
        if self.factors is not None:
            base = self.factors.scores(over.histories)
        else:
            base = over.spread(self._base_shares(over.histories.lag))
        base += self._tie_break
        return base

    @cached_property
    def _tie_break(self) -> NDArray[np.float64]:
        return TIE_BREAK * self.popularity / max(self.popularity.max(initial=0.0), 1.0)

    def _base_shares(self, lag: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what each matrix is worth in choosing candidates, (n, n_matrices)."""
        if lag.max(initial=0) <= TABLED_LAGS:
            return self._tabled_shares.take(lag, axis=0)
        return self._shares_of(self._weigh(lag))

    @cached_property
    def _tabled_shares(self) -> NDArray[np.float64]:
        return self._shares_of(self._tabled.T)

    def _shares_of(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        shares = np.zeros((weights.shape[1], len(self.matrices)))
        for row, reading in enumerate(self.readings):
            shares[:, self._reads[row]] += reading.base * weights[row]
        return shares

    def candidates(self, base: NDArray[np.float64], histories: Sequences) -> NDArray[np.int64]:
        """Return the modules the blend orders, (n_learners, n_candidates)."""
        seen = np.zeros(base.shape, dtype=bool)
        seen[histories.learner, histories.module] = True
        return best_candidates(base, seen, N_CANDIDATES)

    def _components(self, placed: NDArray[np.int64], over: Overlay, n: int) -> NDArray[np.float64]:
        """Return the scores of every reading and pair table for some modules of each learner.

        Parameters
        ----------
        placed, n
            As in `Overlay.gather`.

        Returns
        -------
        float64, (n_learners, n, n_components).
        """
        histories = over.histories
        parts = np.empty((len(placed), len(self.readings) + len(self.pairs), n))
        weights, told = self._weigh(histories.lag), over.gather(placed, n)
        for place, rows in enumerate(self._read_by):
            read = weights[rows]
            for learner, met in enumerate(histories.spans):
                parts[learner, rows] = read[:, met] @ told[met, place]
        for row, pairs in enumerate(self.pairs, start=len(self.readings)):
            parts[:, row] = pairs.gather(histories, placed, n)
        return parts.transpose(0, 2, 1)

    @cached_property
    def _reads(self) -> list[int]:
        """The place of the matrix that each reading reads."""
        names = list(self.matrices)
        return [names.index(reading.matrix) for reading in self.readings]

    @cached_property
    def _read_by(self) -> list[NDArray[np.int64]]:
        """The rows of `readings` that read each matrix."""
        return [np.flatnonzero(np.equal(self._reads, place)) for place in range(len(self.matrices))]

    @cached_property
    def _tabled(self) -> NDArray[np.float64]:
        """The weights of lags 0 … `TABLED_LAGS` and readings; those of lag 0 are never used."""
        lag = np.arange(1, TABLED_LAGS + 1)
        tabled = np.zeros((TABLED_LAGS + 1, len(self.readings)))
        for row, reading in enumerate(self.readings):
            tabled[1:, row] = reading.recency.of(lag)
        return tabled

    def _weigh(self, lag: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weights of some lags by reading, (n_readings, n)."""
        if lag.max(initial=0) <= TABLED_LAGS:
            return self._tabled.take(lag, axis=0).T
        return np.array([reading.recency.of(lag) for reading in self.readings])

    def describe(self, candidates: NDArray[np.int64], over: Overlay) -> NDArray[np.float32]:
        """Describe candidates for the blend, (n_learners, n_candidates, n_features)."""
        own, histories = self.module_features, over.histories
        described = np.zeros((self.n_modules, 0), dtype=np.float32) if own is None else own
        placed = places(candidates, self.n_modules)
        parts = self._components(placed, over, candidates.shape[1])
        return describe_candidates(
            parts.astype(np.float32),
            described[candidates],
            histories.lengths,
            None if self.waits is None else self.waits.describe(histories, candidates, placed),
        )


def _put_above(
    base: NDArray[np.float64], candidates: NDArray[np.int64], blended: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Squeeze base scores into [0,1] and put the candidates above, in the blend's order."""
    lowest, highest = base.min(axis=1, keepdims=True), base.max(axis=1, keepdims=True)
    scores: NDArray[np.float64] = (base - lowest) / np.maximum(highest - lowest, 1e-12)
    relative = blended.astype(np.float64) - blended.min(axis=1, keepdims=True)
    scores[np.arange(len(scores))[:, None], candidates] = 1.5 + relative
    return scores
