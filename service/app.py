"""The one place where the service is wired together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from features.domain.errors import StoreUnavailableError
from features.score.snapshot import Snapshot
from features.settings import Settings
from service.arms import Arms
from service.auth import Keyring
from service.batches import Batch, Intake
from service.champion import copies_folder
from service.database import FIRST_ATTEMPT_SECONDS, Database
from service.desk import Desk
from service.inquiry import Inquiry
from service.intake import EVENTS, take_in
from service.limits import RateLimiter
from service.metrics import create_metrics
from service.middleware import BoundBody, Dismiss, KeepSegments, KeyGate, SecureHeaders, Shed
from service.models import ModelHolder, watch
from service.observe import Identify, Measure, Trace
from service.openapi import describe
from service.problems import add_problem_handlers
from service.pseudonyms import Pseudonyms
from service.rankings import Rankings
from service.readings import Readings
from service.recommend import Answer, recommend_all
from service.routes import (
    administration,
    assessments,
    bulk,
    catalogue,
    events,
    experiments,
    health,
    learners,
    pathways,
    peers,
    policies,
    recommendations,
    reports,
    rules,
)
from service.shelf import ShelfReader, shelf_folder
from service.state import LifespanState, Service
from service.tracing import open_tracing

log = logging.getLogger("waymark.app")

# In the order the documentation shows them.
GROUPS = (
    recommendations,
    events,
    assessments,
    learners,
    peers,
    catalogue,
    policies,
    pathways,
    rules,
    experiments,
    reports,
    bulk,
    administration,
    health,
)

DESCRIPTION = """
Which module should a learner take next, why, and what will it change.

Every route under `/v1` needs `Authorization: Bearer KEY` with one scope. Errors are
`application/problem+json` (RFC 9457). Instants are ISO 8601 in UTC, levels and probabilities lie
in [0,1].
"""


def create_app(settings: Settings) -> FastAPI:
    """Build the service. Nothing is opened before its lifespan starts.

    Parameters
    ----------
    settings
        Where the workspace's parts are. The registry is not asked from here: `service.serve`
        starts the watcher that keeps copies of its champion.
    """
    app = FastAPIOffline(
        title="Waymark",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan_of(settings),
        redirect_slashes=False,
        redoc_url=None,
        static_url="/docs/parts",  # what /docs is made of; nothing comes from elsewhere
        middleware=[
            Middleware(Identify),
            *([Middleware(Trace)] if settings.traces_url else []),
            Middleware(SecureHeaders),
            Middleware(Measure),
            Middleware(Dismiss),
            Middleware(Shed),
            Middleware(BoundBody),
            Middleware(KeepSegments),
            Middleware(KeyGate),
        ],
    )
    add_problem_handlers(app)
    for group in GROUPS:
        app.include_router(group.router)
    describe(app)
    return app


def _lifespan_of(
    settings: Settings,
) -> Callable[[FastAPI], AbstractAsyncContextManager[LifespanState]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[LifespanState]:
        service = create_service(settings)
        await asyncio.to_thread(service.models.poll)
        await asyncio.to_thread(service.shelf.poll)
        opening = asyncio.create_task(_open(service))
        watching = asyncio.create_task(watch(service.models.poll, service.shelf.poll))
        for task in (opening, watching):
            task.add_done_callback(_log_failure)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_ATTEMPT_SECONDS):
                    await service.database.was_tried.wait()
                    if service.database.is_open:
                        await asyncio.shield(opening)
            if opening.done():
                opening.result()  # a URL that can never work ends the start here
            yield {"service": service}
        finally:
            for task in (opening, watching):
                task.cancel()
            await asyncio.gather(opening, watching, return_exceptions=True)
            await asyncio.to_thread(service.desk.close)
            await asyncio.to_thread(service.events.close)
            service.database.close()
            if service.tracing is not None:
                await asyncio.to_thread(service.tracing.close)

    return lifespan


async def _open(service: Service) -> None:
    """Open the database as soon as it answers, and read the catalogue before anybody asks."""
    await service.database.open_with_patience()
    try:
        await asyncio.to_thread(service.rankings.read, service.database)
    except StoreUnavailableError:
        pass  # as the log says already
    except Exception:  # who asks for what needs it is told; events, say, are taken all the same
        log.exception("the catalogue cannot be read")


def _log_failure(task: asyncio.Task[None]) -> None:
    """Log what ended a task of the lifespan that was to go on."""
    failure = None if task.cancelled() else task.exception()
    if failure is not None:
        log.critical("a background task ended", exc_info=failure)


def create_service(settings: Settings) -> Service:
    """Make the parts of the service; nothing is opened yet."""
    database = Database(settings.database_url, settings.statement_seconds)
    rankings, arms, metrics = Rankings(), Arms(), create_metrics()

    def adopt(snapshot: Snapshot) -> None:
        rankings.adopt(snapshot)
        metrics.serving(snapshot)

    def recommend(inquiries: Sequence[Inquiry]) -> list[Answer]:
        return recommend_all(service, inquiries)

    def keep_events(batches: Sequence[Batch]) -> list[Intake]:
        return take_in(service, EVENTS, batches)

    service = Service(
        database=database,
        keyring=Keyring(database),
        models=ModelHolder(copies_folder(settings), adopt),
        rankings=rankings,
        arms=arms,
        desk=Desk(recommend, "recommend", settings.queue_seconds),
        # To keep events is to wait for the database, which two can do at once.
        events=Desk(keep_events, "events", settings.queue_seconds, help_after_seconds=0.0),
        shelf=ShelfReader(shelf_folder(settings), arms.hold),
        readings=Readings(settings.database_url, settings.reading_seconds),
        metrics=metrics,
        max_in_flight=settings.max_in_flight,
        limiter=RateLimiter(settings.rate_limit, settings.workers),
        pseudonyms=Pseudonyms(allow_emails=settings.allow_email_ids),
        logs_access=settings.access_log,
        tracing=open_tracing(settings.traces_url),
    )
    return service
