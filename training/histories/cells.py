"""Columns of cells → columns of values, whole batches at a time, with a reason per wrong cell."""

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.domain.instants import FUTURE_TOLERANCE, to_microseconds
from training.histories.bad_rows import shown
from training.histories.instants import parse_instants
from training.histories.schema import EVENTS, MAX_ID_LENGTH, PARTS, Kind

Reasons = dict[int, str]
Parsed = tuple[pa.Array, Reasons]

ARROW_TYPES: Mapping[Kind, pa.DataType] = {
    Kind.ID: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.EVENT: pa.string(),
    Kind.PART: pa.string(),
    Kind.WORDS: pa.string(),
    Kind.LEVEL: pa.float64(),
    Kind.AMOUNT: pa.float64(),
    Kind.VALUE: pa.float64(),
    Kind.COUNT: pa.int64(),
    Kind.FLAG: pa.bool_(),
    Kind.INSTANT: pa.int64(),
    Kind.PAST_INSTANT: pa.int64(),
}

_FLAGS = pa.array(["true", "1", "yes", "false", "0", "no"])
_N_TRUE_FLAGS = 3
_LARGEST_COUNT = 2**31 - 1


def parse_cells(kind: Kind, cells: pa.Array, now: datetime) -> Parsed:
    """Read the cells of one column.

    Parameters
    ----------
    kind
        What they may hold.
    cells
        Strings, or the typed values of a Parquet file; null where empty.
    now
        Instants of the past may lie at most five minutes after it.

    Returns
    -------
    values
        Of the type in `ARROW_TYPES` (instants are microseconds since 1970); null where empty. What
        stands in wrong cells is undefined.
    reasons
        Row → what is wrong with its cell.
    """
    if kind is Kind.PAST_INSTANT:
        return _past_instants(cells, now)
    return _PARSERS[kind](cells)


def _refuse(cells: pa.Array, wrong: pa.Array, reason: str) -> Reasons:
    """Give every row where `wrong` is true the reason, with its cell filled in."""
    rows = np.flatnonzero(wrong.fill_null(False).to_numpy(zero_copy_only=False))
    return {int(row): reason.format(shown(cells[row].as_py())) for row in rows}


def _texts(cells: pa.Array) -> Parsed:
    values = cells.cast(pa.string())
    # PostgreSQL cannot keep a NUL in a text.
    return values, _refuse(values, pc.match_substring(values, "\x00"), "holds a NUL character")


def _ids(cells: pa.Array) -> Parsed:
    values, reasons = _texts(cells)
    too_long = pc.greater(pc.utf8_length(values), MAX_ID_LENGTH)
    reasons |= _refuse(values, too_long, f"is longer than {MAX_ID_LENGTH} characters: {{}}")
    blank = pc.equal(pc.utf8_trim_whitespace(values), "")
    return values, reasons | _refuse(values, blank, "is blank")


def _numbers(cells: pa.Array) -> Parsed:
    """Read finite numbers."""
    try:
        values = cells.cast(pa.float64(), safe=False)
    except pa.ArrowInvalid:
        values = pa.array([_number_or_nan(cell) for cell in cells.to_pylist()], pa.float64())
    return values, _refuse(cells, pc.invert(pc.is_finite(values)), "{} is not a finite number")


def _number_or_nan(cell: str | None) -> float | None:
    if cell is None:
        return None
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _levels(cells: pa.Array) -> Parsed:
    values, reasons = _numbers(cells)
    outside = pc.or_(pc.less(values, 0.0), pc.greater(values, 1.0))
    # −0 would be another text, and so another hash, than 0.
    return pc.abs(values), _refuse(cells, outside, "{} is outside [0,1]") | reasons


def _amounts(cells: pa.Array) -> Parsed:
    values, reasons = _numbers(cells)
    return pc.abs(values), _refuse(cells, pc.less(values, 0.0), "{} is negative") | reasons


def _counts(cells: pa.Array) -> Parsed:
    values, reasons = _amounts(cells)
    whole = pc.and_(pc.equal(pc.floor(values), values), pc.less_equal(values, _LARGEST_COUNT))
    reasons = _refuse(cells, pc.invert(whole), "{} is not a whole number below 2³¹") | reasons
    return pc.if_else(whole, values, None).cast(pa.int64()), reasons


def _flags(cells: pa.Array) -> Parsed:
    if pa.types.is_boolean(cells.type):
        return cells, {}
    codes = pc.index_in(pc.utf8_lower(cells.cast(pa.string())), value_set=_FLAGS)
    unknown = pc.and_(codes.is_null(), cells.is_valid())
    return pc.less(codes, _N_TRUE_FLAGS), _refuse(cells, unknown, "{!r} is not true or false")


def _instants(cells: pa.Array) -> Parsed:
    return parse_instants(cells)


def _past_instants(cells: pa.Array, now: datetime) -> Parsed:
    instants, reasons = parse_instants(cells)
    latest = to_microseconds(now + FUTURE_TOLERANCE)
    future = pc.greater(instants, latest)
    return instants, reasons | _refuse(cells, future, "{} is more than five minutes in the future")


def _one_of(words: tuple[str, ...]) -> Callable[[pa.Array], Parsed]:
    known = pa.array(words)

    def parse(cells: pa.Array) -> Parsed:
        values = cells.cast(pa.string())
        unknown = pc.and_(pc.index_in(values, value_set=known).is_null(), values.is_valid())
        return values, _refuse(values, unknown, f"{{!r}} is not one of {', '.join(words)}")

    return parse


_PARSERS: Mapping[Kind, Callable[[pa.Array], Parsed]] = {
    Kind.ID: _ids,
    Kind.TEXT: _texts,
    Kind.WORDS: _texts,
    Kind.LEVEL: _levels,
    Kind.AMOUNT: _amounts,
    Kind.VALUE: _numbers,
    Kind.COUNT: _counts,
    Kind.FLAG: _flags,
    Kind.INSTANT: _instants,
    Kind.EVENT: _one_of(EVENTS),
    Kind.PART: _one_of(PARTS),
}
