"""The audit trail: who did what to what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """One act. `subject` is the bare id of what was touched, so that erasing a learner finds it."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


class AuditRepository:
    """Appends to the trail and reads it in order."""

    def __init__(self, connection: Connection) -> None: ...

    def add(
        self,
        *,
        at: datetime,
        actor: str,
        action: str,
        subject: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None: ...

    def list(self, after: int | None, limit: int) -> tuple[AuditEntry, ...]: ...
