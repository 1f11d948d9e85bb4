"""API keys: shown once, kept as hashes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

SCOPES = ("recommend", "events", "catalogue", "experiments", "analytics", "admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatedKey:
    """A new key in clear text, the only time it is seen."""

    key_id: str
    key: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A stored key: what it may do and since when."""

    key_id: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None


class KeyRepository:
    """Creates, finds and revokes keys."""

    def __init__(self, connection: Connection) -> None: ...

    def create(self, scopes: Iterable[str], at: datetime) -> CreatedKey: ...
    def find(self, key: str) -> ApiKey | None: ...
    def list(self) -> tuple[ApiKey, ...]: ...
    def revoke(self, key_id: str, at: datetime) -> None: ...
