"""All matrices of a ranking model end to end, so that a history is laid over them in one go."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences
from features.encode.skills import spans
from features.score.ranking.weights import TopWeights


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Several module-to-module matrices without their padding.

    Attributes
    ----------
    n_modules, n_matrices
        Sizes.
    column, weight
        int32 and float32, (n_entries,): modules to come, and their weights.
    bounds
        int64, (n_modules · n_matrices + 1,): what module i has in matrix k are the entries
        bounds[i · n_matrices + k] up to the next bound.
    """

    n_modules: int
    n_matrices: int
    column: NDArray[np.int32]
    weight: NDArray[np.float32]
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, matrices: Sequence[TopWeights], n_modules: int) -> "Stack":
        """Put matrices of `n_modules` rows end to end, in their order."""
        every = list(matrices)
        is_told = [one.weight != 0.0 for one in every]
        lengths = np.zeros((n_modules, len(every)), dtype=np.int64)
        for k, told in enumerate(is_told):
            lengths[:, k] = np.count_nonzero(told, axis=1)
        bounds = np.zeros(lengths.size + 1, dtype=np.int64)
        lengths.ravel().cumsum(out=bounds[1:])
        column = np.empty(bounds[-1], dtype=np.int32)
        weight = np.empty(bounds[-1], dtype=np.float32)
        for k, (one, told) in enumerate(zip(every, is_told, strict=True)):
            at = spans(bounds[k : -1 : len(every)], lengths[:, k])
            column[at], weight[at] = one.column[told], one.weight[told]
        return cls(
            n_modules=n_modules,
            n_matrices=len(every),
            column=column,
            weight=weight,
            bounds=bounds,
        )

    def under(self, histories: Sequences) -> "Overlay":
        """Return what the rows of each learner's modules say, matrix by matrix."""
        first = histories.module * np.int64(self.n_matrices)
        part = [
            slice(start, end)
            for start, end in zip(
                self.bounds[first].tolist(),
                self.bounds[first + self.n_matrices].tolist(),
                strict=True,
            )
        ]
        cell = first[:, None] + np.arange(self.n_matrices)
        lengths = (self.bounds[cell + 1] - self.bounds[cell]).ravel()
        column = np.concatenate([self.column[each] for each in part] or [self.column[:0]])
        if len(histories) > 1:
            offset = (histories.learner * self.n_modules).repeat(self.n_matrices)
            column = column + offset.repeat(lengths)
        return Overlay(
            stack=self,
            histories=histories,
            lengths=lengths,
            place=column,
            weight=np.concatenate([self.weight[each] for each in part] or [self.weight[:0]]),
        )


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """The entries of a stack that the histories of n learners lie over.

    Attributes
    ----------
    stack, histories
        What lies over what.
    lengths
        int64, (n_met · n_matrices,): how many entries each module met has in each matrix.
    place, weight
        int64 or int32, and float32, (n_entries,): learner · n_modules + module to come.
    """

    stack: Stack
    histories: Sequences
    lengths: NDArray[np.int64]
    place: NDArray[np.integer]
    weight: NDArray[np.float32]

    def spread(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the rows of each learner's modules, weighted, (n_learners, n_modules).

        `shares` is float64, (n_met, n_matrices): what each module met counts in each matrix.
        """
        shape = len(self.histories), self.stack.n_modules
        told = shares.ravel().repeat(self.lengths)
        told *= self.weight
        total = np.bincount(self.place, told, shape[0] * shape[1]).astype(np.float64, copy=False)
        return total.reshape(shape)

    def gather(self, placed: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        """Return what each module met says of some modules, (n_met, n_matrices, n).

        Parameters
        ----------
        placed
            int64, (n_learners, n_modules), as `places` finds them.
        n
            How many modules are asked for of each learner.
        """
        # Every place is one; to have that checked takes numpy ten times as long.
        at = placed.ravel().take(self.place, mode="clip")
        found = (at >= 0).nonzero()[0]
        told = np.zeros((len(self.histories.module), self.stack.n_matrices, n))
        row = np.arange(len(self.lengths)).repeat(self.lengths)
        told.ravel()[row[found] * n + at[found]] = self.weight[found]
        return told
