"""API keys: shown once, kept as hashes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from sqlalchemy import Connection, RowMapping, insert, select, update

from features.domain.errors import ConflictError, InvalidValueError, NotFoundError
from features.store.tables import api_keys

Scope = Literal["recommend", "events", "catalogue", "experiments", "analytics", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)
KEY_PREFIX = "wm_"
_SECRET_BYTES = 32


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

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, scopes: Iterable[str], at: datetime) -> CreatedKey:
        """Create a key.

        Raises
        ------
        InvalidValueError
            If a scope is unknown, or none is given; it lists the allowed ones.
        """
        wanted = frozenset(scopes)
        unknown = sorted(wanted.difference(SCOPES))
        if unknown or not wanted:
            named = f"unknown scope {unknown[0]!r}" if unknown else "a key needs a scope"
            raise InvalidValueError(f"{named}: choose from {', '.join(SCOPES)}")
        created = CreatedKey(
            key_id=f"key_{secrets.token_hex(8)}",
            key=KEY_PREFIX + secrets.token_urlsafe(_SECRET_BYTES),
            scopes=tuple(scope for scope in SCOPES if scope in wanted),
        )
        row = {
            "key_id": created.key_id,
            "key_hash": _hash(created.key),
            "scopes": list(created.scopes),
            "created_at": at,
        }
        self._connection.execute(insert(api_keys), [row])
        return created

    def find(self, key: str) -> ApiKey | None:
        """Return the key that this text is; None where it is unknown or revoked."""
        statement = select(api_keys).where(
            api_keys.c.key_hash == _hash(key), api_keys.c.revoked_at.is_(None)
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        return None if row is None else _key_from(row)

    def list(self) -> tuple[ApiKey, ...]:
        """Return all keys, also revoked ones, the oldest first."""
        statement = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.key_id)
        return tuple(_key_from(row) for row in self._connection.execute(statement).mappings())

    def rotate(self, key_id: str, at: datetime) -> CreatedKey:
        """Put a new key with the same scopes in the place of one, which is revoked.

        Raises
        ------
        NotFoundError
            If there is no such key.
        ConflictError
            If it is revoked already.
        """
        this = select(api_keys.c.scopes, api_keys.c.revoked_at).where(api_keys.c.key_id == key_id)
        row = self._connection.execute(this.with_for_update()).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no key {key_id!r}")
        if row.revoked_at is not None:
            raise ConflictError(f"key {key_id} is revoked: create another instead")
        self.revoke(key_id, at)
        return self.create(row.scopes, at)

    def revoke(self, key_id: str, at: datetime) -> None:
        """Take a key out of use; the first instant stays. NotFoundError where there is none."""
        of_key = api_keys.c.key_id == key_id
        if self._connection.scalar(select(api_keys.c.key_id).where(of_key)) is None:
            raise NotFoundError(f"there is no key {key_id!r}")
        in_use = of_key & api_keys.c.revoked_at.is_(None)
        self._connection.execute(update(api_keys).where(in_use).values(revoked_at=at))


def _hash(key: str) -> str:
    # 256 random bits need no salt and no slow hash; `find` is on the path of every request.
    return sha256(key.encode()).hexdigest()


def _key_from(row: RowMapping) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        scopes=frozenset(row["scopes"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
