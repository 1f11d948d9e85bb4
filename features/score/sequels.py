"""What how one module went says of the next: log odds of pairs of modules met in succession.

References
----------
Khajah, M., Lindsey, R. & Mozer, M. (2016). How deep is knowledge tracing? (what recurrent networks
add to counters: recency, and how exercises depend on those just before)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Sequels:
    """Pairs of modules in order of (first, then), each at most once.

    Attributes
    ----------
    first, then
        int32, (n_pairs,): positions of the module just met and of the one asked about.
    effect
        float64, (n_pairs, 2): what is added to the log odds of `then` where the attempt at
        `first` failed, and where it succeeded.
    """

    first: NDArray[np.int32]
    then: NDArray[np.int32]
    effect: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)

    def find(self, previous: NDArray[np.int64], module: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the pair of each row, −1 where it is none of these; `previous` may be −1."""
        if len(self) == 0:
            return np.full(len(module), -1)
        n = 1 + max(int(self.then.max()), int(module.max(initial=0)))
        keys = self.first.astype(np.int64) * n + self.then
        asked = previous * n + module
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        return np.where((previous >= 0) & (keys[at] == asked), at, -1)

    def added(
        self,
        previous: NDArray[np.int64],
        module: NDArray[np.int64],
        succeeded: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Return what is added to the log odds of each row, (n,)."""
        pair = self.find(previous, module)
        if len(self) == 0:
            return np.zeros(len(module))
        return np.where(pair >= 0, self.effect[pair, succeeded.astype(np.int64)], 0.0)

    def after(self, previous: int) -> slice:
        """Return the pairs whose first module is `previous`."""
        ends = np.array([previous, previous + 1], dtype=self.first.dtype)
        low, high = np.searchsorted(self.first, ends)
        return slice(int(low), int(high))

    def placed(self, position: NDArray[np.int32]) -> "Sequels":
        """Return the pairs among modules at new positions; −1 drops a module."""
        if len(self) == 0:
            return self
        first, then = position[self.first], position[self.then]
        kept = np.flatnonzero((first >= 0) & (then >= 0))
        order = kept[np.lexsort((then[kept], first[kept]))]
        return Sequels(first=first[order], then=then[order], effect=self.effect[order])

    def scaled(self, factor: float) -> "Sequels":
        """Return the pairs with every effect multiplied by `factor`."""
        return Sequels(first=self.first, then=self.then, effect=self.effect * factor)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the parts by name."""
        return {"first": self.first, "then": self.then, "effect": self.effect}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Sequels":
        """Rebuild what `to_arrays` took apart."""
        return cls(first=arrays["first"], then=arrays["then"], effect=arrays["effect"])


def no_sequels() -> Sequels:
    """Return pairs that say nothing."""
    nothing = np.zeros(0, dtype=np.int32)
    return Sequels(first=nothing, then=nothing, effect=np.zeros((0, 2)))
