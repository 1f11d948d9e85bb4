"""One recommendation, from the question to the recorded answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np

from features.decide.decide import decide
from features.domain.catalogue import Policy
from features.domain.errors import StoreUnavailableError
from features.domain.history import Learner, LearnerHistory
from features.domain.recommendation import DecisionRequest, Recommendation, RequestContext
from features.score.scorer import Scorer
from service.schemas.fields import write_instant
from service.schemas.recommendations import RecommendationView
from service.state import Service

DATABASE_DOWN = "the database does not answer: ranked without the learner's history, not recorded"
NOT_RECORDED = "the database does not answer: this answer is not recorded"
NO_MODEL = "no model yet: ranked by gaps and assignments"
EMPTY_CATALOGUE = "the catalogue is empty: there is nothing to recommend"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked.

    Attributes
    ----------
    learner_id
        Known or not.
    context
        The circumstances.
    asked_at
        Aware UTC.
    as_of
        Look back: rank as at this instant.
    policy
        Dry run: rank with this policy.
    """

    learner_id: str
    context: RequestContext
    asked_at: datetime
    as_of: datetime | None = None
    policy: Policy | None = None

    @property
    def is_for_the_record(self) -> bool:
        """Whether the answer is served to a learner, and not a dry run or a look back."""
        return self.as_of is None and self.policy is None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What an answer is made from, and what the system lacks.

    `is_stored` is false where the database is down and all this comes from memory.
    """

    scorer: Scorer
    history: LearnerHistory
    lacks: tuple[str, ...]
    is_stored: bool


def recommend(service: Service, question: Question) -> RecommendationView:
    """Answer a question and, unless it is a dry run or a look back, record the answer first.

    Parameters
    ----------
    service
        Database, rankings and metrics.
    question
        Who asks for whom, and how.

    Returns
    -------
    RecommendationView
        With the database down: unrecorded, from the catalogue last seen, and saying so.

    Raises
    ------
    StoreUnavailableError
        If the database is down and nothing is remembered.
    ErasedError
        If the learner was erased.
    """
    known = _know(service, question)
    recommendation = _decide(known, question)
    is_for_the_record = question.is_for_the_record and known.is_stored
    recommendation_id = str(uuid4()) if is_for_the_record else None
    answer = _answer(recommendation, question, known.lacks, recommendation_id)
    if recommendation_id is not None:
        try:
            _record(service, recommendation_id, recommendation, question, answer)
        except StoreUnavailableError:
            answer = _answer(recommendation, question, (NOT_RECORDED, *known.lacks), None)
    service.metrics.recommendations.labels(answer.degraded or "none").inc()
    return answer


def _know(service: Service, question: Question) -> _Known:
    try:
        with service.database.reading() as repositories:
            scorer = service.rankings.current(repositories)
            history = repositories.learners.history(question.learner_id, question.as_of)
            if not history.is_known:
                repositories.learners.require_not_erased(question.learner_id)
    except StoreUnavailableError:
        remembered = service.rankings.remembered()
        if remembered is None:
            raise
        stranger = LearnerHistory(learner=Learner(learner_id=question.learner_id), is_known=False)
        lacks = (DATABASE_DOWN, *_lacks(remembered))
        return _Known(scorer=remembered, history=stranger, lacks=lacks, is_stored=False)
    return _Known(scorer=scorer, history=history, lacks=_lacks(scorer), is_stored=True)


def _lacks(scorer: Scorer) -> tuple[str, ...]:
    """Return what the system, not the learner, lacks for a full answer."""
    lacks = []
    if not scorer.index.modules:
        lacks.append(EMPTY_CATALOGUE)
    if scorer.version is None:
        lacks.append(NO_MODEL)
    return tuple(lacks)


def _decide(known: _Known, question: Question) -> Recommendation:
    request = DecisionRequest(
        history=known.history,
        context=question.context,
        now=question.as_of or question.asked_at,
    )
    # What the request names comes first; what it leaves open the pathway or the default decides.
    return decide(request, known.scorer, question.policy, np.random.default_rng())


def _answer(
    recommendation: Recommendation,
    question: Question,
    lacks: Sequence[str],
    recommendation_id: str | None,
) -> RecommendationView:
    reasons = [reason for reason in (*lacks, recommendation.degraded) if reason]
    return RecommendationView.model_validate(
        {
            "recommendation_id": recommendation_id,
            "learner_id": recommendation.learner_id,
            "served_at": question.asked_at,
            "snapshot_version": recommendation.snapshot_version,
            "policy_id": recommendation.policy_id,
            "policy_version": recommendation.policy_version,
            "experiments": [],
            "degraded": "; ".join(reasons) or None,
            "recorded": recommendation_id is not None,
            "items": recommendation.items,
            "withheld": recommendation.withheld,
            "rules": recommendation.rules,
            "remarks": recommendation.remarks,
        }
    )


def _record(
    service: Service,
    recommendation_id: str,
    recommendation: Recommendation,
    question: Question,
    answer: RecommendationView,
) -> None:
    """Commit the answer with what it was made from, and what rules assign with it."""
    with service.database.transaction() as repositories:
        repositories.recommendations.add(
            recommendation_id,
            recommendation,
            context=_context(question),
            answer=answer.model_dump(mode="json"),
        )
        repositories.learners.add_assignments(recommendation.assignments)


def _context(question: Question) -> Mapping[str, Any]:
    context = question.context
    return {
        "asked_at": write_instant(question.asked_at),
        "limit": context.limit,
        "available_minutes": context.available_minutes,
        "formats": sorted(context.formats),
        "goal": None if context.goal_role_id is None else {"role_id": context.goal_role_id},
        "exclude": sorted(context.exclude),
        "language": context.language,
    }
