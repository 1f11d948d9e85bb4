"""Batches that wait together are answered as if they had come one after the other."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest

from service.app import create_service
from service.batches import Batch
from service.intake import EVENTS, take_in

NOW = datetime(2026, 3, 2, tzinfo=UTC)
N_SENDERS = 6


@pytest.fixture
def service(settings_on, database_url):
    service = create_service(settings_on(database_url))
    service.database.open()
    yield service
    service.desk.close()
    service.events.close()
    service.database.close()


def row(event_id, learner_id="ada", module_id="m"):
    return {
        "event_id": event_id,
        "learner_id": learner_id,
        "module_id": module_id,
        "event": "viewed",
        "at": "2026-03-01T09:00:00Z",
    }


def take(service, *batches):
    taken = take_in(service, EVENTS, [Batch(rows=rows, now=NOW) for rows in batches])
    return [(each.accepted, each.duplicates, len(each.rejected)) for each in taken]


def modules_of(service, learner_id="ada"):
    with service.database.reading() as repositories:
        done = repositories.learners.history(learner_id).interactions
    return {each.event_id: each.module_id for each in done}


def test_an_event_in_several_batches_is_the_first_ones(service):
    take(service, [row("e0")])
    first = [row("e1"), row("e2"), row("e1", module_id="other")]
    second = [row("e2", module_id="other"), row("e3"), row("e0", module_id="other")]
    assert take(service, first, second, first) == [(2, 1, 0), (1, 2, 0), (0, 3, 0)]
    assert modules_of(service) == dict.fromkeys(["e0", "e1", "e2", "e3"], "m")


def test_a_batch_of_bad_rows_fails_no_other(service):
    with service.database.transaction() as repositories:
        repositories.learners.erase("bob", NOW)
    bad = [3, {**row("e1"), "at": "2026-03-03T00:00:00Z"}, row("e1", "b@example.org")]
    answers = take(service, [row("e1")], bad, [row("e2"), row("e3", "bob")], [])
    assert answers == [(1, 0, 0), (0, 0, 3), (1, 0, 1), (0, 0, 0)]
    assert sorted(modules_of(service)) == ["e1", "e2"]


def test_senders_of_the_same_events_in_opposite_orders_share_them(everywhere):
    rounds = [
        [row(f"e{n}-{k}", f"u{n}-{k % 9}", f"m{n}-{k % 4}") for k in range(30)] for n in range(6)
    ]
    start = Barrier(N_SENDERS)

    def send(sender):
        start.wait()
        answers = [
            everywhere.post("/v1/events", json={"events": rows[:: (-1) ** sender]})
            for rows in rounds
        ]
        assert [answer.status_code for answer in answers] == [200] * len(rounds)
        return [answer.json() for answer in answers]

    with ThreadPoolExecutor(N_SENDERS) as threads:
        answers = [each for told in threads.map(send, range(N_SENDERS)) for each in told]
    assert sum(each["accepted"] for each in answers) == 6 * 30
    assert {each["accepted"] + each["duplicates"] for each in answers} == {30}
    stored = everywhere.get("/v1/learners/u0-0/export").json()["events"]
    assert sorted(each["event_id"] for each in stored) == ["e0-0", "e0-18", "e0-27", "e0-9"]
