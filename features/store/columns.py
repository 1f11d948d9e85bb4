"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import datetime
from typing import Any, override

import orjson
from sqlalchemy import JSON, BigInteger, Dialect, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from features.domain.errors import InvalidValueError
from features.domain.instants import from_microseconds, to_microseconds

# Ids sort by code point on every database, whatever the language of the server.
Id = Text().with_variant(Text(collation="C"), "postgresql")

# Numbers rows in order of arrival; SQLite counts by itself only in a column called INTEGER.
Arrival = BigInteger().with_variant(Integer(), "sqlite")

# What can be compared: PostgreSQL has no equality for JSON, only for JSONB.
Json = JSON().with_variant(JSONB(), "postgresql")

# What is given back exactly as it came: JSONB would reorder the keys.
Document = JSON()


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime kept as whole microseconds since 1970, exact on every database."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | int | None, dialect: Dialect) -> int | None:
        """Turn a datetime into microseconds; whole microseconds pass."""
        return value if value is None or isinstance(value, int) else to_microseconds(value)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn microseconds into an aware UTC datetime."""
        return None if value is None else from_microseconds(int(value))


class StringSet(TypeDecorator[frozenset[str]]):
    """A set of words, kept as a sorted JSON list."""

    impl = Json
    cache_ok = True

    @override
    def process_bind_param(self, value: frozenset[str] | None, dialect: Dialect) -> list[str]:
        """Turn a set into a sorted list."""
        return sorted(value or ())

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[str]:
        """Turn a list into a frozen set."""
        return frozenset(value or ())


def to_json(values: Any) -> str:
    """Return text of JSON for a statement.

    Raises
    ------
    InvalidValueError
        If a value cannot be stored.
    """
    try:
        return orjson.dumps(
            values, default=_as_stored, option=orjson.OPT_PASSTHROUGH_DATETIME
        ).decode()
    except orjson.JSONEncodeError as error:
        raise InvalidValueError(f"a value cannot be stored: {error}") from error


def _as_stored(value: object) -> object:
    """Turn what JSON lacks into what its column holds, as above."""
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not kept")
