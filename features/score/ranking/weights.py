"""Module-to-module weights and how a history is laid over them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.encode.sequences import Sequences

NOWHERE = -1


@dataclass(frozen=True, kw_only=True)
class Recency:
    """Weight of the l-th last module (l = 1 for the last): l^−power · decay^(l − 1).

    `power` ≥ 0; `decay` in (0,1]; `only` > 0 leaves the only-th last module alone.
    """

    power: float = 0.0
    decay: float = 1.0
    only: int = 0

    def of(self, lag: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weights of lags ≥ 1, float64 of the same shape."""
        place = np.full(1, self.only) if self.only else lag
        weights: NDArray[np.float64] = place.astype(np.float64) ** -self.power
        if self.decay < 1.0:
            weights *= self.decay ** (place - 1.0)
        return np.where(lag == self.only, weights, 0.0) if self.only else weights


def places(modules: NDArray[np.int64], n_modules: int) -> NDArray[np.int64]:
    """Return where every module stands among those asked for, `NOWHERE` for the others.

    Parameters
    ----------
    modules
        int64, (n_learners, n), none twice in a row.

    Returns
    -------
    int64, (n_learners, n_modules), each 0 … n − 1 or `NOWHERE`.
    """
    n_learners, n = modules.shape
    placed = np.full((n_learners, n_modules), NOWHERE)
    placed[np.arange(n_learners)[:, None], modules] = np.arange(n)
    return placed


@dataclass(frozen=True, kw_only=True)
class TopWeights:
    """For each module, its weights on the `n` modules they are largest for.

    Attributes
    ----------
    column
        int32, (n_modules, n), none twice in a row.
    weight
        float32, (n_modules, n), 0 where padded.
    """

    column: NDArray[np.int32]
    weight: NDArray[np.float32]

    @property
    def n_modules(self) -> int:
        """How many modules."""
        return len(self.column)

    def spread(self, histories: Sequences, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum the rows of each learner's modules, weighted, (n_learners, n_modules).

        Parameters
        ----------
        histories
            n learners.
        weights
            float64, one an entry of `histories`.
        """
        shape = len(histories), self.n_modules
        where = self.column[histories.module]
        if len(histories) > 1:
            where = histories.learner[:, None] * self.n_modules + where
        weighted = weights[:, None] * self.weight[histories.module]
        total = np.bincount(where.ravel(), weighted.ravel(), shape[0] * shape[1])
        return total.reshape(shape)

    def gather(
        self, histories: Sequences, placed: NDArray[np.int64], readings: NDArray[np.float64], n: int
    ) -> NDArray[np.float64]:
        """Sum as `spread` does, but for some modules only, and once for each way of weighing.

        Parameters
        ----------
        histories
            n learners.
        placed
            int64, (n_learners, n_modules), as `places` finds them.
        readings
            float64, (n_readings, n_entries), weights of the entries of `histories`.
        n
            How many modules are asked for of each learner.

        Returns
        -------
        float64, (n_learners, n_readings, n).
        """
        used = readings.any(axis=0).nonzero()[0]
        module, learner = histories.module[used], histories.learner[used]
        where = self.column[module]
        if len(histories) > 1:
            where = (learner * self.n_modules)[:, None] + where
        at = placed.ravel().take(where.ravel())
        found = (at >= 0).nonzero()[0]
        told = np.zeros((len(used), n))
        cell = found // max(where.shape[1], 1) * n + at[found]
        told.ravel()[cell] = self.weight[module].ravel()[found]
        read = readings[:, used]
        ends = learner.searchsorted(np.arange(len(histories) + 1)).tolist()
        return np.array([read[:, first:end] @ told[first:end] for first, end in pairwise(ends)])

    def packed(self) -> "TopWeights":
        """Return the same weights in rows as short as the longest of them without its padding."""
        width = int(np.count_nonzero(self.weight, axis=1).max(initial=0))
        if width == self.weight.shape[1]:
            return self
        order = np.argsort(self.weight == 0.0, axis=1, kind="stable")[:, :width]
        return TopWeights(
            column=np.take_along_axis(self.column, order, axis=1),
            weight=np.take_along_axis(self.weight, order, axis=1),
        )


def keep_top(weights: NDArray[np.floating] | sparse.csr_array, n: int) -> TopWeights:
    """Keep the `n` largest entries of each row of a square matrix, and of those the positive.

    What a module speaks against is left out: dropping it costs nothing in NDCG on course
    enrolments, and a row stays as short as what it has to say.

    Parameters
    ----------
    weights
        (n_modules, n_modules): row = module in the history, column = module to come.
    n
        At least 1; capped at n_modules.
    """
    n = max(1, min(n, weights.shape[1]))
    if isinstance(weights, sparse.csr_array):
        return _keep_top_entries(weights, n)
    column = np.argpartition(-weights, n - 1, axis=1)[:, :n].astype(np.int32)
    column.sort(axis=1)
    weight = np.maximum(np.take_along_axis(weights, column, axis=1), 0.0).astype(np.float32)
    return TopWeights(column=column, weight=weight)


def _keep_top_entries(weights: sparse.csr_array, n: int) -> TopWeights:
    """Do so where most entries are 0 and not even kept, in rows as short as the longest."""
    kept = among_largest(weights.data, weights.indptr, n)
    ends = np.concatenate([[0], np.cumsum(kept)])[weights.indptr]
    row = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    width = max(1, int(np.diff(ends).max(initial=0)))
    # From the right, so that on the left of a row is room for modules that it does not have.
    place = width - 1 - (np.arange(ends[-1]) - ends[row])
    column, weight = weights.indices[kept], np.zeros((len(ends) - 1, width), dtype=np.float32)
    weight[row, place] = weights.data[kept]
    has = np.zeros(weight.shape, dtype=bool)
    has[row[column < width], column[column < width]] = True
    columns = np.argsort(has, axis=1, kind="stable").astype(np.int32)
    columns[row, place] = column
    return TopWeights(column=columns, weight=weight)


def among_largest(
    values: NDArray[np.floating], indptr: NDArray[np.integer], n: int
) -> NDArray[np.bool_]:
    """Tell which entries of sparse rows are positive and among the `n` ≥ 1 largest of their row.

    `values` is (n_entries,), `indptr` (n_rows + 1,), and bool, (n_entries,), is what is returned.
    """
    among = values > 0.0
    for start, end in pairwise(indptr.tolist()):
        if end - start > n:
            smaller = np.argpartition(values[start:end], end - start - n)[: end - start - n]
            among[start + smaller] = False
    return among
