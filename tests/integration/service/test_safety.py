"""What keeps the service from being abused: rates, headers, slow bodies, ids that name people."""

import asyncio

import pytest
from service_runs import bearer, make_key, running
from starlette.exceptions import HTTPException

from service.middleware import BoundBody

EMAIL = "ada@example.org"
AT = "2026-03-01T09:00:00Z"


@pytest.fixture
def limited(settings):
    with running(settings.model_copy(update={"rate_limit": 2})) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        yield client


def test_a_key_over_its_limit_waits_and_others_do_not(limited, settings):
    assert [limited.get("/v1/skills").status_code for _ in range(3)] == [200, 200, 429]
    refused = limited.get("/v1/skills")
    assert refused.json()["type"] == "urn:waymark:problem:rate-limited"
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    other = bearer(make_key(settings.database_url, "admin"))
    assert limited.get("/v1/skills", headers=other).status_code == 200
    assert limited.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/v1/skills", "/v1/nothing", "/healthz", "/docs"])
def test_every_answer_carries_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert ("content-security-policy" in headers) == path.startswith("/v1/")


def test_a_fault_shows_neither_trace_nor_query_and_is_kept_safe(settings, monkeypatch):
    def fail(*_):
        raise RuntimeError("SELECT secret FROM api_keys")

    with running(settings, raise_faults=False) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        monkeypatch.setattr("features.store.keys.KeyRepository.list", fail)
        answer = client.get("/v1/keys")
    assert answer.status_code == 500
    assert "SELECT" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_body_that_never_arrives_is_given_up():
    async def read_body(_scope, receive, _send):
        while (await receive()).get("more_body"):
            pass

    async def drip():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(_message):
        pass

    bound = BoundBody(read_body, seconds=0.05)
    with pytest.raises(HTTPException) as given_up:
        asyncio.run(bound({"type": "http", "headers": []}, drip, send))
    assert given_up.value.status_code == 408


def test_who_has_sent_a_whole_body_may_wait_as_long_as_it_takes():
    messages = iter([{"type": "http.request", "body": b"{}"}, {"type": "http.disconnect"}])
    waits = iter([0.0, 0.1])
    seen = []

    async def wait_for_the_end(_scope, receive, _send):
        seen.extend([await receive(), await receive()])

    async def receive():
        await asyncio.sleep(next(waits))
        return next(messages)

    bound = BoundBody(wait_for_the_end, seconds=0.02)
    asyncio.run(bound({"type": "http", "headers": []}, receive, None))
    assert [each["type"] for each in seen] == ["http.request", "http.disconnect"]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", f"/v1/learners/{EMAIL}", {}, "learner_id"),
        ("PUT", "/v1/learners/ada", {"manager_id": EMAIL}, "manager_id"),
        ("PUT", f"/v1/assignments/{EMAIL}/m1", {}, "learner_id"),
        ("POST", "/v1/recommendations", {"learner_id": EMAIL}, "learner_id"),
        ("POST", "/v1/assessments", {"learner_id": EMAIL, "skill_ids": ["s"]}, "learner_id"),
        ("POST", "/v1/catalogue", {"learners": [{"learner_id": EMAIL}]}, "learners.0.learner_id"),
        (
            "POST",
            "/v1/catalogue",
            {"assignments": [{"learner_id": EMAIL, "module_id": "m1"}]},
            "assignments.0.learner_id",
        ),
    ],
)
def test_ids_that_look_like_email_addresses_are_refused(client, method, path, body, field):
    answer = client.request(method, path, json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert "WAYMARK_ALLOW_EMAIL_IDS" in answer.text
    assert client.get("/v1/learners").json()["items"] == []


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("events", {"module_id": "m1", "event": "viewed"}),
        ("evidence", {"skill_id": "s1", "level": 0.5, "source": "self"}),
        ("outcomes", {"metric": "errors", "value": 1}),
    ],
)
def test_rows_about_email_addresses_are_rejected_and_the_others_kept(client, kind, row):
    rows = [row | {"learner_id": learner_id, "at": AT} for learner_id in (EMAIL, "ada")]
    answer = client.post(f"/v1/{kind}", json={kind: rows}).json()
    assert answer["accepted"] == 1
    (rejected,) = answer["rejected"]
    assert (rejected["index"], rejected["code"]) == (0, "invalid_value")
    assert "WAYMARK_ALLOW_EMAIL_IDS" in rejected["detail"]


def test_a_workspace_may_take_email_addresses(settings):
    with running(settings.model_copy(update={"allow_email_ids": True})) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        assert client.put(f"/v1/learners/{EMAIL}", json={}).status_code == 200
        assert client.post("/v1/recommendations", json={"learner_id": EMAIL}).status_code == 200
