"""What all that comes in is made of: strict, bounded fields, each saying what is wrong with it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from features.domain.checks import require_storable
from features.domain.errors import InvalidValueError
from features.domain.instants import parse_instant

MAX_ID_LENGTH = 200


def read_instant(value: Any) -> datetime:
    """Read an instant as it is written; see `features.domain.instants.parse_instant`.

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


Id = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(require_storable)
]
Unit = Annotated[float, Field(ge=0, le=1)]
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


class Form(BaseModel):
    """What comes in: unknown fields, wrong types and infinite numbers are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)
