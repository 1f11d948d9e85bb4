"""Assessments in progress and done."""

from typing import Any

from sqlalchemy import Connection, select

from features.domain.assessment import Answer, Assessment
from features.domain.errors import NotFoundError
from features.domain.instants import parse_instant
from features.store.documents import to_document
from features.store.tables import assessments
from features.store.tombstones import Tombstones
from features.store.writing import overwrite


class AssessmentRepository:
    """Keeps assessments whole; writing one of an erased learner is an ErasedError."""

    def __init__(self, connection: Connection, tombstones: Tombstones) -> None:
        self._connection = connection
        self._tombstones = tombstones

    def put(self, assessment: Assessment) -> None:
        """Write an assessment over the one of the same id."""
        self._tombstones.require_none([assessment.learner_id])
        row = {
            "assessment_id": assessment.assessment_id,
            "learner_id": assessment.learner_id,
            "started_at": assessment.started_at,
            "body": to_document(assessment),
        }
        overwrite(self._connection, assessments, row)

    def get(self, assessment_id: str) -> Assessment:
        """Return an assessment and hold it until the end of a writing transaction.

        Raises
        ------
        NotFoundError
            If there is none of this id.
        """
        statement = select(assessments.c.body).where(assessments.c.assessment_id == assessment_id)
        body = self._connection.scalar(statement.with_for_update())
        if body is None:
            raise NotFoundError(f"there is no assessment {assessment_id!r}")
        return _from(body)


def _from(body: dict[str, Any]) -> Assessment:
    finished_at = body["finished_at"]
    return Assessment(
        **{
            **body,
            "skill_ids": tuple(body["skill_ids"]),
            "prior_mean": tuple(body["prior_mean"]),
            "prior_covariance": tuple(tuple(row) for row in body["prior_covariance"]),
            "waived": tuple(body["waived"]),
            "answers": tuple(Answer(**answer) for answer in body["answers"]),
            "started_at": parse_instant(body["started_at"]),
            "finished_at": None if finished_at is None else parse_instant(finished_at),
        }
    )
