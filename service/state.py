"""What an app holds while it runs, made once in its lifespan."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, TypedDict, cast

from fastapi import Depends, Request
from starlette.types import Scope

from service.arms import Arms
from service.auth import Keyring
from service.batches import Batch, Intake
from service.breaker import Breaker
from service.database import Database
from service.desk import Desk
from service.inquiry import Inquiry
from service.limits import RateLimiter
from service.metrics import Metrics
from service.models import ModelHolder
from service.pseudonyms import Pseudonyms
from service.rankings import Rankings
from service.readings import Readings
from service.shelf import ShelfReader
from service.tracing import Tracing


@dataclass(frozen=True, kw_only=True)
class Service:
    """The parts every route works with."""

    database: Database
    keyring: Keyring
    models: ModelHolder
    rankings: Rankings
    arms: Arms
    desk: Desk[Inquiry, str]
    events: Desk[Batch, Intake]
    shelf: ShelfReader
    readings: Readings
    metrics: Metrics
    max_in_flight: int
    limiter: RateLimiter
    pseudonyms: Pseudonyms
    logs_access: bool = False
    tracing: Tracing | None = None
    # Of recommendations: what else is asked has no answer without the database.
    to_know: Breaker = field(default_factory=Breaker)
    to_record: Breaker = field(default_factory=Breaker)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of an answer, as a span too where requests are traced."""
        with self.metrics.stage(name):
            if self.tracing is None:
                yield
                return
            with self.tracing.span(name):
                yield


class LifespanState(TypedDict):
    """What the lifespan hands to every request."""

    service: Service


def service_of(scope: Scope) -> Service:
    """Return the service a request is for."""
    return cast("Service", scope["state"]["service"])


async def get_service(request: Request) -> Service:
    """Return the service a request is for."""
    return cast("Service", request.state.service)


async def read_clock() -> datetime:
    """Return the present instant; the one place where the service looks at the clock."""
    return datetime.now(UTC)


CurrentService = Annotated[Service, Depends(get_service)]
Now = Annotated[datetime, Depends(read_clock)]
