"""What happens to every request around its route: dismiss, shed, bound, decode, authenticate."""

import asyncio
import time
from urllib.parse import unquote_to_bytes

from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.domain.errors import (
    OverloadedError,
    RateLimitedError,
    StoreUnavailableError,
    UnauthenticatedError,
)
from service.problems import CODES, SECURITY_HEADERS, answer_for, problem_response
from service.state import service_of

MAX_BODY_BYTES = 10_000_000
BODY_SECONDS = 30.0
TOO_LARGE = f"A request may hold {MAX_BODY_BYTES:,} bytes. Send less at a time."
TOO_MANY = "Too many requests are being answered. Try again after the seconds in Retry-After."
ENDING = "This worker ends before it could answer. Send it again: what was kept is not kept twice."
TOO_SLOW = f"A body has to arrive within {BODY_SECONDS:.0f} seconds. Send less at a time."
GUARDED = "/v1/"
_PAGE_HEADERS = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]
_API_HEADERS = [
    *_PAGE_HEADERS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class SecureHeaders:
    """Adds `SECURITY_HEADERS` to every answer, and to those of the API that it shows nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = _API_HEADERS if scope["path"].startswith(GUARDED) else _PAGE_HEADERS

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self.app(scope, receive, add)


class Dismiss:
    """Answers 503, and not 500, to whoever still waits when a worker ends and its grace is over."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, note)
        except asyncio.CancelledError:  # by the server, and nobody else
            if has_begun:
                raise
            await answer_for(OverloadedError(ENDING))(scope, receive, send)


class Shed:
    """Refuses at once what would wait too long: requests of the API beyond so many at a time.

    Those taken are then answered in good time, whatever comes; `/healthz`, `/readyz` and
    `/metrics` are always answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.n_in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED):
            await self.app(scope, receive, send)
            return
        if self.n_in_flight >= service_of(scope).max_in_flight:
            await answer_for(OverloadedError(TOO_MANY))(scope, receive, send)
            return
        self.n_in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.n_in_flight -= 1


class BoundBody:
    """Refuses bodies over `MAX_BODY_BYTES`, announced or not, and those that take too long.

    Parameters
    ----------
    app
        What gets the others.
    seconds
        How long a whole body may take to arrive.
    """

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
            refusal = problem_response(413, CODES[413], TOO_LARGE)
            await refusal(scope, receive, send)
            return
        n_bytes, is_whole = 0, False
        deadline = asyncio.get_running_loop().time() + self.seconds

        async def count() -> Message:
            nonlocal n_bytes, is_whole
            try:
                # What follows a whole body is the end of the connection, whenever that comes.
                async with asyncio.timeout_at(None if is_whole else deadline):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, TOO_SLOW, {"Connection": "close"}) from error
            is_whole = not message.get("more_body", False)
            n_bytes += len(message.get("body", b""))
            if n_bytes > MAX_BODY_BYTES:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self.app(scope, count, send)


class KeepSegments:
    """Keeps a slash inside an id (%2F) apart from the slashes between the parts of a path.

    Servers decode paths before routing. Here each segment is decoded by itself, and `/` and `%`
    in it are escaped again; `service.routes.paths` undoes that when a route reads an id.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        raw_path: bytes = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%" in raw_path:
            scope["path"] = "/".join(_decode(segment) for segment in raw_path.split(b"/"))
        await self.app(scope, receive, send)


class KeyGate:
    """Lets only known keys through to /v1, before a byte of the body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED):
            await self.app(scope, receive, send)
            return
        keyring = service_of(scope).keyring
        authorization = Headers(scope=scope).get("authorization", "")
        try:
            caller = keyring.recall(authorization)
            if caller is None:
                caller = await run_in_threadpool(keyring.authenticate, authorization)
            service_of(scope).limiter.take(caller.key_id, time.monotonic())
        except (UnauthenticatedError, StoreUnavailableError, RateLimitedError) as error:
            await answer_for(error)(scope, receive, send)
            return
        scope["state"]["caller"] = caller
        await self.app(scope, receive, send)


def _decode(segment: bytes) -> str:
    # Bytes that are not UTF-8 become lone surrogates, which every id refuses.
    text = unquote_to_bytes(segment).decode("utf-8", "surrogateescape")
    return text.replace("%", "%25").replace("/", "%2F")
