"""Field types of the wire alone, and the base of all that is answered; see `features.forms`."""

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
from features.domain.instants import write_instant
from features.forms import MAX_ID_LENGTH


def split_words(value: Any) -> Any:
    """Turn the `;`-separated spelling of a set of words into a list."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(";") if word.strip()]
    return value


def sort_words(words: Any) -> Any:
    """Put a set into the one order it is answered in."""
    return sorted(words) if isinstance(words, set | frozenset) else words


Word = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(require_storable)
]
Line = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(require_storable)
]
Prose = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(require_storable)]
Words = Annotated[
    list[Word],
    BeforeValidator(split_words, json_schema_input_type=list[Word] | str),
    Field(max_length=100),
]
InstantOut = Annotated[
    datetime,
    PlainSerializer(write_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
WordsOut = Annotated[list[str], BeforeValidator(sort_words)]


class View(BaseModel):
    """What goes out; made from domain objects, and complete: no field has a default."""

    model_config = ConfigDict(from_attributes=True, frozen=True)
