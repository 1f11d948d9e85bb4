"""Stable two-way maps between ids and row or column numbers."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MISSING = -1


class IdMap:
    """Ids in a fixed order; the position of an id is its row or column number."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(ids)

    @cached_property
    def index_of(self) -> dict[str, int]:
        """Id → position."""
        return {name: position for position, name in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __contains__(self, name: object) -> bool:
        return name in self.index_of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdMap) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.ids)

    def positions(self, names: Iterable[str]) -> NDArray[np.int32]:
        """Return the position of each name, `MISSING` (−1) for those that are not in the map."""
        index_of = self.index_of
        return np.fromiter((index_of.get(name, MISSING) for name in names), dtype=np.int32)
