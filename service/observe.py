"""What is told of every request: its id, a line in the log, its time, and where asked a span."""

import logging
import re
import time
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import request_id
from service.state import service_of

REQUEST_ID_HEADER = "X-Request-Id"
# Of no other form, or it could hold somebody's name: it is logged.
_REQUEST_ID = re.compile(r"[0-9a-fA-F-]{8,64}")

log = logging.getLogger("waymark.access")


class Identify:
    """Gives every request an id, the caller's own where it is a hexadecimal one, and tells it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        own = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        request_id.set(own)

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = own
            await send(message)

        await self.app(scope, receive, tell)


class Measure:
    """Counts answers and how long they took, by route; logs each where that is asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, note_status)
        finally:
            _report(scope, status, time.perf_counter() - started)


class Trace:
    """Makes each request a span with its route, status and id; no path, since paths hold ids."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        tracing = service_of(scope).tracing if scope["type"] == "http" else None
        if tracing is None:
            await self.app(scope, receive, send)
            return
        with tracing.span(scope["method"], Headers(scope=scope)) as span:

            async def note_status(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self.app(scope, receive, note_status)
            finally:
                span.update_name(f"{scope['method']} {_route(scope)}")
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.route", _route(scope))
                span.set_attribute("waymark.request_id", request_id.get() or "")


def _report(scope: Scope, status: int, seconds: float) -> None:
    service, method, route = service_of(scope), scope["method"], _route(scope)
    service.metrics.observe(method, route, status, seconds)
    if service.logs_access:
        caller = scope["state"].get("caller")
        fields = {
            "method": method,
            "route": route,
            "status": status,
            "seconds": seconds,
            "key_id": None if caller is None else caller.key_id,
        }
        milliseconds = 1e3 * seconds
        line = "%s %s %d in %.1f ms"
        log.info(line, method, route, status, milliseconds, extra={"fields": fields})


def _route(scope: Scope) -> str:
    """Return the route's template, never the path asked for."""
    return getattr(scope.get("route"), "path", "unmatched")
