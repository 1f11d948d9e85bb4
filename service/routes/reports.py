"""Reports over everything that happened, worked out beside the service."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from features.domain.errors import CannotTellError
from features.store.revisions import CATALOGUE
from service.auth import Analyst
from service.readings import Program
from service.schemas.content import ContentReportView
from service.state import CurrentService, Now, Service

router = APIRouter(prefix="/v1/reports", tags=["reports"])


@router.get(
    "/content",
    response_class=Response,
    responses={
        200: {"model": ContentReportView},
        409: {"description": "No event has arrived: there is nothing to look through yet."},
        503: {"description": "The database does not answer, or reading takes too long."},
    },
)
async def report_content(_caller: Analyst, service: CurrentService, now: Now) -> Response:
    """Report stale modules, skills nobody teaches, and modules that lose or bore their learners.

    It follows the catalogue and the snapshot in service at once; events may take a minute to show.
    """
    mark = await run_in_threadpool(_mark, service)
    program = Program(
        module="training.content",
        words=tuple(map(str, service.models.serving or ())),
        gives="the content report",
        command="waymark content",
    )
    reading = await service.readings.read(program, mark, now)
    return Response(reading.document, media_type="application/json")


def _mark(service: Service) -> tuple[int]:
    """Return a number that is another whenever the catalogue is."""
    with service.database.reading() as repositories:
        if not repositories.observations.has_interactions():
            raise CannotTellError(
                "no event of any learner has arrived, so there is nothing to look through: send "
                "events to /v1/events, or run `waymark import` on a history folder"
            )
        return (repositories.revisions.get(CATALOGUE),)
