"""Events, evidence and outcomes as they arrive."""

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table

from features.domain.history import Evidence, Interaction, Outcome
from features.store.catalogue import CatalogueRepository
from features.store.learners import LearnerRepository
from features.store.tables import evidence as evidence_table
from features.store.tables import interactions as interactions_table
from features.store.tables import outcomes as outcomes_table
from features.store.tombstones import Tombstones
from features.store.writing import insert_new, stored_among


class EventRepository:
    """Takes what learners did, once each.

    Learners and modules that nobody has described yet get a row with their id. Locks are taken in
    one order (modules, learners, events by id), so senders that repeat each other's batches at the
    same time wait, and never block each other for good.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: CatalogueRepository,
        learners: LearnerRepository,
        tombstones: Tombstones,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._learners = learners
        self._tombstones = tombstones

    def add(self, interactions: Sequence[Interaction]) -> frozenset[str]:
        """Keep events, in order of arrival; of several with one id the first wins.

        Returns
        -------
        frozenset of str
            The ids that were new; the others are duplicates.

        Raises
        ------
        ErasedError
            If one is about an erased learner (see `LearnerRepository.erased_among`).
        """
        self._tombstones.require_none(one.learner_id for one in interactions)
        new = self._not_stored(interactions)
        self._catalogue.add_bare_modules(one.module_id for one in new)
        self._learners.add_bare_learners(one.learner_id for one in new)
        rows = [_row_of(one) for one in new]
        return frozenset(
            insert_new(self._connection, interactions_table, rows, interactions_table.c.event_id)
        )

    def add_evidence(self, evidence: Sequence[Evidence]) -> int:
        """Keep judgements of skills; return how many were new by learner, skill, source and at."""
        return self._add_facts(evidence_table, evidence, ("learner_id", "skill_id", "source", "at"))

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Keep business results; return how many were new by learner, metric and at."""
        return self._add_facts(outcomes_table, outcomes, ("learner_id", "metric", "at"))

    def _not_stored(self, interactions: Sequence[Interaction]) -> list[Interaction]:
        """Return the first of each new id; what duplicates name counts for nothing."""
        first: dict[str, Interaction] = {}
        for interaction in interactions:
            first.setdefault(interaction.event_id, interaction)
        stored = stored_among(self._connection, interactions_table.c.event_id, first)
        return [one for event_id, one in first.items() if event_id not in stored]

    def _add_facts(
        self, table: Table, facts: Collection[Evidence | Outcome], key: tuple[str, ...]
    ) -> int:
        names = [column.name for column in table.columns if column.name != "sequence"]
        rows: dict[tuple[Any, ...], dict[str, Any]] = {}
        for fact in facts:
            row = {name: getattr(fact, name) for name in names}
            rows.setdefault(tuple(row[name] for name in key), row)
        self._learners.add_bare_learners(fact.learner_id for fact in facts)
        return len(insert_new(self._connection, table, [*rows.values()], table.c.sequence))


_FIELDS = [c.name for c in interactions_table.columns if c.name != "sequence"]
_fields_of = attrgetter(*_FIELDS)


def _row_of(interaction: Interaction) -> dict[str, Any]:
    return dict(zip(_FIELDS, _fields_of(interaction), strict=True))
