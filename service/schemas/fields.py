"""Field types and bases that every schema is made of."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from features.domain.checks import require_storable
from features.domain.errors import InvalidValueError
from features.domain.instants import parse_instant

MAX_ID_LENGTH = 200


def read_instant(value: Any) -> datetime:
    """Read an instant of the wire; see `features.domain.instants.parse_instant`.

    Raises
    ------
    ValueError
        If it is neither text nor a number, or says no point in time.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it must be ISO 8601 with a zone, or Unix seconds")  # noqa: TRY004 - pydantic
    try:
        return parse_instant(value)
    except InvalidValueError as error:
        raise ValueError(error.detail) from error


def write_instant(at: datetime) -> str:
    """Write an instant as ISO 8601 in UTC, ending in Z."""
    return at.isoformat().replace("+00:00", "Z")


def split_words(value: Any) -> Any:
    """Turn the `;`-separated spelling of a set of words into a list."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(";") if word.strip()]
    return value


def sort_words(words: Any) -> Any:
    """Put a set into the one order it is answered in."""
    return sorted(words) if isinstance(words, set | frozenset) else words


Id = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(require_storable)
]
Word = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(require_storable)
]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(require_storable)
]
Prose = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(require_storable)]
Unit = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[
    list[Word],
    BeforeValidator(split_words, json_schema_input_type=list[Word] | str),
    Field(max_length=100),
]
Instant = Annotated[
    datetime,
    BeforeValidator(read_instant),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number"}],
            "description": "ISO 8601 with a zone, or Unix seconds.",
        },
        mode="validation",
    ),
]
InstantOut = Annotated[
    datetime,
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
WordsOut = Annotated[list[str], BeforeValidator(sort_words)]


class Body(BaseModel):
    """What comes in: unknown fields, wrong types and infinite numbers are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class View(BaseModel):
    """What goes out; made from domain objects, and complete: no field has a default."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
