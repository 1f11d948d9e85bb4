"""Keys and the audit trail on the wire, and the page every list is answered in."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from service.schemas.fields import Body, InstantOut, View, WordsOut

Scope = Literal["recommend", "events", "catalogue", "experiments", "analytics", "admin"]


class KeyBody(Body):
    """What a new key may do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scopes": ["recommend", "events"]}]})

    scopes: list[Scope] = Field(min_length=1, max_length=6)


class CreatedKeyView(View):
    """A new key, in clear text this one time."""

    key_id: str
    key: str
    scopes: WordsOut


class KeyView(View):
    """A key as stored: never the key itself."""

    key_id: str
    scopes: WordsOut
    created_at: InstantOut
    revoked_at: InstantOut | None


class AuditView(View):
    """One administrative act."""

    sequence: int
    at: InstantOut
    actor: str
    action: str
    subject: str | None
    detail: dict[str, Any]


def as_text(value: Any) -> Any:
    """Return a cursor as text; a number stands for a place in a sequence."""
    return str(value) if isinstance(value, int) else value


class Page[Row](View):
    """One page of a list; ask on with `?after=` the value of `next`."""

    items: list[Row]
    next: Annotated[str, BeforeValidator(as_text)] | None = Field(
        description="Null on the last page."
    )
