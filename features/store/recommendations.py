"""Recommendations as they were given, and what people made of them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from features.domain.history import Feedback
from features.domain.recommendation import Recommendation


class RecommendationRepository:
    """Records answers before they are given."""

    def __init__(self, connection: Connection) -> None: ...

    def add(
        self,
        recommendation_id: str,
        recommendation: Recommendation,
        *,
        context: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> None: ...

    def get(self, recommendation_id: str) -> dict[str, Any]:
        """Return recommendation_id, learner_id, served_at, snapshot_version, policy {policy_id,
        version, …}, context, answer, candidates [..], feedback [..]. Raises NotFoundError.
        """
        raise NotImplementedError

    def add_feedback(self, feedback: Feedback) -> bool:
        """Return whether it was new. Raises NotFoundError where there is no such recommendation."""
        raise NotImplementedError
