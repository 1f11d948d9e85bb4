"""What only a real connection shows."""

import re
import socket
from pathlib import Path
from threading import Thread

import httpx
import pytest
from service_runs import bearer, listening, make_key

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def wire(settings):
    with listening(settings) as url:
        headers = bearer(make_key(settings.database_url, "admin"))
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            yield client


def test_a_body_that_grows_too_large_is_cut_off(wire):
    chunks = (b" " * 1_000_000 for _ in range(12))
    answer = wire.post("/v1/events", content=chunks, headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert wire.get("/healthz").status_code == 200


def test_a_body_announced_too_large_is_refused_before_it_is_sent(wire):
    request = (
        "POST /v1/events HTTP/1.1\r\nHost: waymark\r\nContent-Type: application/json\r\n"
        f"Authorization: {wire.headers['authorization']}\r\nContent-Length: 50000000\r\n\r\n"
    )
    with socket.create_connection((wire.base_url.host, wire.base_url.port), timeout=10) as line:
        line.sendall(request.encode())
        assert line.recv(100).startswith(b"HTTP/1.1 413")


def test_slashes_in_ids_survive_a_real_server(wire):
    assert wire.put("/v1/modules/a%2Fb", json={}).json()["module_id"] == "a/b"
    assert wire.get("/v1/modules/a%2Fb").status_code == 200
    assert wire.get("/v1/modules/a/b").status_code == 404


def test_events_sent_twice_at_the_same_time_are_kept_once(wire):
    rows = [
        {
            "event_id": f"e{number}",
            "learner_id": f"u{number % 7}",
            "module_id": f"m{number % 5}",
            "event": "completed",
            "at": "2026-03-01T09:00:00Z",
        }
        for number in range(100)
    ]
    answers = []

    def send():
        answers.append(wire.post("/v1/events", json={"events": rows}).json())

    senders = [Thread(target=send) for _ in range(6)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sum(answer["accepted"] for answer in answers) == 100
    assert sum(answer["duplicates"] for answer in answers) == 500
    kept = [
        event["event_id"]
        for number in range(7)
        for event in wire.get(f"/v1/learners/u{number}/export").json()["events"]
    ]
    assert sorted(kept) == sorted(row["event_id"] for row in rows)


def test_metrics_count_by_route_and_hold_no_ids(wire):
    wire.put("/v1/learners/somebody-in-particular", json={})
    wire.post("/v1/recommendations", json={"learner_id": "somebody-in-particular"})
    wire.get("/somewhere/else")
    answer = wire.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    route = 'method="POST",route="/v1/recommendations"'
    assert f'waymark_requests_total{{{route},status="200"}} 1.0' in lines
    assert any(line.startswith("waymark_request_seconds_bucket{") for line in lines)
    assert any(line.startswith("waymark_recommendations_total{") for line in lines)
    assert "waymark_snapshot_version 0.0" in lines
    assert 'route="unmatched",status="404"' in answer.text
    assert "somebody-in-particular" not in answer.text


def test_docs_need_nothing_from_elsewhere(wire):
    page = wire.get("/docs").text
    assert "//" not in page  # no address of another host
    parts = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {Path(part).suffix for part in parts} == {".css", ".js", ".png"}
    for part in parts:
        answer = wire.get(part)
        assert answer.status_code == 200
        assert len(answer.content) > 1_000
