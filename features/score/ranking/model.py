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
from features.score.ranking.weights import NOWHERE, Recency, TopWeights, lags

N_CANDIDATES = 100
TIE_BREAK = 1e-6


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
        every = np.broadcast_to(np.arange(self.n_modules), (len(histories), self.n_modules))
        return list(self.components_at(every, histories).transpose(2, 0, 1))

    def base_scores(self, histories: Sequences) -> NDArray[np.float64]:
        """Return the weighted sum of readings that picks candidates; popularity breaks ties."""
        if self.factors is not None:
            base = self.factors.scores(histories)
        else:
            base = np.zeros((len(histories), self.n_modules))
            lag = lags(histories)
            for reading in self.readings:
                if reading.base:
                    weights = reading.base * reading.recency.of(lag)
                    base += self.matrices[reading.matrix].spread(histories, weights)
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
        n_learners, n = modules.shape
        # Where each module stands among those asked for, learner by learner.
        place = np.full((n_learners, self.n_modules), NOWHERE)
        np.put_along_axis(place, modules, np.arange(n_learners * n).reshape(n_learners, n), axis=1)
        lag, placed = lags(histories), place.ravel()
        parts = np.empty((len(self.readings) + len(self.pairs), n_learners * n))
        for name, weights in self.matrices.items():
            own = [row for row, reading in enumerate(self.readings) if reading.matrix == name]
            read = [self.readings[row].recency.of(lag) for row in own]
            for row, part in zip(own, weights.gather(histories, placed, read, n), strict=True):
                parts[row] = part
        for row, pairs in enumerate(self.pairs, start=len(self.readings)):
            parts[row] = pairs.gather(histories, placed, n)
        return parts.reshape(len(parts), n_learners, n).transpose(1, 2, 0)

    def describe(self, candidates: NDArray[np.int64], histories: Sequences) -> NDArray[np.float32]:
        """Describe candidates for the blend, (n_learners, n_candidates, n_features)."""
        own = self.module_features
        described = np.zeros((self.n_modules, 0), dtype=np.float32) if own is None else own
        return describe_candidates(
            self.components_at(candidates, histories).astype(np.float32),
            described[candidates],
            histories.lengths,
            None if self.waits is None else self.waits.describe(histories, candidates),
        )


def _put_above(
    base: NDArray[np.float64], candidates: NDArray[np.int64], blended: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Squeeze base scores into [0,1] and put the candidates above, in the blend's order."""
    lowest, highest = base.min(axis=1, keepdims=True), base.max(axis=1, keepdims=True)
    scores: NDArray[np.float64] = (base - lowest) / np.maximum(highest - lowest, 1e-12)
    relative = blended.astype(np.float64) - blended.min(axis=1, keepdims=True)
    np.put_along_axis(scores, candidates, 1.5 + relative, axis=1)
    return scores
