"""CSV files, plain or gzipped, read with the true line number of every row.

Batches of lines that hold a row each, and quotes only around whole cells, are parsed by Arrow at
once. All others go through Python's own `csv`: slower, but it tells where a row starts (rows with
quoted line breaks span several lines) and goes on after a row it cannot read.
"""

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

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
    """The lines of a text file; a file that fails while it is read is named."""

    def __init__(self, file: IO[str], name: str) -> None:
        self._lines = iter(file)
        self._name = name
        self.n_read = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.take(1):
            yield line[0]

    def take(self, n: int) -> list[str]:
        """Return the next `n` lines, fewer where the file ends."""
        lines: list[str] = []
        try:
            lines.extend(islice(self._lines, n))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise HistoryFolderError(
                f"{self._name}: the gzip file is cut off or damaged after line "
                f"{self.n_read + len(lines)}, nothing was taken. Make or copy it again."
            ) from error
        except OSError as error:
            raise HistoryFolderError(
                f"{self._name}: cannot be read ({error.strerror or error}), nothing was taken."
            ) from error
        self.n_read += len(lines)
        return lines


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
        _, header = next(_records(lines, 0), (0, None))
        if header is None:
            yield None
        elif isinstance(header, BrokenRow):
            raise HistoryFolderError(f"{path.name}:1: the header cannot be read: {header.reason}")
        else:
            names = tuple(name.strip() for name in header)
            yield Source(header=names, types={}, batches=_batches(lines, names))


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


def _records(lines: Iterable[str], n_before: int) -> Iterator[tuple[int, list[str] | BrokenRow]]:
    """Give every row with the line it starts on, empty lines left out."""
    of_row: list[str] = []

    def remembered() -> Iterator[str]:
        for line in lines:
            of_row.append(line)
            yield line

    reader = csv.reader(remembered(), strict=True)
    while True:
        line = n_before + reader.line_num + 1
        of_row.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = _PARSER_REASONS.get(str(error), str(error))
            yield line, BrokenRow(line=line, reason=reason, text="".join(of_row).strip())
            continue
        if row:
            yield line, row


def _batches(lines: _Lines, header: tuple[str, ...]) -> Iterator[RawBatch]:
    while True:
        n_before = lines.n_read
        taken = lines.take(BATCH_ROWS)
        if not taken:
            return
        cells = _plain_cells(taken, header)
        if cells is None:
            yield _read_each(_records_of(taken, lines, n_before), header)
        else:
            first = n_before + 1
            numbers = np.arange(first, first + len(taken), dtype=np.int64)
            yield RawBatch(lines=numbers, cells=cells, faults={})


def _records_of(
    taken: list[str], lines: _Lines, n_before: int
) -> Iterator[tuple[int, list[str] | BrokenRow]]:
    """Give the rows that start in the lines taken; the last may need some of those that follow."""
    last = n_before + len(taken)
    for line, row in _records(chain(taken, lines), n_before):
        yield line, row
        if lines.n_read > last or line >= last:
            return


def _plain_cells(lines: list[str], header: tuple[str, ...]) -> dict[str, pa.Array] | None:
    """Parse lines that are one row each, all at once; None where any may be something else."""
    text = "".join(lines)
    # Arrow would take a byte order mark away, and end a line where `csv` may not.
    if text.startswith("\ufeff") or text.count("\r") != text.count("\r\n"):
        return None
    try:
        content = text.encode()
    except UnicodeEncodeError:
        return None
    if len(content) > MAX_CELL_LENGTH < max(map(len, lines)) or not _is_plainly_quoted(content):
        return None
    try:
        table = pa.csv.read_csv(
            pa.py_buffer(content),
            read_options=pa.csv.ReadOptions(
                use_threads=False,
                block_size=len(content) + 1,
                column_names=[str(place) for place in range(len(header))],
            ),
            parse_options=pa.csv.ParseOptions(newlines_in_values=False),
            convert_options=pa.csv.ConvertOptions(
                column_types={str(place): pa.string() for place in range(len(header))}
            ),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != len(lines):
        return None
    columns = (column.combine_chunks() for column in table.columns)
    return {name: _filled(column) for name, column in zip(header, columns, strict=True)}


def _is_plainly_quoted(content: bytes) -> bool:
    """Tell whether quotes, if any, stand in pairs around whole cells of one line."""
    if b'"' not in content:
        return True
    text = np.frombuffer(content, np.uint8)
    quotes = np.flatnonzero(text == ord('"'))
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = text[np.maximum(opening - 1, 0)]
    after = text[np.minimum(closing + 1, len(text) - 1)]
    line_ends = np.flatnonzero(text == ord("\n"))
    on_one_line = np.searchsorted(line_ends, opening) == np.searchsorted(line_ends, closing)
    return bool(
        (_is_one_of(before, b",\n") | (opening == 0)).all()
        and (_is_one_of(after, b",\n\r") | (closing == len(text) - 1)).all()
        and on_one_line.all()
    )


def _is_one_of(text: NDArray[np.uint8], letters: bytes) -> NDArray[np.bool_]:
    return np.isin(text, np.frombuffer(letters, np.uint8))


def _read_each(
    records: Iterator[tuple[int, list[str] | BrokenRow]], header: tuple[str, ...]
) -> RawBatch:
    lines: list[int] = []
    rows: list[list[str]] = []
    broken: list[BrokenRow] = []
    for line, row in records:
        if isinstance(row, BrokenRow):
            broken.append(row)
        elif len(row) != len(header):
            reason = f"has {counted(len(row), 'cell')}, the header {len(header)}"
            broken.append(BrokenRow(line=line, reason=reason, text=as_csv_line(row)))
        else:
            lines.append(line)
            rows.append(row)
    return _to_batch(lines, rows, header, tuple(broken))


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
        cells[name] = _filled(texts)
    return RawBatch(lines=np.array(lines, np.int64), cells=cells, faults=faults, broken=broken)


def _filled(texts: pa.Array) -> pa.Array:
    """Return texts with null in the place of empty ones."""
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _readable(cell: str) -> str:
    """Return the cell with what is not UTF-8 replaced by �."""
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
