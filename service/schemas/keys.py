"""Keys and the audit trail on the wire."""

from typing import Any

from pydantic import ConfigDict, Field

from features.forms import Form
from features.store.keys import SCOPES, Scope
from service.schemas.fields import InstantOut, View, WordsOut


class KeyBody(Form):
    """What a new key may do."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"scopes": ["recommend", "events"]}]})

    scopes: list[Scope] = Field(min_length=1, max_length=len(SCOPES))


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


class OverrideView(View):
    """A recommendation set aside by a person."""

    sequence: int
    at: InstantOut
    recommendation_id: str
    learner_id: str
    module_id: str
    chosen_module_id: str | None
    actor: str | None
    reason: str | None
