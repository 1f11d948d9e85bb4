"""One error shape everywhere: RFC 9457 `application/problem+json`.

References
----------
RFC 9457, Problem Details for HTTP APIs.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from features.domain.errors import (
    ExperimentInvalidError,
    RateLimitedError,
    StoreUnavailableError,
    WaymarkError,
)
from service.logs import request_id

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:waymark:problem:"
RETRY_AFTER_SECONDS = 2
# An answer is what it says it is, is shown in no frame, and leaves no copy or address behind.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
WHOLE_BODY = "body"
NOT_SENT_AS_JSON = "It is not sent as JSON: set the header `Content-Type: application/json`."
STORE_DOWN = "The database does not answer. Try again after the seconds in Retry-After."

CODES = {
    400: "malformed_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    422: "invalid_value",
    500: "internal_error",
}


class OffendingField(BaseModel):
    """One field of a request that was refused."""

    field: str = Field(description="Where: names and positions joined by dots.")
    detail: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """What went wrong and what to do about it."""

    type: str = Field(description="A stable name of the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="This case, for a person.")
    errors: list[OffendingField] | None = Field(
        description="With 422: every offending field. Absent otherwise."
    )


class InvalidFieldsError(WaymarkError):
    """A request whose form is right but whose fields contradict each other or the path."""

    code = "invalid_value"
    status = 422

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(_summary(list(errors)))
        self.errors = errors


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Build a problem document.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    code
        Stable, in snake_case; the last part of `type`.
    detail
        For a person: place and remedy.
    errors
        With 422: every offending field.
    headers
        Added to the response.
    """
    body: dict[str, Any] = {
        "type": TYPE_PREFIX + code.replace("_", "-"),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors is not None:
        body["errors"] = list(errors)
    # Escaped to ASCII: a refused name may hold what UTF-8 cannot.
    return Response(json.dumps(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def add_problem_handlers(app: FastAPI) -> None:
    """Give every failure of `app` the one shape."""
    app.add_exception_handler(WaymarkError, _answer_waymark_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(Exception, _answer_unexpected)


def answer_for(failure: WaymarkError) -> Response:
    """Build the problem document of a named failure."""
    headers = {
        401: {"WWW-Authenticate": "Bearer"},
        503: {"Retry-After": str(RETRY_AFTER_SECONDS)},
    }.get(failure.status)
    if isinstance(failure, RateLimitedError):
        headers = {"Retry-After": str(failure.retry_after_seconds)}
    errors = None
    if isinstance(failure, InvalidFieldsError | ExperimentInvalidError):
        errors = [{"field": field, "detail": detail} for field, detail in failure.errors.items()]
    elif failure.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        errors = [{"field": WHOLE_BODY, "detail": failure.detail}]
    # Where the database is and how it failed is for the log, not for whoever asks.
    detail = STORE_DOWN if isinstance(failure, StoreUnavailableError) else failure.detail
    return problem_response(failure.status, failure.code, detail, errors=errors, headers=headers)


async def _answer_waymark_error(_: Request, error: Exception) -> Response:
    return answer_for(cast("WaymarkError", error))


async def _answer_invalid_request(_: Request, error: Exception) -> Response:
    failure = cast("RequestValidationError", error)
    errors = offending_fields(failure.errors())
    if isinstance(failure.body, bytes):
        errors = [{"field": WHOLE_BODY, "detail": NOT_SENT_AS_JSON}]
    detail = _summary([each["field"] for each in errors])
    return problem_response(422, CODES[422], detail, errors=errors)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    failure = cast("HTTPException", error)
    code = CODES.get(failure.status_code, "refused")
    detail = {
        404: f"There is nothing at {request.url.path}. /docs lists every route.",
        405: f"{request.method} is not possible here; the Allow header says what is.",
    }.get(failure.status_code, str(failure.detail))
    return problem_response(failure.status_code, code, detail, headers=failure.headers)


async def _answer_unexpected(_request: Request, _error: Exception) -> Response:
    detail = "This is a fault of the service, not of the request. Its log holds the cause."
    # It is answered outside of all middleware.
    headers = {**SECURITY_HEADERS, "X-Request-Id": request_id.get() or ""}
    return problem_response(500, CODES[500], detail, headers=headers)


def offending_fields(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Turn pydantic's errors into fields and details.

    Parameters
    ----------
    errors
        As `ValidationError.errors()` gives them: `loc`, `msg`, `type`, `ctx`.
    """
    return [{"field": _pointer(error), "detail": _words(error)} for error in errors]


def _pointer(error: Mapping[str, Any]) -> str:
    """Join a location by dots; fields of the body go without the word body."""
    place = [str(part) for part in error["loc"]]
    if error["type"] == "json_invalid":
        return WHOLE_BODY
    if place[:1] == [WHOLE_BODY] and len(place) > 1:
        place = place[1:]
    return ".".join(place) or WHOLE_BODY


def _words(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"This is not JSON: {error['ctx']['error']}"
    return str(error["msg"]).removeprefix("Value error, ")


def _summary(fields: Sequence[str]) -> str:
    shown = ", ".join(fields[:5])
    more = f" and {len(fields) - 5} more" if len(fields) > 5 else ""
    return f"The request was refused because of {shown}{more}; see `errors`."
