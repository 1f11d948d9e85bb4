"""Learners: profiles, histories, assignments, export and erasure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    select,
)

from features.domain.errors import NotFoundError
from features.domain.history import (
    Assignment,
    Event,
    Evidence,
    Interaction,
    Learner,
    LearnerHistory,
)
from features.domain.instants import to_microseconds
from features.store import erasure
from features.store.driver import fetch_each
from features.store.tables import assignments, evidence, interactions, learners
from features.store.tombstones import Tombstones
from features.store.writing import insert_new, overwrite, stored_among

_EVENTS = {str(event): event for event in Event}
_EVER = 2**63 - 1  # later than any instant


def _facts(table: Table) -> Select[Any]:
    return select(*(column for column in table.columns if column.name != "sequence"))


_PROFILE = _facts(learners)
_PROFILE_FIELDS = learners.columns.keys()
_INTERACTIONS = _facts(interactions).order_by(interactions.c.at, interactions.c.sequence)
_EVIDENCE = _facts(evidence).order_by(evidence.c.at, evidence.c.sequence)
_ASSIGNMENTS = _facts(assignments).order_by(assignments.c.module_id)


def _history(learner_id: ColumnElement[str]) -> Sequence[Select[Any]]:
    until = bindparam("until", type_=BigInteger)
    return (
        _PROFILE.where(learners.c.learner_id == learner_id),
        _INTERACTIONS.where(interactions.c.learner_id == learner_id, interactions.c.at <= until),
        _EVIDENCE.where(evidence.c.learner_id == learner_id, evidence.c.at <= until),
        _ASSIGNMENTS.where(assignments.c.learner_id == learner_id),
    )


class LearnerRepository:
    """Reads and writes what is known of learners; writing about an erased one is an ErasedError."""

    def __init__(self, connection: Connection, tombstones: Tombstones) -> None:
        self._connection = connection
        self._tombstones = tombstones

    def get(self, learner_id: str) -> Learner | None:
        """Return a learner, or None; one only events name has nothing but the id."""
        found = self._connection.execute(_PROFILE.where(learners.c.learner_id == learner_id))
        row = found.mappings().one_or_none()
        return None if row is None else Learner(**row)

    def put(self, learner: Learner, *, keep_choice: bool = False) -> Learner:
        """Write a learner's profile over the one stored, and return it as it is stored now.

        With `keep_choice` whether to be personalised stays as it was chosen, at first true.
        """
        self._tombstones.require_none([learner.learner_id])
        row = {column.name: getattr(learner, column.name) for column in learners.columns}
        if not keep_choice:
            overwrite(self._connection, learners, row)
            return learner
        del row["personalised"]
        overwrite(self._connection, learners, row)
        return self.get(learner.learner_id) or learner

    def list(self, after: str | None, limit: int) -> tuple[Learner, ...]:
        """Return up to `limit` learners in order of id, those after the id `after`."""
        statement = select(learners).order_by(learners.c.learner_id).limit(limit)
        if after is not None:
            statement = statement.where(learners.c.learner_id > after)
        return tuple(Learner(**row) for row in self._connection.execute(statement).mappings())

    def n_learners(self) -> int:
        """Return how many learners are known, described or only named by events."""
        return self._connection.scalar(select(func.count()).select_from(learners)) or 0

    def history(self, learner_id: str, as_of: datetime | None = None) -> LearnerHistory:
        """Return what is known of a learner, see `histories`."""
        return self.histories([learner_id], as_of)[learner_id]

    def histories(
        self, learner_ids: Collection[str], as_of: datetime | None = None
    ) -> Mapping[str, LearnerHistory]:
        """Return what is known of each learner.

        Parameters
        ----------
        learner_ids
            Any ids, each once; of an unknown one the history is empty and `is_known` false.
        as_of
            Events and evidence after this instant are left out.
        """
        until = {"until": _EVER if as_of is None else to_microseconds(as_of)}
        found = fetch_each(self._connection, _history, list(learner_ids), until)
        return {
            learner_id: LearnerHistory(
                learner=_profile_from(profile[0]) if profile else Learner(learner_id=learner_id),
                is_known=bool(profile),
                interactions=tuple(_interaction_from(row) for row in done),
                evidence=tuple(_evidence_from(row) for row in judged),
                assignments=tuple(_assignment_from(row) for row in owed),
            )
            for learner_id, (profile, done, judged, owed) in found.items()
        }

    def put_assignment(self, assignment: Assignment) -> None:
        """Write what a learner owes over the assignment of the same module."""
        self.add_bare_learners([assignment.learner_id])
        row = {column.name: getattr(assignment, column.name) for column in assignments.columns}
        overwrite(self._connection, assignments, row)

    def add_assignments(self, owed: Sequence[Assignment]) -> None:
        """Add what learners owe; what is assigned already stays."""
        rows = [
            {column.name: getattr(each, column.name) for column in assignments.columns}
            for each in sorted(owed, key=lambda each: (each.learner_id, each.module_id))
        ]
        insert_new(self._connection, assignments, rows, assignments.c.module_id)

    def get_assignment(self, learner_id: str, module_id: str) -> Assignment:
        """Return an assignment; NotFoundError."""
        statement = select(assignments).where(
            assignments.c.learner_id == learner_id, assignments.c.module_id == module_id
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"module {module_id!r} is not assigned to learner {learner_id!r}")
        return Assignment(**row)

    def list_assignments(self, learner_id: str) -> tuple[Assignment, ...]:
        """Return what a learner owes, in order of module ids."""
        owed = _ASSIGNMENTS.where(assignments.c.learner_id == learner_id)
        rows = self._connection.execute(owed).mappings()
        return tuple(Assignment(**row) for row in rows)

    def add_bare_learners(self, learner_ids: Iterable[str]) -> int:
        """Give learners that nobody has described a row; return how many were new."""
        wanted = set(learner_ids)
        self._tombstones.require_none(wanted)
        unknown = wanted - stored_among(self._connection, learners.c.learner_id, wanted)
        rows = [{"learner_id": learner_id} for learner_id in unknown]
        return len(insert_new(self._connection, learners, rows, learners.c.learner_id))

    def export(self, learner_id: str) -> dict[str, Any]:
        """Return everything held about a learner as one JSON document.

        Raises
        ------
        NotFoundError
            If nothing is.
        """
        return erasure.export(self._connection, learner_id)

    def erase(self, learner_id: str, at: datetime) -> None:
        """Remove everything held about a learner, for good; doing so again changes nothing."""
        self._tombstones.add(learner_id, at)
        erasure.clear(self._connection, learner_id)

    def erased_among(self, learner_ids: Iterable[str]) -> frozenset[str]:
        """Return those of `learner_ids` that were erased; within a transaction that stays so."""
        return self._tombstones.among(learner_ids)

    def erased(self) -> Mapping[str, datetime]:
        """Return the hashes of everybody who was erased, and when that was."""
        return self._tombstones.all()


def _profile_from(row: Sequence[Any]) -> Learner:
    return Learner(**dict(zip(_PROFILE_FIELDS, row, strict=True)))


def _interaction_from(row: Sequence[Any]) -> Interaction:
    # Spelled out: histories are read on every request, and this takes half the time of **row.
    event_id, learner_id, module_id, event, at, score, success, seconds, attempt, *rest = row
    comment, recommendation_id = rest
    return Interaction(
        event_id=event_id,
        learner_id=learner_id,
        module_id=module_id,
        event=_EVENTS[event],
        at=at,
        score=score,
        success=success,
        duration_seconds=seconds,
        attempt=attempt,
        comment=comment,
        recommendation_id=recommendation_id,
    )


def _evidence_from(row: Sequence[Any]) -> Evidence:
    learner_id, skill_id, level, source, at = row
    return Evidence(learner_id=learner_id, skill_id=skill_id, level=level, source=source, at=at)


def _assignment_from(row: Sequence[Any]) -> Assignment:
    learner_id, module_id, due_at, reason = row
    return Assignment(learner_id=learner_id, module_id=module_id, due_at=due_at, reason=reason)
