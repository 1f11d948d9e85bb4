"""What followed two recent modules together, in their order or in any."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences


@dataclass(frozen=True, kw_only=True)
class PairTransitions:
    """Sparse shares of what came after a pair of modules.

    Attributes
    ----------
    n_modules
        Size of the catalogue learned from.
    ordered
        Whether the order of the two counts.
    far, near
        Which two they are, counted from the end of the history: 2 and 1 are the last two.
    pair
        int64, (n_pairs,), ascending, as `number_pairs` makes them.
    indptr
        int64, (n_pairs + 1,).
    column
        int32, (n_entries,), the module that followed.
    weight
        float32, (n_entries,), its share among the followers, shrunk for rare pairs.
    """

    n_modules: int
    ordered: bool
    far: int
    near: int
    pair: NDArray[np.int64]
    indptr: NDArray[np.int64]
    column: NDArray[np.int32]
    weight: NDArray[np.float32]

    def gather(
        self, histories: Sequences, placed: NDArray[np.int64], n: int
    ) -> NDArray[np.float64]:
        """Return shares of some modules, (n_learners, n); zeros where the pair was never seen.

        Parameters
        ----------
        histories
            n learners.
        placed, n
            As in `TopWeights.gather`.
        """
        result = np.zeros((len(histories), n))
        if not len(self.pair):
            return result
        for row in (histories.lengths >= self.far).nonzero()[0].tolist():
            end = histories.indptr[row + 1]
            two = int(histories.module[end - self.far]), int(histories.module[end - self.near])
            first, second = two if self.ordered else sorted(two)
            number = first * self.n_modules + second
            place = int(self.pair.searchsorted(number))
            if place < len(self.pair) and self.pair[place] == number:
                span = slice(self.indptr[place], self.indptr[place + 1])
                at = placed[row, self.column[span]]
                result[row, at[at >= 0]] = self.weight[span][at >= 0]
        return result


def number_pairs(
    first: NDArray[np.integer], second: NDArray[np.integer], n_modules: int, *, ordered: bool
) -> NDArray[np.int64]:
    """Return one number for each pair of modules; without order, (a, b) and (b, a) share one."""
    first, second = first.astype(np.int64), second.astype(np.int64)
    if not ordered:
        first, second = np.minimum(first, second), np.maximum(first, second)
    number: NDArray[np.int64] = first * n_modules + second
    return number
