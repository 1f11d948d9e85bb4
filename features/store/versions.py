"""Versions of modules: which there were, and since when each is out."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select

from features.domain.instants import EPOCH
from features.store.tables import module_versions, modules


class Versions:
    """The versions that modules have had."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, at: datetime) -> bool:
        """Keep versions not seen before; return whether there were any.

        One is out since the module's `updated_at`; where that is not given, or not after the
        version before, since `at`. The first version of a module without it was always out.
        """
        this = and_(
            module_versions.c.module_id == modules.c.module_id,
            module_versions.c.version == modules.c.version,
        )
        new = self._connection.execute(
            select(modules.c.module_id, modules.c.version, modules.c.updated_at)
            .outerjoin(module_versions, this)
            .where(modules.c.version.is_not(None), module_versions.c.module_id.is_(None))
        ).all()
        if not new:
            return False
        latest = self._latest()
        rows = []
        for module_id, version, updated_at in new:
            before = latest.get(module_id)
            is_later = updated_at is not None and (before is None or updated_at > before)
            otherwise = EPOCH if before is None else at
            since = updated_at if is_later else otherwise
            rows.append({"module_id": module_id, "version": version, "since": since})
        self._connection.execute(insert(module_versions), rows)
        return True

    def since(self) -> Mapping[tuple[str, str | None], datetime]:
        """Return by module and version since when it is out, where it took another's place."""
        statement = select(module_versions).where(module_versions.c.since > EPOCH)
        rows = self._connection.execute(statement)
        return {(row.module_id, row.version): row.since for row in rows}

    def _latest(self) -> Mapping[str, datetime]:
        latest = func.max(module_versions.c.since)
        statement = select(module_versions.c.module_id, latest).group_by(
            module_versions.c.module_id
        )
        return {row[0]: row[1] for row in self._connection.execute(statement)}
