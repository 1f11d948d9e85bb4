"""Instants are aware UTC datetimes. Those before 1973-03-03 are ordinals: order without time."""

from datetime import UTC, datetime, timedelta

from features.domain.errors import InvalidValueError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_INSTANT_SECONDS = 100_000_000
FUTURE_TOLERANCE = timedelta(minutes=5)
SECONDS_PER_DAY = 86_400.0


def is_ordinal(at: datetime) -> bool:
    """Tell whether `at` is an ordinal (order only) and not a point in time."""
    return (at - EPOCH).total_seconds() < FIRST_INSTANT_SECONDS


def to_microseconds(at: datetime) -> int:
    """Return whole microseconds since the Unix epoch."""
    return (at - EPOCH) // timedelta(microseconds=1)


def from_microseconds(microseconds: int) -> datetime:
    """Return the aware UTC datetime `microseconds` after the Unix epoch."""
    return EPOCH + timedelta(microseconds=microseconds)


def from_seconds(seconds: float) -> datetime:
    """Return the aware UTC datetime `seconds` after the Unix epoch, to the microsecond."""
    return from_microseconds(round(seconds * 1e6))


def parse_instant(text: str | float) -> datetime:
    """Read ISO 8601 with a zone, or Unix seconds (integers below 10⁸ are ordinals).

    Parameters
    ----------
    text
        "2026-03-01T09:00:00Z", "1772355600", 1772355600.5 or an ordinal such as 17.

    Returns
    -------
    datetime
        Aware, in UTC.

    Raises
    ------
    InvalidValueError
        If it is neither, lacks a zone, or lies outside the years 1 to 9999.
    """
    try:
        return EPOCH + timedelta(seconds=float(text))
    except ValueError:
        pass
    except OverflowError as error:
        raise InvalidValueError(f"{text!r} is out of range for an instant") from error
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise InvalidValueError(f"{text!r} is neither ISO 8601 nor Unix seconds") from error
    if at.tzinfo is None:
        raise InvalidValueError(f"{text!r} has no time zone: end it with Z or +hh:mm")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidValueError(f"{text!r} is out of range for an instant") from error


def write_instant(at: datetime) -> str:
    """Write an instant as ISO 8601 in UTC, ending in Z."""
    return at.isoformat().replace("+00:00", "Z")


def require_not_future(at: datetime, now: datetime) -> datetime:
    """Return `at` unchanged, or refuse it where it is over five minutes after `now`.

    Raises
    ------
    InvalidValueError
        If `at` lies more than `FUTURE_TOLERANCE` after `now`.
    """
    if at > now + FUTURE_TOLERANCE:
        raise InvalidValueError(
            f"{at.isoformat()} is more than five minutes in the future: the clock here says "
            f"{now.isoformat(timespec='seconds')}. Send what has happened; simulate in the past"
        )
    return at
