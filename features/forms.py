"""What all that comes in is made of: strict, bounded fields, each saying what is wrong with it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from features.domain.checks import require_storable
from features.domain.errors import InvalidValueError
from features.domain.instants import parse_instant

MAX_ID_LENGTH = 200

_NULL = {"type": "null"}
_ANNOTATIONS = ("title", "description", "default")


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


def read_whole(value: Any) -> Any:
    """Turn a number such as 3.0, which JSON does not tell from 3, into an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def read_version(value: Any) -> Any:
    """Turn a version that was written as a number into text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


Id = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH), AfterValidator(require_storable)
]
Version = Annotated[Id, BeforeValidator(read_version, json_schema_input_type=Id | int | float)]
Unit = Annotated[float, Field(ge=0, le=1)]
Whole = Annotated[int, BeforeValidator(read_whole)]
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
    """What comes in: unknown fields, wrong types and infinite numbers are refused.

    Null says the same as a field left out: many clients write every field they know.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, value: Any) -> Any:
        if not isinstance(value, dict) or None not in value.values():
            return value
        fields = cls.model_fields
        return {
            name: each
            for name, each in value.items()
            if each is not None or name not in fields or fields[name].is_required()
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Say of every field that may be left out that it may be null."""
        schema = handler(core_schema)
        form = handler.resolve_ref_schema(schema)
        required = form.get("required", ())
        fields = form.get("properties", {})
        form["properties"] = {
            name: field if name in required else _or_null(field) for name, field in fields.items()
        }
        return schema


def _or_null(field: JsonSchemaValue) -> JsonSchemaValue:
    if _NULL in field.get("anyOf", ()):
        return field
    said = {name: field[name] for name in _ANNOTATIONS if name in field}
    kind = {name: each for name, each in field.items() if name not in said}
    kinds = kind["anyOf"] if set(kind) == {"anyOf"} else [kind]
    return {"anyOf": [*kinds, _NULL], **said}
