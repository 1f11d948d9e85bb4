"""The audit trail: who did what to what."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import Connection, insert, select

from features.store.documents import to_document
from features.store.tables import audit, feedback, recommendations


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """One act. `subject` is the bare id of what was touched, so that erasing a learner finds it."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str | None = None
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """A recommendation that a person set aside: who, why, and what was chosen instead."""

    sequence: int
    at: datetime
    recommendation_id: str
    learner_id: str
    module_id: str
    chosen_module_id: str | None
    actor: str | None
    reason: str | None


class AuditRepository:
    """Appends to the trail and reads it in order; the database refuses to change what is there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        *,
        at: datetime,
        actor: str,
        action: str,
        subject: str | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Append an act; `detail` becomes JSON."""
        row = {"at": at, "actor": actor, "action": action, "subject": subject}
        self._connection.execute(insert(audit), [row | {"detail": to_document(detail or {})}])

    def list(self, after: int | None, limit: int) -> tuple[AuditEntry, ...]:
        """Return up to `limit` acts in order, those after the sequence number `after`."""
        statement = select(audit).order_by(audit.c.sequence).limit(limit)
        if after is not None:
            statement = statement.where(audit.c.sequence > after)
        return tuple(AuditEntry(**row) for row in self._connection.execute(statement).mappings())

    def overrides(self, after: int | None, limit: int) -> tuple[Override, ...]:
        """Return up to `limit` overrides in order, those after the sequence number `after`."""
        overridden = feedback.c.outcome == "overridden"
        statement = (
            select(
                *(feedback.c[each.name] for each in fields(Override) if each.name != "learner_id"),
                recommendations.c.learner_id,
            )
            .join_from(
                feedback,
                recommendations,
                feedback.c.recommendation_id == recommendations.c.recommendation_id,
            )
            .where(overridden & (feedback.c.sequence > (after or 0)))
            .order_by(feedback.c.sequence)
            .limit(limit)
        )
        return tuple(Override(**row) for row in self._connection.execute(statement).mappings())
