"""Tables and files that somebody else has locked for long, and what who waits is told."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace

import httpx
import psycopg
from service_runs import ask_about, bearer, fill, listening_server, make_key, running, wait_until

from features.domain.errors import StoreUnavailableError
from service.app import create_service

EVENT = {"learner_id": "ada", "module_id": "quiz", "event": "viewed", "at": "2026-03-01T09:00:00Z"}
N_WAITING = 40  # more than clerks take at once


@contextmanager
def writing(database_url):
    """Be the one who writes: nobody else can until this ends."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as writer:
            writer.execute("BEGIN IMMEDIATE")
            yield
    else:
        with psycopg.connect(database_url) as writer:
            writer.execute("LOCK TABLE recommendations, interactions IN EXCLUSIVE MODE")
            yield


def send(client, path):
    body = {"learner_id": "ada"} if path == "/v1/recommendations" else {"events": [EVENT]}
    return client.post(path, json=body)


def is_told_to_come_again(answer):
    return answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


def test_a_long_lock_is_waited_for_only_so_long_and_nothing_is_lost(settings_on, database_url):
    bounds = {"statement_seconds": 0.2, "queue_seconds": 0.2}
    with running(settings_on(database_url).model_copy(update=bounds)) as client:
        client.headers.update(bearer(make_key(database_url, "admin")))
        fill(client)
        assert send(client, "/v1/recommendations").json()["recorded"] is True
        with writing(database_url), ThreadPoolExecutor(N_WAITING) as threads:
            paths = ["/v1/recommendations", "/v1/events"] * (N_WAITING // 2)
            answers = list(threads.map(lambda path: send(client, path), paths))
        for path, answer in zip(paths, answers, strict=True):
            if path == "/v1/recommendations" and answer.status_code == 200:
                assert answer.json()["recorded"] is False
                assert "the database does not answer" in answer.json()["degraded"]
            else:
                assert is_told_to_come_again(answer)
        assert send(client, "/v1/events").json()["accepted"] == 1
        assert send(client, "/v1/recommendations").json()["recorded"] is True


def test_one_waits_for_a_locked_database_and_others_are_answered_without_it(settings):
    class Locked:
        """Its first writer is refused; the second waits until the test lets it go on."""

        n_tried = 0
        is_waited_for, may_go_on = threading.Event(), threading.Event()

        def __init__(self, database):
            self._database = database
            self.reading = database.reading

        @contextmanager
        def transaction(self):
            self.n_tried += 1
            if self.n_tried == 1:
                raise StoreUnavailableError("it is locked")
            self.is_waited_for.set()
            self.may_go_on.wait(10)
            with self._database.transaction() as repositories:
                yield repositories

    def ask():
        (answer,) = ask_about(service, "a")
        return answer.recorded

    service = create_service(settings)
    service.database.open()
    locked = Locked(service.database)
    service = replace(service, database=locked)
    assert ask() is False
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(ask)
        assert locked.is_waited_for.wait(10)
        assert [ask() for _ in range(5)] == [False] * 5
        locked.may_go_on.set()
        assert waiting.result() is True
    assert ask() is True
    assert locked.n_tried == 3
    locked._database.close()


def test_who_waits_in_vain_when_the_service_ends_is_told_to_come_again(settings):
    headers = bearer(make_key(settings.database_url, "events"))
    patient = settings.model_copy(update={"statement_seconds": 60, "queue_seconds": 60})
    with (
        listening_server(patient, grace_seconds=0) as (url, server),
        httpx.Client(base_url=url, headers=headers, timeout=60) as client,
        writing(settings.database_url),
        ThreadPoolExecutor(N_WAITING) as threads,
    ):
        waiting = [threads.submit(send, client, "/v1/events") for _ in range(N_WAITING)]
        wait_until(lambda: len(server.server_state.tasks) == N_WAITING)
        server.should_exit = True
        assert all(is_told_to_come_again(each.result()) for each in waiting)
