"""Recommendations as they were given, and what people made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from features.domain.errors import NotFoundError
from features.domain.history import Feedback
from features.domain.instants import to_microseconds
from features.domain.recommendation import Recommendation
from features.store.candidates import pack, unpack
from features.store.columns import to_json
from features.store.documents import to_document
from features.store.driver import execute_each
from features.store.tables import feedback as feedback_table
from features.store.tables import policies, recommendations
from features.store.tombstones import Tombstones
from features.store.writing import insert_new

_RECORD = insert(recommendations)
_FEEDBACK = [column for column in feedback_table.columns if column.name != "sequence"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A recommendation as it was given.

    Attributes
    ----------
    recommendation_id
        A new id.
    recommendation
        What was decided, with the candidates it was drawn from.
    context
        What was asked, as JSON.
    answer
        The body given, as text of JSON; it is returned exactly so.
    """

    recommendation_id: str
    recommendation: Recommendation
    context: Mapping[str, Any]
    answer: str


class RecommendationRepository:
    """Records answers before they are given, and reads them back."""

    def __init__(self, connection: Connection, tombstones: Tombstones) -> None:
        self._connection = connection
        self._tombstones = tombstones

    def add(
        self,
        recommendation_id: str,
        recommendation: Recommendation,
        *,
        context: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> None:
        """Record a recommendation, see `Served`; ErasedError if the learner was erased."""
        served = Served(
            recommendation_id=recommendation_id,
            recommendation=recommendation,
            context=context,
            answer=to_json(answer),
        )
        self.add_all([served])

    def add_all(self, served: Sequence[Served]) -> None:
        """Record recommendations.

        Raises
        ------
        ErasedError
            If one of the learners was erased.
        """
        if not served:
            return
        self._tombstones.require_none(each.recommendation.learner_id for each in served)
        execute_each(self._connection, _RECORD, [_row(each) for each in served])

    def get(self, recommendation_id: str) -> dict[str, Any]:
        """Return all that is kept about a recommendation, ready for JSON.

        Returns
        -------
        dict
            recommendation_id, learner_id, served_at, snapshot_version, policy (policy_id, version
            and, where that version is in the catalogue, its content), context, answer, candidates
            and feedback.

        Raises
        ------
        NotFoundError
            If there is none of that id.
        """
        row = self._require(recommendation_id)
        policy = {"policy_id": row["policy_id"], "version": row["policy_version"]}
        statement = select(policies.c.body).where(
            policies.c.policy_id == row["policy_id"], policies.c.version == row["policy_version"]
        )
        given = select(*_FEEDBACK).where(feedback_table.c.recommendation_id == recommendation_id)
        acts = self._connection.execute(given.order_by(feedback_table.c.sequence)).mappings()
        return {
            "recommendation_id": recommendation_id,
            "learner_id": row["learner_id"],
            "served_at": to_document(row["served_at"]),
            "snapshot_version": row["snapshot_version"],
            "policy": policy | (self._connection.scalar(statement) or {}),
            "context": row["context"],
            "answer": row["answer"],
            "candidates": to_document(unpack(row["candidates"])),
            "feedback": [to_document(dict(act)) for act in acts],
        }

    def add_feedback(self, feedback: Feedback) -> bool:
        """Keep what became of a recommended module.

        Returns
        -------
        bool
            False where it was kept already (same recommendation, module, outcome and instant).

        Raises
        ------
        NotFoundError
            If there is no such recommendation.
        """
        about = self._require(feedback.recommendation_id)
        self._tombstones.require_none([about["learner_id"]])
        row = {column.name: getattr(feedback, column.name) for column in _FEEDBACK}
        key = feedback_table.c.sequence
        return bool(insert_new(self._connection, feedback_table, [row], key))

    def _require(self, recommendation_id: str) -> RowMapping:
        statement = select(recommendations).where(
            recommendations.c.recommendation_id == recommendation_id
        )
        row = self._connection.execute(statement).mappings().one_or_none()
        if row is None:
            raise NotFoundError(f"there is no recommendation {recommendation_id!r}")
        return row


def _row(served: Served) -> dict[str, Any]:
    """Return what is kept, as drivers take it."""
    recommendation = served.recommendation
    return {
        "recommendation_id": served.recommendation_id,
        "learner_id": recommendation.learner_id,
        "served_at": to_microseconds(recommendation.served_at),
        "snapshot_version": recommendation.snapshot_version,
        "policy_id": recommendation.policy_id,
        "policy_version": recommendation.policy_version,
        "context": to_json(served.context),
        "answer": served.answer,
        "candidates": pack(recommendation.candidates),
    }
