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
        scores = self.base_scores(histories)
        if self.blend is not None:
            candidates = self.candidates(scores, histories)
            scores = _put_above(
                scores, candidates, self.blend.scores(self.describe(candidates, histories))
            )
        scores[histories.lengths == 0] = self.popularity
        return scores

    def components(self, histories: Sequences) -> list[NDArray[np.float64]]:
        """Return the scores of every reading and pair table, each (n_learners, n_modules)."""
        every = np.tile(np.arange(self.n_modules), (len(histories), 1))
        return list(self.components_at(every, histories).transpose(2, 0, 1))

    def base_scores(self, histories: Sequences) -> NDArray[np.float64]:
        """Return the weighted sum of readings that picks candidates; popularity breaks ties."""
        if self.factors is not None:
            base = self.factors.scores(histories)
        else:
            base = np.zeros((len(histories), self.n_modules))
            weights = self._weigh(histories.lag)
            for row, reading in enumerate(self.readings):
                if reading.base:
                    told = reading.base * weights[row]
                    base += self.matrices[reading.matrix].spread(histories, told)
        base += self._tie_break
        return base

    @cached_property
    def _tie_break(self) -> NDArray[np.float64]:
        return TIE_BREAK * self.popularity / max(self.popularity.max(initial=0.0), 1.0)

    def candidates(self, base: NDArray[np.float64], histories: Sequences) -> NDArray[np.int64]:
        """Return the modules the blend orders, (n_learners, n_candidates)."""
        seen = np.zeros(base.shape, dtype=bool)
        seen[histories.learner, histories.module] = True
        return best_candidates(base, seen, N_CANDIDATES)

    def components_at(
        self, modules: NDArray[np.int64], histories: Sequences
    ) -> NDArray[np.float64]:
        """Return the scores of every reading and pair table for some modules of each learner.

        Parameters
        ----------
        modules
            int64, (n_learners, n), none twice in a row.

        Returns
        -------
        float64, (n_learners, n, n_components).
        """
        return self._components(places(modules, self.n_modules), histories, modules.shape[1])

    def _components(
        self, placed: NDArray[np.int64], histories: Sequences, n: int
    ) -> NDArray[np.float64]:
        parts = np.empty((len(placed), len(self.readings) + len(self.pairs), n))
        weights = self._weigh(histories.lag)
        for name, own in self._readings_of.items():
            parts[:, own] = self.matrices[name].gather(histories, placed, weights[own], n)
        for row, pairs in enumerate(self.pairs, start=len(self.readings)):
            parts[:, row] = pairs.gather(histories, placed, n)
        return parts.transpose(0, 2, 1)

    @cached_property
    def _readings_of(self) -> Mapping[str, list[int]]:
        """The rows of `readings` by the matrix they read."""
        read = [reading.matrix for reading in self.readings]
        return {
            name: [row for row, one in enumerate(read) if one == name]
            for name in dict.fromkeys(read)
        }

    @cached_property
    def _tabled(self) -> NDArray[np.float64]:
        """The weights of lags 0 … `TABLED_LAGS` by reading; that of lag 0 is never looked at."""
        lag = np.arange(1, TABLED_LAGS + 1)
        tabled = np.zeros((len(self.readings), TABLED_LAGS + 1))
        for row, reading in enumerate(self.readings):
            tabled[row, 1:] = reading.recency.of(lag)
        return tabled

    def _weigh(self, lag: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weights of some lags by reading, (n_readings, n)."""
        if lag.max(initial=0) <= TABLED_LAGS:
            return self._tabled.take(lag, axis=1)
        return np.array([reading.recency.of(lag) for reading in self.readings])

    def describe(self, candidates: NDArray[np.int64], histories: Sequences) -> NDArray[np.float32]:
        """Describe candidates for the blend, (n_learners, n_candidates, n_features)."""
        own = self.module_features
        described = np.zeros((self.n_modules, 0), dtype=np.float32) if own is None else own
        placed = places(candidates, self.n_modules)
        parts = self._components(placed, histories, candidates.shape[1])
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
