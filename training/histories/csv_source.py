"""CSV files, plain or gzipped, read with the true line number of every row.

The parser is Python's own `csv`: unlike faster ones it tells where a row starts (rows with quoted
line breaks span several lines) and goes on after a row it cannot read. Cells are checked as whole
columns afterwards, which is where the time goes.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.domain.errors import HistoryFolderError
from training.histories.bad_rows import as_csv_line, counted
from training.histories.source import BATCH_ROWS, BrokenRow, RawBatch, Source

NOT_UTF8 = "is not valid UTF-8: save the file as UTF-8"
MAX_CELL_LENGTH = 131_072

# What `csv` says, and what it means to somebody who looks at the file.
_PARSER_REASONS = {
    "unexpected end of data": "a quote is opened and never closed",
    "',' expected after '\"'": "a quote is closed in the middle of a cell",
    f"field larger than field limit ({MAX_CELL_LENGTH})": (
        f"a cell is longer than {MAX_CELL_LENGTH:,} characters, or a quote is never closed"
    ),
}


class _Lines:
    """The lines of a text file, remembering those of the row being read."""

    def __init__(self, file: IO[str], name: str) -> None:
        self._file = file
        self._name = name
        self.of_row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        n_read = 0
        try:
            for n_read, line in enumerate(self._file, start=1):  # noqa: B007 - told if it breaks off
                self.of_row.append(line)
                yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise HistoryFolderError(
                f"{self._name}: the gzip file is cut off or damaged after line {n_read}, "
                "nothing was taken. Make or copy it again."
            ) from error
        except OSError as error:
            raise HistoryFolderError(
                f"{self._name}: cannot be read ({error.strerror or error}), nothing was taken."
            ) from error


@contextmanager
def open_csv(path: Path) -> Iterator[Source | None]:
    """Open a CSV file; it gives None where the file has no line at all.

    Raises
    ------
    HistoryFolderError
        If the file cannot be read or its gzip stream is damaged, then or while reading.
    """
    with _open_text(path) as file:
        lines = _Lines(file, path.name)
        records = _records(lines)
        _, header = next(records, (0, None))
        if header is None:
            yield None
        elif isinstance(header, BrokenRow):
            raise HistoryFolderError(f"{path.name}:1: the header cannot be read: {header.reason}")
        else:
            names = tuple(name.strip() for name in header)
            yield Source(header=names, types={}, batches=_batches(records, names))


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        # Bytes that are not UTF-8 come through as lone surrogates, so that they can be placed.
        file = opener(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise HistoryFolderError(f"{path.name}: cannot be opened ({error.strerror}).") from error
    with file:
        yield file


def _records(lines: _Lines) -> Iterator[tuple[int, list[str] | BrokenRow]]:
    """Give every row with the line it starts on, empty lines left out."""
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + 1
        lines.of_row.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = _PARSER_REASONS.get(str(error), str(error))
            yield line, BrokenRow(line=line, reason=reason, text="".join(lines.of_row).strip())
            continue
        if row:
            yield line, row


def _batches(
    records: Iterator[tuple[int, list[str] | BrokenRow]], header: tuple[str, ...]
) -> Iterator[RawBatch]:
    while batch := list(islice(records, BATCH_ROWS)):
        lines: list[int] = []
        rows: list[list[str]] = []
        broken: list[BrokenRow] = []
        for line, row in batch:
            if isinstance(row, BrokenRow):
                broken.append(row)
            elif len(row) != len(header):
                reason = f"has {counted(len(row), 'cell')}, the header {len(header)}"
                broken.append(BrokenRow(line=line, reason=reason, text=as_csv_line(row)))
            else:
                lines.append(line)
                rows.append(row)
        yield _to_batch(lines, rows, header, tuple(broken))


def _to_batch(
    lines: list[int],
    rows: list[list[str]],
    header: tuple[str, ...],
    broken: tuple[BrokenRow, ...],
) -> RawBatch:
    cells: dict[str, pa.Array] = {}
    faults: dict[int, tuple[str, str]] = {}
    columns = zip(*rows, strict=True) if rows else ((),) * len(header)
    for name, column in zip(header, columns, strict=True):
        try:
            texts = pa.array(column, pa.string())
        except UnicodeEncodeError:
            readable = [_readable(cell) for cell in column]
            for row, (cell, text) in enumerate(zip(column, readable, strict=True)):
                if cell != text:
                    faults.setdefault(row, (name, NOT_UTF8))
            texts = pa.array(readable, pa.string())
        cells[name] = pc.if_else(pc.equal(texts, ""), None, texts)
    return RawBatch(lines=np.array(lines, np.int64), cells=cells, faults=faults, broken=broken)


def _readable(cell: str) -> str:
    """Return the cell with what is not UTF-8 replaced by �."""
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
