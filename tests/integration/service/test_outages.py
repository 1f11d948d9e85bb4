"""The database goes, at the start or in flight, and comes back."""

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from service_runs import ask_about, bearer, fill, make_key, running, wait_until
from sqlalchemy import make_url

from features.domain.errors import StoreUnavailableError
from service.app import create_app, create_service

EVENT = {
    "learner_id": "ada",
    "module_id": "counting-1",
    "event": "completed",
    "at": "2026-03-01T09:00:00Z",
}


@contextmanager
def sqlite_gone(database_url):
    path = Path(database_url.removeprefix("sqlite:///"))
    away = path.parent.parent / f"{path.parent.name}-away"
    path.parent.rename(away)
    yield
    away.rename(path.parent)


@contextmanager
def postgresql_gone(database_url):
    """Close the database to everyone and cut the connections to it."""
    url = make_url(database_url)
    name = sql.Identifier(url.database)
    elsewhere = url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [url.database],
        )
        yield
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def gone(database_url):
    is_file = database_url.startswith("sqlite")
    return sqlite_gone(database_url) if is_file else postgresql_gone(database_url)


def ask(client):
    return client.post("/v1/recommendations", json={"learner_id": "ada", "limit": 9})


def named(answer):
    return {item["module_id"] for item in answer["items"]}


def test_recommendations_go_on_without_the_database_and_say_so(
    settings_on, database_url, monkeypatch
):
    monkeypatch.setattr("service.auth.FRESH_SECONDS", 0.0)
    with running(settings_on(database_url)) as client:
        client.headers.update(bearer(make_key(database_url, "admin")))
        fill(client)
        client.post("/v1/events", json={"events": [EVENT]})
        before = ask(client).json()
        with gone(database_url):
            during = ask(client)
            assert during.status_code == 200
            answer = during.json()
            assert "the database does not answer" in answer["degraded"]
            assert (answer["recommendation_id"], answer["recorded"]) == (None, False)
            assert answer["experiments"] == []
            # What the learner did is in the database; the catalogue is remembered.
            assert named(before) == {"counting-2", "counting-3", "judging-1"}
            assert named(answer) == {"counting-1", "counting-2", "counting-3"}

            for path, body in (
                ("/v1/events", {"events": [EVENT]}),
                ("/v1/catalogue", {}),
            ):
                refusal = client.post(path, json=body)
                assert refusal.status_code == 503
                assert int(refusal.headers["retry-after"]) > 0
                assert refusal.json()["type"] == "urn:waymark:problem:store-unavailable"
            assert client.get("/v1/learners/ada").status_code == 503
            assert client.get("/healthz").status_code == 200
            assert client.get("/readyz").status_code == 503
            stranger = client.get("/v1/modules", headers=bearer("wm_unheard_of"))
            assert stranger.status_code == 503
        wait_until(lambda: client.get("/readyz").status_code == 200)
        after = ask(client).json()
        assert after["recorded"] is True
        assert named(after) == named(before)


def test_a_database_that_is_slow_holds_nobody_up(settings_on, postgresql_url):
    settings = settings_on(postgresql_url).model_copy(update={"statement_seconds": 0.3})
    with running(settings) as client:
        client.headers.update(bearer(make_key(postgresql_url, "admin")))
        fill(client)
        assert ask(client).json()["recorded"] is True
        with psycopg.connect(postgresql_url) as blocker:
            blocker.execute("LOCK TABLE interactions IN ACCESS EXCLUSIVE MODE")
            during = ask(client)
            assert during.status_code == 200
            assert "the database does not answer" in during.json()["degraded"]
            refusal = client.post("/v1/events", json={"events": [EVENT]})
            assert refusal.status_code == 503
            assert int(refusal.headers["retry-after"]) > 0
            assert refusal.json()["type"] == "urn:waymark:problem:store-unavailable"
        assert client.post("/v1/events", json={"events": [EVENT]}).json()["accepted"] == 1
        assert ask(client).json()["recorded"] is True


def test_where_the_database_is_stays_inside(settings, sqlite_url):
    with running(settings) as client:
        client.headers.update(bearer(make_key(sqlite_url, "admin")))
        client.get("/v1/modules")
        with gone(sqlite_url):
            for path in ("/v1/modules", "/readyz"):
                assert "waymark.db" not in client.get(path).text


def test_with_the_database_down_and_nothing_known_there_is_no_answer(settings):
    service = create_service(settings)  # whose database was never there
    with pytest.raises(StoreUnavailableError):
        ask_about(service, "ada")


def test_who_gets_no_answer_for_that_is_to_ask_again(settings, monkeypatch):
    monkeypatch.setattr("service.rankings.Rankings.remembered", lambda _: None)
    with running(settings) as client:
        client.headers.update(bearer(make_key(settings.database_url, "recommend")))
        assert client.get("/v1/recommendations/none").status_code == 404  # the key is known now
        with gone(settings.database_url):
            answer = ask(client)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_the_service_starts_without_its_database_and_recovers(settings_on, tmp_path):
    in_the_way = tmp_path / "data"
    in_the_way.write_text("a file where the folder belongs")
    database_url = f"sqlite:///{in_the_way}/waymark.db"
    with running(settings_on(database_url)) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "database" in answer.json()["detail"]
        assert ask(client).status_code == 401
        client.headers.update(bearer("wm_any"))
        assert ask(client).status_code == 503
        in_the_way.unlink()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        client.headers.update(bearer(make_key(database_url, "admin")))
        assert ask(client).status_code == 200


def test_a_url_that_can_never_work_ends_the_start(settings_on):
    with (
        pytest.raises(Exception, match="WAYMARK_DATABASE_URL"),
        running(settings_on("mysql://somewhere")),
    ):
        pass


class ReadsOnly:
    """A database that answers, and fails when something is to be kept."""

    def __init__(self, database):
        self._database = database
        self.reading = database.reading

    @contextmanager
    def transaction(self):
        raise StoreUnavailableError("the disk is full")
        yield


def test_an_answer_that_cannot_be_recorded_is_given_and_says_so(settings):
    service = create_service(settings)
    service.database.open()
    with service.database.transaction() as repositories:
        repositories.catalogue.add_bare_modules(["m"])
    (answer,) = ask_about(replace(service, database=ReadsOnly(service.database)), "ada")
    assert [item.module_id for item in answer.items] == ["m"]
    assert (answer.recommendation_id, answer.recorded) == (None, False)
    assert answer.degraded.startswith("the database does not answer")
    service.database.close()


def test_the_catalogue_is_read_before_anybody_asks(settings):
    app = create_app(settings)

    async def start():
        async with app.router.lifespan_context(app) as state:
            return state["service"].rankings.remembered()

    scorer = asyncio.run(start())
    assert scorer is not None
    assert scorer.index.modules == ()


def test_a_catalogue_that_cannot_be_read_keeps_no_event_out(settings, sqlite_url):
    with running(settings) as client:
        client.headers.update(bearer(make_key(sqlite_url, "admin")))
        fill(client)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE modules SET active_from = 'not a number'")
    with running(settings, raise_faults=False) as client:
        client.headers.update(bearer(make_key(sqlite_url, "admin")))
        assert ask(client).status_code == 500
        assert client.post("/v1/events", json={"events": [EVENT]}).json()["accepted"] == 1
