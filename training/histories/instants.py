"""Columns of instants → microseconds; the vectorised `features.domain.instants.parse_instant`."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError
from features.domain.instants import parse_instant, to_microseconds

FIRST_MICROSECOND = to_microseconds(datetime.min.replace(tzinfo=UTC))
LAST_MICROSECOND = to_microseconds(datetime.max.replace(tzinfo=UTC))
UTC_MICROSECONDS = pa.timestamp("us", "UTC")


def parse_instants(cells: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Read a column of instants.

    Parameters
    ----------
    cells
        Strings (ISO 8601 with zone, or Unix seconds), numbers (Unix seconds), or timestamps that
        Python's datetimes can hold; nulls are left alone.

    Returns
    -------
    instants
        int64, microseconds since 1970, null where a cell is null or wrong.
    reasons
        Row → what is wrong with its cell.
    """
    if pa.types.is_timestamp(cells.type):
        return cells.cast(UTC_MICROSECONDS, safe=False).cast(pa.int64()), {}
    quick = _parse_uniform(cells)
    return (quick, {}) if quick is not None else _parse_each(cells)


def _parse_uniform(cells: pa.Array) -> pa.Array | None:
    """Read cells that are all well formed and of the first one's form; None where they are not."""
    first = next((cell for cell in cells if cell.is_valid), pa.scalar(""))
    try:
        return _from_iso_8601(cells) if ":" in str(first) else _from_seconds(cells)
    except pa.ArrowInvalid:
        return None


def _from_iso_8601(cells: pa.Array) -> pa.Array | None:
    instants = cells.cast(UTC_MICROSECONDS).cast(pa.int64())
    return instants if are_datetimes(instants) else None


def are_datetimes(microseconds: pa.Array) -> bool:
    """Tell whether all of a column lie within the years 1 to 9999, which datetimes can hold."""
    known = microseconds.drop_null().to_numpy()
    return bool(((known >= FIRST_MICROSECOND) & (known <= LAST_MICROSECOND)).all())


def _from_seconds(cells: pa.Array) -> pa.Array | None:
    seconds = cells.cast(pa.float64(), safe=False)
    known = seconds.drop_null().to_numpy()
    # NaN and infinity fail this too, and leave the wording to `parse_instant`.
    if not (np.abs(known) < LAST_MICROSECOND / 1e6).all():
        return None
    microseconds = seconds_to_microseconds(seconds.fill_null(0.0).to_numpy())
    if known.size and microseconds.min() < FIRST_MICROSECOND:
        return None
    return pa.array(microseconds, mask=np.asarray(seconds.is_null()))


def seconds_to_microseconds(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round seconds to whole microseconds just as `datetime.timedelta(seconds=…)` does.

    Parameters
    ----------
    seconds
        float64, (n,), finite and within the years 1 to 9999.
    """
    fractions, whole = np.modf(seconds)
    return whole.astype(np.int64) * 1_000_000 + np.rint(fractions * 1e6).astype(np.int64)


def _parse_each(cells: pa.Array) -> tuple[pa.Array, dict[int, str]]:
    """Read cells one by one: slower, but it takes every form and says what is wrong."""
    instants: list[int | None] = []
    reasons: dict[int, str] = {}
    for row, cell in enumerate(cells.to_pylist()):
        instant = None
        if cell is not None:
            try:
                instant = to_microseconds(parse_instant(cell))
            except InvalidValueError as error:
                reasons[row] = error.detail
        instants.append(instant)
    return pa.array(instants, pa.int64()), reasons
