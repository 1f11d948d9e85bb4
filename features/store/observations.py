"""What became of learners, read in one pass a table: for results of experiments and for plans."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Select, func, select, type_coerce

from features.domain.history import Learner
from features.store.tables import (
    assignments,
    enrolments,
    evidence,
    exposures,
    feedback,
    interactions,
    learners,
    outcomes,
    recommendations,
)

ROWS_AT_A_TIME = 10_000

Rows = Iterator[Sequence[Any]]


class ObservationRepository:
    """Streams rows of the learners of an experiment, or of everybody where none is named.

    Instants come as whole microseconds since 1970. Rows come in no order unless one is told.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def enrolled(self, experiment_id: str) -> Rows:
        """Yield learner, unit, variant, phase and instant of enrolments, in order of learners."""
        table = enrolments.c
        columns = (table.learner_id, table.unit_id, table.variant_id, table.phase, _raw(table.at))
        chosen = select(*columns).where(table.experiment_id == experiment_id)
        return self._stream(chosen.order_by(table.learner_id))

    def exposed(self, experiment_id: str) -> Rows:
        """Yield learner, unit, variant, recommendation and instant of exposures, as they came."""
        table = exposures.c
        columns = (
            table.learner_id,
            table.unit_id,
            table.variant_id,
            table.recommendation_id,
            _raw(table.at),
        )
        chosen = select(*columns).where(table.experiment_id == experiment_id)
        return self._stream(chosen.order_by(table.at, table.recommendation_id))

    def interactions(self, experiment_id: str | None = None) -> Rows:
        """Yield learner, module, event, instant, score, success, seconds and recommendation."""
        table = interactions.c
        columns = (
            table.learner_id,
            table.module_id,
            table.event,
            _raw(table.at),
            table.score,
            table.success,
            table.duration_seconds,
            table.recommendation_id,
        )
        return self._stream(self._among(select(*columns), table.learner_id, experiment_id))

    def evidence(self, experiment_id: str | None = None) -> Rows:
        """Yield learner, skill, source, level and instant of judgements, in order of time."""
        table = evidence.c
        columns = (table.learner_id, table.skill_id, table.source, table.level, _raw(table.at))
        chosen = self._among(select(*columns), table.learner_id, experiment_id)
        return self._stream(chosen.order_by(table.at, table.sequence))

    def outcomes(self, metrics: Collection[str], experiment_id: str | None = None) -> Rows:
        """Yield learner, metric, value and instant of business results called `metrics`."""
        table = outcomes.c
        columns = (table.learner_id, table.metric, table.value, _raw(table.at))
        chosen = select(*columns).where(table.metric.in_(sorted(metrics)))
        return self._stream(self._among(chosen, table.learner_id, experiment_id))

    def followed(self, experiment_id: str | None = None) -> Rows:
        """Yield recommendation and module of feedback that says a module was followed."""
        chosen = select(feedback.c.recommendation_id, feedback.c.module_id).where(
            feedback.c.outcome == "followed"
        )
        if experiment_id is not None:
            met = select(exposures.c.recommendation_id).where(
                exposures.c.experiment_id == experiment_id
            )
            chosen = chosen.where(feedback.c.recommendation_id.in_(met))
        return self._stream(chosen)

    def assigned(self, experiment_id: str | None = None) -> Rows:
        """Yield learner and module of assignments."""
        chosen = select(assignments.c.learner_id, assignments.c.module_id)
        return self._stream(self._among(chosen, assignments.c.learner_id, experiment_id))

    def profiles(self, experiment_id: str | None = None) -> Iterator[Learner]:
        """Yield learners in order of id."""
        chosen = self._among(select(learners), learners.c.learner_id, experiment_id)
        options = {"yield_per": ROWS_AT_A_TIME}
        ordered = chosen.order_by(learners.c.learner_id)
        for row in self._connection.execute(ordered, execution_options=options).mappings():
            yield Learner(**row)

    def logged(
        self, since: int | None = None, experiment_id: str | None = None, limit: int | None = None
    ) -> Rows:
        """Yield id, learner, instant, context, answer and packed candidates, in order of time.

        Parameters
        ----------
        since
            Microseconds: only those served from then on.
        experiment_id
            Only those in which it was met.
        limit
            The first so many.
        """
        table = recommendations.c
        at = _raw(table.served_at)
        whose = (table.recommendation_id, table.learner_id, at)
        chosen = select(*whose, table.context, table.answer, table.candidates).limit(limit)
        chosen = chosen.order_by(table.served_at, table.recommendation_id)
        if since is not None:
            chosen = chosen.where(at >= since)
        if experiment_id is not None:
            met = select(exposures.c.recommendation_id).where(
                exposures.c.experiment_id == experiment_id
            )
            chosen = chosen.where(table.recommendation_id.in_(met))
        return self._stream(chosen)

    def n_served(self, since: int) -> int:
        """Return how many learners were served a recommendation since an instant."""
        table = recommendations.c
        counted = select(func.count(table.learner_id.distinct())).where(
            _raw(table.served_at) >= since
        )
        return int(self._connection.scalar(counted) or 0)

    def has_interactions(self) -> bool:
        """Tell whether any event has arrived."""
        return bool(self._connection.scalar(select(select(interactions.c.sequence).exists())))

    def mark(self, experiment_id: str) -> tuple[int, ...]:
        """Return numbers that are others whenever results of the experiment could be."""
        met = select(func.count()).where(exposures.c.experiment_id == experiment_id)
        marks = [met] + [
            select(func.coalesce(func.max(table.c.sequence), 0))
            for table in (interactions, evidence, outcomes, feedback)
        ]
        return tuple(int(self._connection.scalar(mark) or 0) for mark in marks)

    def _among(
        self, chosen: Select[Any], learner_id: Column[str], experiment_id: str | None
    ) -> Select[Any]:
        if experiment_id is None:
            return chosen
        enrolled = select(enrolments.c.learner_id).where(
            enrolments.c.experiment_id == experiment_id
        )
        return chosen.where(learner_id.in_(enrolled))

    def _stream(self, statement: Select[Any]) -> Rows:
        options = {"yield_per": ROWS_AT_A_TIME}
        yield from self._connection.execute(statement, execution_options=options)


def _raw(column: Column[Any]) -> Any:
    return type_coerce(column, BigInteger)
