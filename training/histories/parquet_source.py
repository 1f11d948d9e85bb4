"""Parquet files. Where a row stands is its number from 1, as there are no lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.domain.errors import HistoryFolderError
from training.histories.instants import UTC_MICROSECONDS, are_datetimes
from training.histories.schema import Kind
from training.histories.source import BATCH_ROWS, RawBatch, Source

_NUMBERS = frozenset({Kind.LEVEL, Kind.AMOUNT, Kind.VALUE, Kind.COUNT})
_INSTANTS = frozenset({Kind.INSTANT, Kind.PAST_INSTANT})


MOST_CHUNK_BYTES = 2**30
MOST_TEXT_BYTES = 2**28


@contextmanager
def open_parquet(path: Path) -> Iterator[Source]:
    """Open a Parquet file.

    Raises
    ------
    HistoryFolderError
        If it is not one or is damaged, then or while reading.
    """
    # Loading it takes as long as everything else here, and many folders hold only CSV.
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        names = pq.read_schema(path).names
        # Text stays as its different values and who has which, until it is known to fit.
        file = pq.ParquetFile(path, read_dictionary=names)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from error
    with file:
        _require_bounded(file.metadata, path)
        schema = file.schema_arrow
        yield Source(
            header=tuple(schema.names),
            types=dict(zip(schema.names, map(_value_type, schema.types), strict=True)),
            batches=_batches(file, path),
        )


def refusal_of_type(kind: Kind, type_: pa.DataType) -> str | None:
    """Say why a column of this type cannot be of this kind; None where it can."""
    if pa.types.is_string(type_) or pa.types.is_null(type_):
        return None
    if kind in _INSTANTS:
        return _refusal_of_instants(type_)
    whole = pa.types.is_integer(type_)
    number = whole or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    if kind in _NUMBERS:
        fits = number
    elif kind is Kind.FLAG:
        fits = pa.types.is_boolean(type_) or number
    elif kind is Kind.ID:
        fits = whole
    else:
        fits = not pa.types.is_nested(type_) and kind is Kind.TEXT
    return None if fits else f"has the type {type_}, which does not hold {_holds(kind)}"


def _refusal_of_instants(type_: pa.DataType) -> str | None:
    if pa.types.is_date(type_) or (pa.types.is_timestamp(type_) and type_.tz is None):
        return f"has the type {type_}, which has no time zone: store instants in UTC"
    if pa.types.is_timestamp(type_) or pa.types.is_integer(type_) or pa.types.is_floating(type_):
        return None
    return f"has the type {type_}, which does not hold instants"


def _holds(kind: Kind) -> str:
    if kind in _NUMBERS:
        return "numbers"
    return {Kind.FLAG: "true or false", Kind.ID: "ids (text or whole numbers)"}.get(kind, "text")


def _value_type(type_: pa.DataType) -> pa.DataType:
    """Return the type of the values, however they are encoded."""
    if pa.types.is_dictionary(type_):
        return _value_type(type_.value_type)
    texts = (pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary)
    return pa.string() if any(is_text(type_) for is_text in texts) else type_


def _as_cells(column: pa.Array) -> pa.Array:
    """Return a column as text, numbers, booleans or instants.

    Instants beyond the year 9999 become ISO 8601 in UTC, which is refused cell by cell.
    """
    cells = column.cast(_value_type(column.type))
    if pa.types.is_timestamp(cells.type):
        instants = cells.cast(UTC_MICROSECONDS, safe=False)
        return instants if are_datetimes(instants.cast(pa.int64())) else instants.cast(pa.string())
    if pa.types.is_string(cells.type):
        return pc.if_else(pc.equal(cells, ""), None, cells)  # as in CSV, no text is no value
    return cells


def _batches(file: object, path: Path) -> Iterator[RawBatch]:
    n_read = 0
    batches = file.iter_batches(batch_size=BATCH_ROWS)  # type: ignore[attr-defined]  # pyarrow has no types
    while True:
        try:
            batch = next(batches)
            for column in batch.columns:
                _require_fits(column, path)
            batch.validate(full=True)  # or bytes that are not UTF-8 would fail much later
            cells = dict(zip(batch.schema.names, map(_as_cells, batch.columns), strict=True))
        except StopIteration:
            return
        except (pa.ArrowInvalid, OSError) as error:
            raise _unreadable(path, error) from error
        lines = np.arange(n_read, n_read + batch.num_rows, dtype=np.int64) + 1
        yield RawBatch(lines=lines, cells=cells, faults={})
        n_read += batch.num_rows


def _require_bounded(metadata: Any, path: Path) -> None:
    """Refuse files whose parts unpack to more than fits, before they are unpacked."""
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for column in range(row_group.num_columns):
            n_bytes = row_group.column(column).total_uncompressed_size
            if n_bytes > MOST_CHUNK_BYTES:
                raise _too_large(path, n_bytes)


def _require_fits(column: pa.Array, path: Path) -> None:
    """Refuse a column of a batch whose few different texts would be written out too often."""
    if not pa.types.is_dictionary(column.type):
        return
    texts = column.dictionary
    if not (pa.types.is_string(texts.type) or pa.types.is_binary(texts.type)):
        return
    lengths = pc.binary_length(texts).cast(pa.int64())
    n_bytes = pc.sum(lengths.take(column.indices)).as_py() or 0
    if n_bytes > MOST_TEXT_BYTES:
        raise _too_large(path, n_bytes)


def _too_large(path: Path, n_bytes: int) -> HistoryFolderError:
    return HistoryFolderError(
        f"{path.name}: a part of a column unpacks to {n_bytes:,} bytes, nothing was taken. Write "
        "it in smaller row groups, without texts of that length."
    )


def _unreadable(path: Path, error: Exception) -> HistoryFolderError:
    return HistoryFolderError(
        f"{path.name}: is not a readable Parquet file ({error}), nothing was taken. "
        "Write or copy it again."
    )
