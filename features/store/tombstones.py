"""Erased learners: what is left of them is a hash that keeps them from coming back."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, text

from features.domain.errors import ErasedError
from features.store.driver import fetch
from features.store.tables import erased_learners
from features.store.writing import insert_new, stored_among

_LOCK = text(str(0x657261736564))  # "erased"
_HOLD_OFF = select(func.pg_advisory_xact_lock_shared(_LOCK))
_TAKE = select(func.pg_advisory_xact_lock(_LOCK))
_ONE = select(erased_learners.c.learner_id_hash).where(
    erased_learners.c.learner_id_hash == bindparam("hash")
)


def hash_of(learner_id: str) -> str:
    """Return what an erased learner is known by."""
    return sha256(f"waymark learner {learner_id}".encode()).hexdigest()


class Tombstones:
    """Who was erased, as seen by one transaction.

    Who writes about learners asks here first, and so holds off erasures until its end; otherwise
    a row written while its learner is being erased would stay behind. On SQLite writers come one
    after the other anyway.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_held = False
        self._clear: set[str] = set()

    def among(self, learner_ids: Iterable[str]) -> frozenset[str]:
        """Return those of `learner_ids` that were erased."""
        asked = set(learner_ids) - self._clear
        if not asked:
            return frozenset()
        if not self._is_held:
            self._lock(_HOLD_OFF)
            self._is_held = True
        by_hash = {hash_of(learner_id): learner_id for learner_id in asked}
        found = frozenset(by_hash[one] for one in self._stored(by_hash))
        self._clear |= asked - found
        return found

    def require_none(self, learner_ids: Iterable[str]) -> None:
        """Raise ErasedError if any of them was erased."""
        erased = sorted(self.among(learner_ids))
        if erased:
            raise ErasedError.of(erased[0])

    def all(self) -> Mapping[str, datetime]:
        """Return the hashes of everybody who was erased, and when that was."""
        rows = self._connection.execute(select(erased_learners))
        return {row.learner_id_hash: row.erased_at for row in rows}

    def add(self, learner_id: str, at: datetime) -> None:
        """Erase from now on; waits for those who are writing about learners."""
        self._lock(_TAKE)
        self._clear.discard(learner_id)
        row = {"learner_id_hash": hash_of(learner_id), "erased_at": at}
        insert_new(self._connection, erased_learners, [row], erased_learners.c.learner_id_hash)

    def _stored(self, hashes: Collection[str]) -> Iterable[str]:
        if len(hashes) == 1:  # as for every recommendation
            return (one for (one,) in fetch(self._connection, _ONE, {"hash": next(iter(hashes))}))
        return stored_among(self._connection, erased_learners.c.learner_id_hash, hashes)

    def _lock(self, taking: Select[Any]) -> None:
        if self._connection.dialect.name == "postgresql":
            fetch(self._connection, taking)
