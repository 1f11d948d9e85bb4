"""Events, evidence and outcomes as they arrive."""

from collections.abc import Sequence

from sqlalchemy import Connection

from features.domain.history import Evidence, Interaction, Outcome


class EventRepository:
    """Takes what learners did. About an erased learner: ErasedError (ask `erased_among` first)."""

    def __init__(self, connection: Connection) -> None: ...

    def add(self, interactions: Sequence[Interaction]) -> frozenset[str]:
        """Keep events; return the ids that were new (the first of an id wins)."""
        raise NotImplementedError

    def add_evidence(self, evidence: Sequence[Evidence]) -> int:
        """Return how many were new (by learner, skill, source, at)."""
        raise NotImplementedError

    def add_outcomes(self, outcomes: Sequence[Outcome]) -> int:
        """Return how many were new (by learner, metric, at)."""
        raise NotImplementedError
