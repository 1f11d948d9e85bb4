"""What every kind of table file gives: a header, then batches of cells with their line numbers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BATCH_ROWS = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokenRow:
    """A row that does not fit under the header, as text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RawBatch:
    """Some rows of a file as they stand there.

    Attributes
    ----------
    lines
        int64, (n,): the line on which each row starts; in Parquet the row's number from 1.
    cells
        Column → n cells: strings, or a Parquet file's own types; null where empty.
    faults
        Row → (column, reason), for cells that are not even text.
    broken
        Further rows, which have no cells.
    """

    lines: NDArray[np.int64]
    cells: Mapping[str, pa.Array]
    faults: Mapping[int, tuple[str, str]]
    broken: tuple[BrokenRow, ...] = ()

    @property
    def n_read(self) -> int:
        """How many rows were read, broken ones included."""
        return len(self.lines) + len(self.broken)


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An open table file.

    Attributes
    ----------
    header
        The column names as they stand there.
    types
        Column → Arrow type where the file has types; empty for CSV, where all is text.
    batches
        The rows, once.
    """

    header: tuple[str, ...]
    types: Mapping[str, pa.DataType]
    batches: Iterator[RawBatch]
