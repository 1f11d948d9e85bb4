"""One error shape everywhere."""

import pytest
from service_runs import bearer, make_key, running

from features.domain import errors

PROBLEM = {"type", "title", "status", "detail"}


def require_problem(answer, status, slug):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) - {"errors"} == PROBLEM
    assert body["status"] == status
    assert body["type"] == f"urn:waymark:problem:{slug}"
    assert len(body["detail"]) > 10
    assert ("errors" in body) == (status == 422)
    return body


@pytest.mark.parametrize(
    "path", ["/nope", "/v1/nope", "/v1", "/v1/", "/v1/modules/", "/v1/modules/a/b"]
)
def test_unknown_routes(client, path):
    require_problem(client.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/healthz", "GET"),
        ("GET", "/v1/events", "POST"),
        ("PATCH", "/v1/modules/m", "GET, PUT"),
    ],
)
def test_impossible_methods(client, method, path, allowed):
    answer = client.request(method, path)
    require_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) <= set(allowed.split(", "))


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic d206d20=", "Bearer wm_wrong", "Bearer " + "x" * 300],
)
def test_missing_and_wrong_keys(client, authorization):
    answer = client.get("/v1/modules", headers={"Authorization": authorization})
    require_problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_keys_that_are_not_ascii(client):
    answer = client.get("/v1/modules", headers={"Authorization": "Bearer é".encode("latin-1")})
    require_problem(answer, 401, "unauthenticated")


def test_scopes_that_are_missing(client, settings):
    headers = bearer(make_key(settings.database_url, "events"))
    body = require_problem(client.get("/v1/modules", headers=headers), 403, "forbidden")
    assert "`catalogue`" in body["detail"]


def test_bodies_that_are_too_large(client):
    answer = client.post(
        "/v1/events", content=b" " * 10_000_001, headers={"Content-Type": "application/json"}
    )
    require_problem(answer, 413, "too-large")


@pytest.mark.parametrize("content", [b"{", b"", b"\x00", b'{"events": [}', b"nul"])
def test_bodies_that_are_not_json(client, content):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/events", content=content, headers=headers)
    body = require_problem(answer, 422, "invalid-value")
    assert body["errors"][0]["field"] == "body"


@pytest.mark.parametrize("content", [b'{"events": "\xff"}', b'{"events":' + b"[" * 100_000])
def test_bodies_that_cannot_be_decoded(client, content):
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/events", content=content, headers=headers)
    require_problem(answer, 400, "malformed-request")


def test_bodies_not_sent_as_json(client):
    answer = client.post("/v1/events", content=b'{"events": []}')
    body = require_problem(answer, 422, "invalid-value")
    assert "Content-Type" in body["errors"][0]["detail"]


def test_names_that_no_text_can_hold(client):
    headers = {"Content-Type": "application/json"}
    answer = client.put("/v1/modules/m", content=b'{"\\ud800": 1}', headers=headers)
    require_problem(answer, 422, "invalid-value")
    answer = client.put("/v1/learners/m", content=b'{"\\ud800": "x"}', headers=headers)
    require_problem(answer, 422, "invalid-value")
    answer = client.put("/v1/learners/m", content=b'{"x": "\\ud800"}', headers=headers)
    require_problem(answer, 422, "invalid-value")


def test_a_fault_of_the_service_says_nothing_of_its_inside(settings, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret inside")

    with running(settings, raise_faults=False) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        monkeypatch.setattr("service.app.recommend_all", fail)
        answer = client.post("/v1/recommendations", json={"learner_id": "ada"})
    require_problem(answer, 500, "internal-error")
    assert "secret" not in answer.text


def test_every_named_failure_has_a_status_and_a_code():
    kinds = errors.WaymarkError.__subclasses__()
    assert kinds
    for kind in kinds:
        assert 400 <= kind.status <= 599
        assert kind.code != "error"
