"""The OpenAPI document: FastAPI's own, with every problem response said as it is sent."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from service.problems import MEDIA_TYPE, OffendingField, Problem

REFERENCE = "#/components/schemas/{model}"
FIRST_PROBLEM = "400"

_ALWAYS = {"500": "A fault of the service."}
_WITH_KEY = {
    "401": "No key, or one that is unknown or revoked.",
    "403": "The key lacks the scope this needs.",
    "429": "The key has made its requests for now; try again after Retry-After seconds.",
    "503": "The database does not answer, or too many requests wait; try again after Retry-After "
    "seconds.",
}
_WITH_PARAMETERS = {"422": "Something in the request is malformed; every offending field is named."}
_WITH_BODY = {
    "400": "The body cannot be decoded.",
    "408": "The body does not arrive.",
    "413": "The body is too large.",
    "422": "Something in the request is malformed; every offending field is named.",
}
_WITH_ID = {"404": "There is no such thing.", "410": "The learner was erased."}
_WITH_WRITE = {
    "404": "It is of, or names, something that does not exist.",
    "409": "It contradicts what is stored.",
    "410": _WITH_ID["410"],
}


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` tell of the problems each route answers with."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = add_problems(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def add_problems(document: dict[str, Any]) -> dict[str, Any]:
    """Add the problem schema, and to every operation the problems it may answer with."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (OffendingField, Problem):
        schemas[model.__name__] = model.model_json_schema(ref_template=REFERENCE)
        schemas[model.__name__].pop("$defs", None)
    schemas["Problem"]["required"].remove("errors")
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for method, operation in _operations(document):
        operation["responses"].pop("422", None)
        responses = operation["responses"]
        declared = {s: r["description"] for s, r in responses.items() if s >= FIRST_PROBLEM}
        for status, description in (_problems_of(method, operation) | declared).items():
            responses[status] = _response(description)
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        yield from operations.items()


def _problems_of(method: str, operation: dict[str, Any]) -> dict[str, str]:
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    found = dict(_ALWAYS)
    if "security" in operation:
        found |= _WITH_KEY
    if places:
        found |= _WITH_PARAMETERS
    if "path" in places:
        found |= _WITH_ID
    if "requestBody" in operation:
        found |= _WITH_BODY
    if method in {"put", "post"}:
        found |= _WITH_WRITE
    return found


def _response(description: str) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model=Problem.__name__)}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}
