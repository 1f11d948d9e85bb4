"""Everything held about a learner, in one list that both export and erasure go through."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, update

from features.domain.errors import NotFoundError
from features.store import tables
from features.store.candidates import unpack
from features.store.documents import to_document
from features.store.tombstones import hash_of


def _by_learner(table: Table) -> Callable[[str], ColumnElement[bool]]:
    return lambda learner_id: table.c.learner_id == learner_id


def _by_recommendation(table: Table) -> Callable[[str], ColumnElement[bool]]:
    ids = select(tables.recommendations.c.recommendation_id)
    return lambda learner_id: table.c.recommendation_id.in_(
        ids.where(tables.recommendations.c.learner_id == learner_id)
    )


@dataclass(frozen=True, kw_only=True)
class _Holding:
    """Rows about a learner: their name in the export, their table, and which they are.

    `others` are columns with the ids of other people, which are not in the export.
    """

    name: str
    table: Table
    of: Callable[[str], ColumnElement[bool]]
    others: frozenset[str] = frozenset()


# Cleared in this order: feedback is found through the recommendations.
_HOLDINGS = (
    _Holding(name="profile", table=tables.learners, of=_by_learner(tables.learners)),
    _Holding(name="events", table=tables.interactions, of=_by_learner(tables.interactions)),
    _Holding(name="evidence", table=tables.evidence, of=_by_learner(tables.evidence)),
    _Holding(name="assignments", table=tables.assignments, of=_by_learner(tables.assignments)),
    _Holding(name="assessments", table=tables.assessments, of=_by_learner(tables.assessments)),
    _Holding(name="peers_named", table=tables.peer_offers, of=_by_learner(tables.peer_offers)),
    _Holding(
        name="named_as_peer",
        table=tables.peer_offers,
        of=lambda learner_id: tables.peer_offers.c.peer_id == learner_id,
        others=frozenset({"learner_id"}),
    ),
    _Holding(name="outcomes", table=tables.outcomes, of=_by_learner(tables.outcomes)),
    _Holding(name="feedback", table=tables.feedback, of=_by_recommendation(tables.feedback)),
    _Holding(name="enrolments", table=tables.enrolments, of=_by_learner(tables.enrolments)),
    _Holding(name="exposures", table=tables.exposures, of=_by_learner(tables.exposures)),
    _Holding(
        name="recommendations",
        table=tables.recommendations,
        of=_by_learner(tables.recommendations),
    ),
)

# What was done to a learner is in the export, and stays on record with a hash instead of the id.
_ACTS = _Holding(
    name="audit", table=tables.audit, of=lambda learner_id: tables.audit.c.subject == learner_id
)

# Where a learner's id stands in what is held about others.
_MENTIONS = (tables.learners.c.manager_id, tables.feedback.c.actor)
# The same where it tells groups apart, as a manager's does: a hash stands in for it.
_GROUPS = (
    tables.enrolments.c.unit_id,
    tables.exposures.c.unit_id,
    tables.group_variants.c.unit_id,
)


def export(connection: Connection, learner_id: str) -> dict[str, Any]:
    """Return everything held about a learner, ready for JSON; NotFoundError if nothing is."""
    held = {one.name: _documents(connection, one, learner_id) for one in _HOLDINGS}
    if not any(held.values()):
        raise NotFoundError(f"nothing is held about learner {learner_id!r}")
    acts = _documents(connection, _ACTS, learner_id)
    profile = next(iter(held["profile"]), None)
    return {"learner_id": learner_id, **held, "profile": profile, "audit": acts}


def clear(connection: Connection, learner_id: str) -> None:
    """Delete everything held about a learner, and their id from what is held about others."""
    for one in _HOLDINGS:
        connection.execute(delete(one.table).where(one.of(learner_id)))
    for column in _MENTIONS:
        named = column == learner_id
        connection.execute(update(column.table).where(named).values({column.name: None}))
    for column in _GROUPS:
        named = column == learner_id
        hashed = {column.name: hash_of(learner_id)}
        connection.execute(update(column.table).where(named).values(hashed))
    _clear_previews(connection, learner_id)
    acts = update(tables.audit).where(tables.audit.c.subject == learner_id)
    connection.execute(acts.values(subject=hash_of(learner_id)))


def _clear_previews(connection: Connection, learner_id: str) -> None:
    """Take a learner out of the previews of experiments."""
    stored = connection.execute(
        select(tables.experiments.c.experiment_id, tables.experiments.c.body)
    )
    for experiment_id, body in stored.all():
        if learner_id in body["preview"]:
            left = {
                name: variant for name, variant in body["preview"].items() if name != learner_id
            }
            this = tables.experiments.c.experiment_id == experiment_id
            changed = {"body": {**body, "preview": left}}
            connection.execute(update(tables.experiments).where(this).values(changed))


def _documents(connection: Connection, holding: _Holding, learner_id: str) -> list[dict[str, Any]]:
    columns = [column for column in holding.table.columns if column.name not in holding.others]
    statement = select(*columns).where(holding.of(learner_id))
    order = holding.table.c.get("at", holding.table.primary_key.columns[0])
    rows = connection.execute(statement.order_by(order, *holding.table.primary_key)).mappings()
    return [_document(dict(row)) for row in rows]


def _document(row: dict[str, Any]) -> dict[str, Any]:
    row.pop("sequence", None)
    if "candidates" in row:
        row["candidates"] = unpack(row["candidates"])
    document: dict[str, Any] = to_document(row)
    return document
