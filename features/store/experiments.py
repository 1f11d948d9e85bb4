"""Experiments, who is enrolled in them, and who met what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
)

from features.domain.errors import NotFoundError
from features.domain.experiment import Enrolment, Experiment, Exposure
from features.store.documents import experiment_from, to_document
from features.store.revisions import EXPERIMENTS, Revisions
from features.store.tables import enrolments, experiments, exposures, group_variants
from features.store.tombstones import Tombstones
from features.store.writing import insert_new, overwrite

_ROWS_AT_A_TIME = 10_000


class ExperimentRepository:
    """Keeps experiments whole, and enrolments and exposures one by one.

    Whoever changes an experiment holds off all others who do, so what was checked stays true.
    """

    def __init__(self, connection: Connection, tombstones: Tombstones) -> None:
        self._connection = connection
        self._tombstones = tombstones
        self._revisions = Revisions(connection)

    def hold(self) -> None:
        """Hold off others who change experiments until the end of this transaction."""
        self._revisions.hold(EXPERIMENTS)

    def put(self, experiment: Experiment) -> None:
        """Write an experiment over the one of the same id, and tell readers.

        Raises
        ------
        ErasedError
            If a preview learner was erased.
        """
        self._tombstones.require_none(experiment.preview)
        row = {
            "experiment_id": experiment.experiment_id,
            "body": to_document(experiment),
            "started_at": experiment.started_at,
            "stopped_at": experiment.stopped_at,
        }
        overwrite(self._connection, experiments, row)
        self._revisions.advance(EXPERIMENTS)

    def get(self, experiment_id: str) -> Experiment:
        """Return an experiment; NotFoundError."""
        statement = select(experiments.c.body).where(experiments.c.experiment_id == experiment_id)
        body = self._connection.scalar(statement)
        if body is None:
            raise NotFoundError(f"there is no experiment {experiment_id!r}")
        return experiment_from(body)

    def list(self, after: str | None, limit: int) -> tuple[Experiment, ...]:
        """Return up to `limit` experiments in order of id, those after the id `after`."""
        statement = select(experiments.c.body).order_by(experiments.c.experiment_id).limit(limit)
        if after is not None:
            statement = statement.where(experiments.c.experiment_id > after)
        return tuple(experiment_from(body) for body in self._connection.scalars(statement))

    def started(self) -> tuple[Experiment, ...]:
        """Return those that have started and not stopped, the earliest first."""
        statement = select(experiments.c.body).where(
            experiments.c.started_at.is_not(None), experiments.c.stopped_at.is_(None)
        )
        ordered = statement.order_by(experiments.c.started_at, experiments.c.experiment_id)
        return tuple(experiment_from(body) for body in self._connection.scalars(ordered))

    def enrolled(self, learner_id: str) -> Mapping[str, Enrolment]:
        """Return a learner's enrolments by experiment id."""
        statement = select(enrolments).where(enrolments.c.learner_id == learner_id)
        rows = self._connection.execute(statement).mappings()
        return {row["experiment_id"]: Enrolment(**row) for row in rows}

    def variants_of_groups(self, groups: Mapping[str, str]) -> Mapping[str, tuple[str, int]]:
        """Return what groups were assigned, by experiment id: variant id and number of the phase.

        Parameters
        ----------
        groups
            Experiment id → unit id.
        """
        if not groups:
            return {}
        named = [
            and_(
                group_variants.c.experiment_id == experiment_id, group_variants.c.unit_id == unit_id
            )
            for experiment_id, unit_id in groups.items()
        ]
        rows = self._connection.execute(select(group_variants).where(or_(*named)))
        return {row.experiment_id: (row.variant_id, row.phase) for row in rows}

    def enrol(self, new: Sequence[Enrolment], group_experiments: Iterable[str] = ()) -> bool:
        """Keep enrolments; of those that two write at the same time the first wins.

        Parameters
        ----------
        new
            Of one learner.
        group_experiments
            Ids of the experiments among them that assign groups.

        Returns
        -------
        bool
            False where another variant is kept of one of them by now: nothing of this transaction
            may be kept then.

        Raises
        ------
        ErasedError
            If the learner was erased.
        """
        self._tombstones.require_none({one.learner_id for one in new})
        grouped = frozenset(group_experiments)
        ordered = sorted(new, key=lambda one: one.experiment_id)
        groups = [_group_row(one) for one in ordered if one.experiment_id in grouped]
        rows = [_row(one) for one in ordered]
        return self._is_kept(group_variants, groups) and self._is_kept(enrolments, rows)

    def add_exposures(self, new: Sequence[Exposure]) -> None:
        """Record which variants an answer consulted."""
        if new:
            self._connection.execute(insert(exposures), [_row(one) for one in new])

    def n_enrolled(self, experiment_ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return how many learners are enrolled, by experiment id and variant id."""
        columns = (enrolments.c.experiment_id, enrolments.c.variant_id)
        statement = select(*columns, func.count()).where(columns[0].in_(experiment_ids))
        found: dict[str, dict[str, int]] = {each: {} for each in experiment_ids}
        for experiment_id, variant_id, n in self._connection.execute(statement.group_by(*columns)):
            found[experiment_id][variant_id] = n
        return found

    def enrolments(self, experiment_id: str) -> Iterator[Enrolment]:
        """Yield an experiment's enrolments in order of learner id."""
        of_experiment = enrolments.c.experiment_id == experiment_id
        statement = select(enrolments).where(of_experiment).order_by(enrolments.c.learner_id)
        yield from (Enrolment(**row) for row in self._stream(statement))

    def exposures(self, experiment_id: str) -> Iterator[Exposure]:
        """Yield an experiment's exposures in order of time."""
        of_experiment = exposures.c.experiment_id == experiment_id
        order = (exposures.c.at, exposures.c.recommendation_id)
        statement = select(exposures).where(of_experiment).order_by(*order)
        yield from (Exposure(**row) for row in self._stream(statement))

    def _stream(self, statement: Select[Any]) -> Iterator[RowMapping]:
        options = {"yield_per": _ROWS_AT_A_TIME}
        yield from self._connection.execute(statement, execution_options=options).mappings()

    def _is_kept(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Insert the rows that are new, and tell whether all now say the same variant."""
        inserted = set(insert_new(self._connection, table, rows, table.c.experiment_id))
        return all(
            row["experiment_id"] in inserted or self._variant_in(table, row) == row["variant_id"]
            for row in rows
        )

    def _variant_in(self, table: Table, row: Mapping[str, Any]) -> str | None:
        key = and_(*(column == row[column.name] for column in table.primary_key))
        return self._connection.scalar(select(table.c.variant_id).where(key))


def _row(one: Enrolment | Exposure) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}


def _group_row(one: Enrolment) -> dict[str, Any]:
    return {column.name: getattr(one, column.name) for column in group_variants.columns}
