"""Recommendations: ask, read back, and say what became of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from features.domain.errors import ConflictError
from features.domain.history import Feedback
from features.domain.instants import parse_instant
from features.domain.recommendation import RequestContext
from service.auth import ADMIN, Caller, Recommender
from service.inquiry import Inquiry
from service.routes.paths import PathId, require_past
from service.schemas.recommendations import (
    ContextBody,
    FeedbackBody,
    FeedbackView,
    RecommendationBody,
    RecommendationRecordView,
    RecommendationView,
)
from service.state import CurrentService, Now

DRY_RUN = "dry-run"

# What answers did not have when the first of them were recorded.
ADDED_TO_ANSWERS: Mapping[str, Any] = {"rules": [], "remarks": [], "personalised": True}
ADDED_TO_WITHHELD: Mapping[str, Any] = {"when": None, "opens_at": None}

router = APIRouter(prefix="/v1/recommendations", tags=["recommendations"])


@router.post("", response_model=RecommendationView)
async def ask(
    body: RecommendationBody, caller: Recommender, service: CurrentService, now: Now
) -> Response:
    """Answer which module a learner should take next, and why.

    The answer takes every event into account that was acknowledged before, and is on disk, with
    all it was made from, before it is given. A learner never seen is served from goal, role or
    popularity.
    """
    service.pseudonyms.require({"learner_id": body.learner_id})
    answer = await service.desk.ask(_inquiry(body, caller, now))
    return Response(answer, media_type="application/json")


@router.get("/{recommendation_id}", response_model=RecommendationRecordView)
def read_back(
    recommendation_id: PathId, _caller: Recommender, service: CurrentService
) -> dict[str, Any]:
    """Return an answer as it was given, with its policy, circumstances, candidates and feedback."""
    with service.database.reading() as repositories:
        record = repositories.recommendations.get(recommendation_id)
    return {
        **_in_full(record["answer"]),
        "policy": record["policy"],
        "context": record["context"],
        "candidates": candidates_by_module(record["candidates"]),
        "feedback": record["feedback"],
    }


@router.post("/{recommendation_id}/feedback", response_model=FeedbackView)
def give_feedback(
    recommendation_id: PathId,
    body: FeedbackBody,
    _caller: Recommender,
    service: CurrentService,
    now: Now,
) -> Feedback:
    """Say what became of a recommended module: shown, followed, dismissed or overridden.

    Sending the same again changes nothing. Without `at`, one feedback of each outcome is kept for
    a module.
    """
    if body.at is not None:
        require_past(body.at, now, "at")
    with service.database.transaction() as repositories:
        record = repositories.recommendations.get(recommendation_id)
        _require_part_of(record["answer"], body.module_id)
        at = body.at or _first_given(record["feedback"], body) or now
        feedback = Feedback(
            recommendation_id=recommendation_id, **body.model_dump(exclude={"at"}), at=at
        )
        repositories.recommendations.add_feedback(feedback)
    return feedback


def candidates_by_module(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Turn the columns candidates are kept in into one object a module.

    Parameters
    ----------
    columns
        The fields of `features.domain.recommendation.Candidates` as JSON.
    """
    figures = ("tier", "score", "p_first", "p_success", "ready")
    return [
        {
            "module_id": module_id,
            **{name: columns[name][place] for name in figures},
            "terms": {term: values[place] for term, values in columns["terms"].items()},
        }
        for place, module_id in enumerate(columns["module_ids"])
    ]


def _inquiry(body: RecommendationBody, caller: Caller, now: datetime) -> Inquiry:
    context = body.context or ContextBody()
    if context.as_of is not None:
        caller.require(ADMIN, "`context.as_of`")
        require_past(context.as_of, now, "context.as_of")
    if body.policy is not None:
        caller.require(ADMIN, "`policy`")
    return Inquiry(
        learner_id=body.learner_id,
        context=RequestContext(
            limit=body.limit,
            available_minutes=context.available_minutes,
            formats=frozenset(context.formats),
            goal_role_id=context.goal.role_id if context.goal else None,
            exclude=frozenset(context.exclude),
            language=context.language,
        ),
        asked_at=now,
        as_of=context.as_of,
        policy=body.policy.to_domain(body.policy.policy_id or DRY_RUN) if body.policy else None,
    )


def _in_full(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorded answer with what has been added to answers since."""
    withheld = [{**ADDED_TO_WITHHELD, **each} for each in answer["withheld"]]
    return {**ADDED_TO_ANSWERS, **answer, "withheld": withheld}


def _require_part_of(answer: Mapping[str, Any], module_id: str) -> None:
    named = {each["module_id"] for each in (*answer["items"], *answer["withheld"])}
    if module_id not in named:
        raise ConflictError(f"module {module_id!r} was not part of this recommendation.")


def _first_given(given: Sequence[Mapping[str, Any]], body: FeedbackBody) -> datetime | None:
    """Return when this feedback was first given, if it was."""
    return next(
        (
            parse_instant(each["at"])
            for each in given
            if (each["module_id"], each["outcome"]) == (body.module_id, body.outcome)
        ),
        None,
    )
