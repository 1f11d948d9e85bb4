"""One recommendation, from the question to the recorded answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import numpy as np

from features.decide.arms import decide_in_arm
from features.decide.assignment import Placement
from features.decide.decide import decide
from features.decide.impersonal import decide_impersonally
from features.domain.catalogue import Policy
from features.domain.errors import StoreUnavailableError
from features.domain.history import Learner, LearnerHistory
from features.domain.recommendation import DecisionRequest, Recommendation, RequestContext
from features.score.scorer import Scorer
from features.store.revisions import CATALOGUE, EXPERIMENTS
from service.arms import Arm, note
from service.schemas.fields import write_instant
from service.schemas.recommendations import RecommendationView
from service.state import Service

DATABASE_DOWN = "the database does not answer: ranked without the learner's history, not recorded"
NOT_RECORDED = "the database does not answer: this answer is not recorded"
NO_MODEL = "no model yet: ranked by gaps and assignments"
EMPTY_CATALOGUE = "the catalogue is empty: there is nothing to recommend"
# Words for these in metrics, whose labels have few values.
LACK_CODES = {
    DATABASE_DOWN: "database",
    NOT_RECORDED: "not_recorded",
    NO_MODEL: "no_model",
    EMPTY_CATALOGUE: "empty_catalogue",
}


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

    `is_stored` is false where the database is down and all this comes from memory; `arm` is what
    experiments make of it.
    """

    scorer: Scorer
    request: DecisionRequest
    lacks: tuple[str, ...]
    is_stored: bool
    arm: Arm | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A decision, what it answers, and the experiments it is part of."""

    recommendation: Recommendation
    question: Question
    placements: tuple[Placement, ...]
    personalised: bool


class _EnrolledMeanwhileError(Exception):
    """Another request has enrolled the learner in another variant: this one starts over."""


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
    with service.stage("know"):
        known = _know(service, question)
    with service.stage("decide"):
        recommendation, placements = _decide(known, question)
    is_for_the_record = question.is_for_the_record and known.is_stored
    recommendation_id = str(uuid4()) if is_for_the_record else None
    made = _Made(
        recommendation=recommendation,
        question=question,
        placements=placements,
        personalised=known.request.history.learner.personalised,
    )
    lacks = known.lacks
    answer = _answer(made, lacks, recommendation_id)
    if recommendation_id is not None:
        try:
            with service.stage("record"):
                _record(service, recommendation_id, made, answer)
        except StoreUnavailableError:
            lacks = (NOT_RECORDED, *lacks)
            answer = _answer(replace(made, placements=()), lacks, None)
        except _EnrolledMeanwhileError:
            return recommend(service, question)
    if question.is_for_the_record:
        service.metrics.recommended(recommendation, _code_of(lacks))
    return answer


def _know(service: Service, question: Question) -> _Known:
    arm = None
    try:
        with service.database.reading() as repositories:
            revisions = repositories.revisions.all()
            scorer = service.rankings.at(revisions[CATALOGUE], repositories)
            history = repositories.learners.history(question.learner_id, question.as_of)
            if not history.is_known:
                repositories.learners.require_not_erased(question.learner_id)
            request = _request(question, history)
            if question.is_for_the_record and history.learner.personalised:
                arm = service.arms.find(repositories, revisions[EXPERIMENTS], scorer, request)
    except StoreUnavailableError:
        remembered = service.rankings.remembered()
        if remembered is None:
            raise
        stranger = LearnerHistory(learner=Learner(learner_id=question.learner_id), is_known=False)
        lacks = (DATABASE_DOWN, *_lacks(remembered))
        request = _request(question, stranger)
        return _Known(scorer=remembered, request=request, lacks=lacks, is_stored=False)
    lacks = _lacks(scorer) + (arm.lacks if arm is not None else ())
    return _Known(scorer=scorer, request=request, lacks=lacks, is_stored=True, arm=arm)


def _request(question: Question, history: LearnerHistory) -> DecisionRequest:
    now = question.as_of or question.asked_at
    return DecisionRequest(history=history, context=question.context, now=now)


def _lacks(scorer: Scorer) -> tuple[str, ...]:
    """Return what the system, not the learner, lacks for a full answer."""
    lacks = []
    if not scorer.index.modules:
        lacks.append(EMPTY_CATALOGUE)
    if scorer.version is None:
        lacks.append(NO_MODEL)
    return tuple(lacks)


def _code_of(lacks: Sequence[str]) -> str | None:
    """Return a word for what the system lacks first; what is no other is of experiments."""
    return LACK_CODES.get(lacks[0], "experiment") if lacks else None


def _decide(known: _Known, question: Question) -> tuple[Recommendation, tuple[Placement, ...]]:
    """Decide, and return with it the experiments whose variants were consulted."""
    rng = np.random.default_rng()
    if not known.request.history.learner.personalised:
        return decide_impersonally(known.request, known.scorer, question.policy, rng), ()
    if known.arm is None or not known.arm.placements:
        # What the request names comes first; else the pathway or the default decides.
        return decide(known.request, known.scorer, question.policy, rng), ()
    arm = (known.arm.scorer, known.arm.policy)
    recommendation, is_consulted = decide_in_arm(known.request, known.scorer, arm, rng)
    return recommendation, known.arm.placements if is_consulted else ()


def _answer(made: _Made, lacks: Sequence[str], recommendation_id: str | None) -> RecommendationView:
    recommendation = made.recommendation
    reasons = [reason for reason in (*lacks, recommendation.degraded) if reason]
    return RecommendationView.model_validate(
        {
            "recommendation_id": recommendation_id,
            "learner_id": recommendation.learner_id,
            "served_at": made.question.asked_at,
            "snapshot_version": recommendation.snapshot_version,
            "policy_id": recommendation.policy_id,
            "policy_version": recommendation.policy_version,
            "experiments": [
                {"experiment_id": each.trial.experiment_id, "variant_id": each.variant_id}
                for each in made.placements
            ],
            "degraded": "; ".join(reasons) or None,
            "recorded": recommendation_id is not None,
            "personalised": made.personalised,
            "items": recommendation.items,
            "withheld": recommendation.withheld,
            "rules": recommendation.rules,
            "remarks": recommendation.remarks,
        }
    )


def _record(
    service: Service, recommendation_id: str, made: _Made, answer: RecommendationView
) -> None:
    """Commit the answer with what it was made from, exposed to, and what rules assign with it."""
    question, recommendation = made.question, made.recommendation
    with service.database.transaction() as repositories:
        repositories.recommendations.add(
            recommendation_id,
            recommendation,
            context=_context(question),
            answer=answer.model_dump(mode="json"),
        )
        repositories.learners.add_assignments(recommendation.assignments)
        if made.placements and not note(
            repositories, recommendation_id, made.placements, question.learner_id, question.asked_at
        ):
            raise _EnrolledMeanwhileError


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
