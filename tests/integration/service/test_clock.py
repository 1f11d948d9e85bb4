"""The clock of the machine steps back while the service runs."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from service_runs import fill


class Stepped(datetime):
    """A clock that was set back by six hours."""

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) - timedelta(hours=6)


@pytest.fixture
def lived(everywhere):
    """A service that has answered and taken an event at the present time."""
    fill(everywhere)
    everywhere.put("/v1/learners/ada", json={"role_id": "clerk"})
    event = {"event_id": "e1", "learner_id": "ada", "module_id": "counting-1", "event": "passed"}
    assert send(everywhere, event, datetime.now(UTC))["accepted"] == 1
    everywhere.post("/v1/recommendations", json={"learner_id": "ada"})
    return everywhere


def send(client, event, at):
    rows = [{**event, "at": at.isoformat()}]
    return client.post("/v1/events", json={"events": rows}).json()


def test_answers_go_on_and_nothing_is_taken_twice_or_lost(lived, monkeypatch):
    monkeypatch.setattr("service.state.datetime", Stepped)
    answer = lived.post("/v1/recommendations", json={"learner_id": "ada", "limit": 3}).json()
    assert answer["recorded"] is True
    assert "counting-1" not in {item["module_id"] for item in answer["items"]}
    assert all(math.isfinite(item["score"]) for item in answer["items"])
    assert lived.get(f"/v1/recommendations/{answer['recommendation_id']}").status_code == 200
    assert all(
        math.isfinite(each["mastery"])
        for each in lived.get("/v1/learners/ada/skills").json()["skills"]
    )
    # Sent again it is the same event; what now seems to come from the future is refused, in words.
    event = {"event_id": "e1", "learner_id": "ada", "module_id": "counting-1", "event": "passed"}
    (refused,) = send(lived, event, datetime.now(UTC))["rejected"]
    assert refused["code"] == "invalid_value"
    monkeypatch.undo()
    assert send(lived, event, datetime.now(UTC))["duplicates"] == 1
    held = lived.get("/v1/learners/ada/export").json()
    assert [each["event_id"] for each in held["events"]] == ["e1"]
