"""Whether the service lives, whether it can answer, and what it measured."""

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import Field

from features.domain.errors import StoreUnavailableError
from service.problems import RETRY_AFTER_SECONDS, problem_response
from service.schemas.fields import View
from service.state import CurrentService

router = APIRouter(tags=["operations"])


class HealthView(View):
    """The process lives."""

    status: Literal["ok"]


class ReadinessView(View):
    """The service can answer; `degraded` says what it lacks."""

    status: Literal["ready"]
    degraded: str | None = Field(description="What recommendations lack just now, or null.")
    snapshot_version: str | None
    snapshot_error: str | None = Field(
        description="Why the newest champion is not the one served, or null."
    )


@router.get("/healthz", response_model=HealthView)
async def healthz() -> dict[str, str]:
    """Tell that the process lives, whatever else is down."""
    return {"status": "ok"}


@router.get(
    "/readyz", response_model=ReadinessView, responses={503: {"description": "Not ready yet."}}
)
def readyz(service: CurrentService) -> Response | dict[str, str | None]:
    """Tell whether the service can answer: its database does, and a model was looked for."""
    models = service.models.state
    try:
        service.database.ping()
    except StoreUnavailableError:
        return _not_ready("The database does not answer.")
    if not models.attempted:
        return _not_ready("The first attempt to load the champion has not finished.")
    return {
        "status": "ready",
        "degraded": "no model yet" if models.snapshot_version is None else None,
        "snapshot_version": models.snapshot_version,
        "snapshot_error": models.error,
    }


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(service: CurrentService) -> Response:
    """Give what all workers have counted in Prometheus' text format."""
    scorer = service.rankings.remembered()
    if scorer is not None:
        service.metrics.modules.set(int((~scorer.index.is_question).sum()))
    return Response(service.metrics.page(), media_type=CONTENT_TYPE_LATEST)


def _not_ready(detail: str) -> Response:
    return problem_response(
        503, "not_ready", detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
    )
