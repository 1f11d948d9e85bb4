"""Learners: profiles, histories, assignments, export and erasure."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Result,
    Row,
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
from features.store import erasure
from features.store.tables import assignments, evidence, interactions, learners
from features.store.tombstones import Tombstones
from features.store.writing import insert_new, overwrite, stored_among

_EVENTS = {str(event): event for event in Event}


def _facts(table: Table) -> Select[Any]:
    return select(*(column for column in table.columns if column.name != "sequence"))


def _of_learner(facts: Select[Any], table: Table) -> Select[Any]:
    return facts.where(table.c.learner_id == bindparam("learner_id"))


def _of_learners(facts: Select[Any], table: Table) -> Select[Any]:
    return facts.where(table.c.learner_id.in_(bindparam("learner_ids", expanding=True)))


_DONE = _facts(interactions).order_by(interactions.c.at, interactions.c.sequence)
_JUDGED = _facts(evidence).order_by(evidence.c.at, evidence.c.sequence)
_OWED = _facts(assignments).order_by(assignments.c.module_id)
# Made once: every request asks these, and to make one takes longer than many a database to answer.
_PROFILE = _of_learner(_facts(learners), learners)
_INTERACTIONS = _of_learner(_DONE, interactions)
_EVIDENCE = _of_learner(_JUDGED, evidence)
_ASSIGNMENTS = _of_learner(_OWED, assignments)
_PROFILES = _of_learners(_facts(learners), learners)
_INTERACTIONS_OF_ALL = _of_learners(_DONE, interactions)
_EVIDENCE_OF_ALL = _of_learners(_JUDGED, evidence)
_ASSIGNMENTS_OF_ALL = _of_learners(_OWED, assignments)


class LearnerRepository:
    """Reads and writes what is known of learners; writing about an erased one is an ErasedError."""

    def __init__(self, connection: Connection, tombstones: Tombstones) -> None:
        self._connection = connection
        self._tombstones = tombstones

    def get(self, learner_id: str) -> Learner | None:
        """Return a learner, or None; one only events name has nothing but the id."""
        found = self._connection.execute(_PROFILE, {"learner_id": learner_id})
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
        """Return what is known of a learner.

        Parameters
        ----------
        learner_id
            Any id; of an unknown one the history is empty and `is_known` false.
        as_of
            Events and evidence after this instant are left out.
        """
        learner = self.get(learner_id)
        done = self._rows(_INTERACTIONS, interactions, learner_id, as_of)
        judged = self._rows(_EVIDENCE, evidence, learner_id, as_of)
        owed = self.list_assignments(learner_id)
        return LearnerHistory(
            learner=learner or Learner(learner_id=learner_id),
            is_known=learner is not None,
            interactions=tuple(_interaction_from(row) for row in done.all()),
            evidence=tuple(Evidence(**row) for row in judged.mappings()),
            assignments=owed,
        )

    def histories(self, learner_ids: Collection[str]) -> Mapping[str, LearnerHistory]:
        """Return what is known of each learner, as `history` does, in four reads for all."""
        found = self._connection.execute(_PROFILES, {"learner_ids": list(learner_ids)})
        known = {row["learner_id"]: Learner(**row) for row in found.mappings()}
        done = self._by_learner(_INTERACTIONS_OF_ALL, learner_ids)
        judged = self._by_learner(_EVIDENCE_OF_ALL, learner_ids)
        owed = self._by_learner(_ASSIGNMENTS_OF_ALL, learner_ids)
        return {
            learner_id: LearnerHistory(
                learner=known.get(learner_id, Learner(learner_id=learner_id)),
                is_known=learner_id in known,
                interactions=tuple(_interaction_from(row) for row in done[learner_id]),
                evidence=tuple(Evidence(**row._asdict()) for row in judged[learner_id]),
                assignments=tuple(Assignment(**row._asdict()) for row in owed[learner_id]),
            )
            for learner_id in learner_ids
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
        rows = self._connection.execute(_ASSIGNMENTS, {"learner_id": learner_id}).mappings()
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

    def require_not_erased(self, learner_id: str) -> None:
        """Raise ErasedError if the learner was erased."""
        self._tombstones.require_none([learner_id])

    def _by_learner(
        self, statement: Select[Any], learner_ids: Collection[str]
    ) -> Mapping[str, deque[Row[Any]]]:
        """Return rows of several learners, each one's in the order of the statement."""
        rows: dict[str, deque[Row[Any]]] = {learner_id: deque() for learner_id in learner_ids}
        found = self._connection.execute(statement, {"learner_ids": list(learner_ids)})
        for row in found.all():  # at once: one after the other costs more than a row itself
            rows[row.learner_id].append(row)
        return rows

    def _rows(
        self, statement: Select[Any], table: Table, learner_id: str, as_of: datetime | None
    ) -> Result[Any]:
        if as_of is not None:
            statement = statement.where(table.c.at <= as_of)
        return self._connection.execute(statement, {"learner_id": learner_id})


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
