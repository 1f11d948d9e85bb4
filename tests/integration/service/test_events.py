"""Events, evidence and outcomes: each row taken or refused by itself, and once."""

from datetime import UTC, datetime, timedelta

import pytest

EVENT = {
    "event_id": "e1",
    "learner_id": "ada",
    "module_id": "counting-1",
    "event": "completed",
    "at": "2026-03-01T09:00:00Z",
}
EVIDENCE = {
    "learner_id": "ada",
    "skill_id": "counting",
    "level": 0.5,
    "source": "manager",
    "at": "2026-03-01T09:00:00Z",
}
OUTCOME = {"learner_id": "ada", "metric": "errors", "value": 3, "at": "2026-03-01T09:00:00Z"}


def send(client, *events):
    answer = client.post("/v1/events", json={"events": list(events)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def exported(client, learner_id="ada"):
    return client.get(f"/v1/learners/{learner_id}/export").json()


def test_events_are_taken_once(everywhere):
    assert send(everywhere, EVENT) == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert send(everywhere, EVENT) == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert [event["event_id"] for event in exported(everywhere)["events"]] == ["e1"]


def test_of_two_events_with_one_id_the_first_wins(client):
    assert send(client, EVENT, {**EVENT, "event": "failed"})["duplicates"] == 1
    assert send(client, {**EVENT, "event": "waived"})["duplicates"] == 1
    assert [event["event"] for event in exported(client)["events"]] == ["completed"]


def test_an_event_without_an_id_gets_a_stable_one(client):
    anonymous = {name: value for name, value in EVENT.items() if name != "event_id"}
    assert send(client, anonymous)["accepted"] == 1
    assert send(client, anonymous)["duplicates"] == 1
    assert send(client, {**anonymous, "attempt": 2})["accepted"] == 1


def test_all_that_an_event_says_is_kept(client):
    full = {
        **EVENT,
        "event": "scored",
        "score": 0.7,
        "success": True,
        "duration_seconds": 61.5,
        "attempt": 2,
        "comment": "naïve 🙂",
        "recommendation_id": "r1",
    }
    send(client, full)
    assert exported(client)["events"] == [full]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"score": 1.3}, "score"),
        ({"score": True}, "score"),
        ({"at": "2026-03-01T09:00:00"}, "time zone"),
        ({"at": "yesterday"}, "ISO 8601"),
        ({"at": True}, "ISO 8601"),
        ({"event": "levitated"}, "event"),
        ({"learner_id": ""}, "learner_id"),
        ({"learner_id": "x" * 201}, "learner_id"),
        ({"module_id": "a\x00"}, "NUL"),
        ({"success": "yes"}, "success"),
        ({"duration_seconds": -1}, "duration_seconds"),
        ({"attempt": 1.5}, "attempt"),
        ({"mood": "good"}, "mood"),
        ({"learner_id": None}, "learner_id"),
    ],
)
def test_a_bad_row_refuses_itself_alone(client, change, word):
    answer = send(client, {**EVENT, "event_id": "bad", **change}, EVENT)
    assert answer["accepted"] == 1
    assert [(each["index"], each["code"]) for each in answer["rejected"]] == [(0, "invalid_value")]
    assert word in answer["rejected"][0]["detail"]


@pytest.mark.parametrize("row", [3, "x", None, [], True])
def test_a_row_that_is_no_object_refuses_itself_alone(client, row):
    answer = send(client, row, EVENT)
    assert (answer["accepted"], answer["rejected"][0]["index"]) == (1, 0)


def test_events_from_the_future_are_refused_beyond_five_minutes(client):
    now = datetime.now(UTC)
    soon = {**EVENT, "event_id": "soon", "at": (now + timedelta(minutes=4)).isoformat()}
    late = {**EVENT, "event_id": "late", "at": (now + timedelta(minutes=6)).isoformat()}
    answer = send(client, soon, late)
    assert answer["accepted"] == 1
    assert "five minutes" in answer["rejected"][0]["detail"]


def test_unix_seconds_are_understood(client):
    send(client, {**EVENT, "at": 1772355600})
    assert exported(client)["events"][0]["at"] == "2026-03-01T09:00:00Z"


def test_a_thousand_events_are_taken_and_one_more_is_too_many(client):
    rows = [{**EVENT, "event_id": f"e{i}"} for i in range(1001)]
    answer = client.post("/v1/events", json={"events": rows})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "events"
    assert send(client, *rows[:1000])["accepted"] == 1000


@pytest.mark.parametrize("body", [{}, {"events": 3}, {"events": [], "more": 1}, [], 3, None])
def test_a_malformed_body_is_refused_whole(client, body):
    answer = client.post("/v1/events", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_no_events_are_no_error(client):
    assert send(client) == {"accepted": 0, "duplicates": 0, "rejected": []}


def test_events_of_an_erased_learner_are_rejected_and_the_others_taken(everywhere):
    send(everywhere, EVENT)
    assert everywhere.delete("/v1/learners/ada").status_code == 200
    answer = send(everywhere, {**EVENT, "event_id": "e2"}, {**EVENT, "learner_id": "bob"})
    assert answer["accepted"] == 1
    assert [(each["index"], each["code"]) for each in answer["rejected"]] == [(0, "erased")]
    assert everywhere.get("/v1/learners/ada").status_code == 404


def test_modules_that_only_events_name_exist_with_their_id_as_title(client):
    send(client, {**EVENT, "module_id": "unheard of"})
    assert client.get("/v1/modules/unheard%20of").json()["title"] == "unheard of"


@pytest.mark.parametrize(
    ("path", "name", "row"),
    [("/v1/evidence", "evidence", EVIDENCE), ("/v1/outcomes", "outcomes", OUTCOME)],
)
def test_evidence_and_outcomes_are_answered_like_events(everywhere, path, name, row):
    bad = {**row, "at": "2026-03-01"}
    answer = everywhere.post(path, json={name: [row, bad, row]})
    assert answer.status_code == 200
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (1, 1)
    assert answer.json()["rejected"][0]["index"] == 1
    assert everywhere.post(path, json={name: [row]}).json()["duplicates"] == 1
    assert exported(everywhere)[name] == [row]
    everywhere.delete("/v1/learners/ada")
    again = everywhere.post(path, json={name: [row]}).json()
    assert [each["code"] for each in again["rejected"]] == ["erased"]


@pytest.mark.parametrize(
    ("change", "word"), [({"level": 1.1}, "level"), ({"source": ""}, "source")]
)
def test_bad_evidence_is_refused(client, change, word):
    answer = client.post("/v1/evidence", json={"evidence": [{**EVIDENCE, **change}]}).json()
    assert word in answer["rejected"][0]["detail"]
