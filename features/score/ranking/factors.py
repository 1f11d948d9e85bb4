"""Folding a learner into matrix factors in closed form."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class FactorFoldIn:
    """Implicit-feedback ALS for learners who were not trained on.

    Attributes
    ----------
    factors
        float32, (n_modules, n_factors).
    regularization
        λ > 0.
    confidence
        Weight c ≥ 1 of a module in the history; all others weigh 1.

    References
    ----------
    Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets", eq. 4.
    With H the factors of the history and A = YᵀY + λI, the learner's factors are
    c·A⁻¹Hᵀ(I + (c − 1)·HA⁻¹Hᵀ)⁻¹1: a system as large as the history, not as the factors.
    """

    factors: NDArray[np.float32]
    regularization: float
    confidence: float

    @cached_property
    def _solved(self) -> NDArray[np.float32]:
        """Return Y·A⁻¹, float32, (n_modules, n_factors)."""
        wide = self.factors.astype(np.float64)
        gram = wide.T @ wide + self.regularization * np.eye(wide.shape[1])
        return np.linalg.solve(gram, wide.T).T.astype(np.float32)

    def scores(self, histories: Sequences) -> NDArray[np.float64]:
        """Return scores of every module, (n_learners, n_modules); zeros without a history."""
        folded = np.zeros((len(histories), self.factors.shape[1]), dtype=np.float32)
        for row in range(len(histories)):
            modules = histories.of(row)
            if len(modules):
                own, solved = self.factors[modules], self._solved[modules]
                system = np.eye(len(modules)) + (self.confidence - 1.0) * (solved @ own.T)
                share = np.linalg.solve(system, np.ones(len(modules)))
                folded[row] = self.confidence * (share @ solved)
        scores: NDArray[np.float64] = (folded @ self.factors.T).astype(np.float64)
        return scores
