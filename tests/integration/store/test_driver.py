"""What is run on the driver reads and fails as it would through SQLAlchemy."""

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import make_url

from features.domain.errors import InvalidValueError, StoreUnavailableError
from features.domain.history import Assignment, Event, Evidence, Interaction, Learner
from features.domain.recommendation import Recommendation
from features.store.recommendations import Served
from features.store.workspace import Workspace

AT = datetime(2026, 3, 1, 9, 0, 0, 123_456, tzinfo=UTC)
PLAIN = Interaction(
    event_id="e0", learner_id="u1", module_id="m1", event=Event.VIEWED, at=AT, score=None
)
EVENTS = (
    PLAIN,
    replace(PLAIN, event_id="e1", score=1.0, success=True, duration_seconds=0.1 + 0.2, attempt=3),
    replace(PLAIN, event_id="e2", score=1e-300, success=False, duration_seconds=1e16),
    replace(PLAIN, event_id="e3", score=1 / 3, comment="„ß” \\ \" ' \n \u2028 %s :key"),
)
GIVEN = Recommendation(
    learner_id="u1",
    served_at=AT,
    snapshot_version=None,
    policy_id="default",
    policy_version="1",
    items=(),
)


def read(workspace, *learner_ids):
    with workspace.reading() as repositories:
        return repositories.learners.histories(learner_ids)


def record(repositories, recommendation_id="rec_1"):
    repositories.recommendations.add(recommendation_id, GIVEN, context={}, answer={})


def test_a_history_is_read_to_the_last_digit_and_type(workspace):
    learner = Learner(learner_id="u1", hired_at=AT, attributes={"z": "1", "a": "%s"})
    judged = Evidence(learner_id="u1", skill_id="sql", level=1.0, source="self", at=AT)
    owed = Assignment(learner_id="u1", module_id="m1", due_at=AT + timedelta(days=9_999))
    with workspace.transaction() as repositories:
        repositories.learners.put(learner)
        repositories.events.add(EVENTS)
        repositories.events.add_evidence([judged])
        repositories.learners.put_assignment(owed)
    history = read(workspace, "u1")["u1"]
    assert history.learner == learner
    assert history.interactions == EVENTS
    assert history.evidence == (judged,)
    assert history.assignments == (owed,)
    figures = [figure for each in history.interactions for figure in astuple(each)]
    assert list(map(type, figures)) == [type(figure) for each in EVENTS for figure in astuple(each)]
    assert isinstance(history.evidence[0].level, float)


@contextmanager
def locked(url, table):
    """Hold what nobody can read past."""
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {table}")
        yield


def test_what_takes_too_long_is_cut_off(postgresql_url):
    with Workspace.open(postgresql_url, statement_seconds=0.2) as workspace:
        with locked(postgresql_url, "interactions"), pytest.raises(StoreUnavailableError) as slow:
            read(workspace, "u1")
        assert "WAYMARK_STATEMENT_SECONDS" in slow.value.detail
        with (
            locked(postgresql_url, "recommendations"),
            pytest.raises(StoreUnavailableError, match="WAYMARK_STATEMENT_SECONDS"),
            workspace.transaction() as repositories,
        ):
            record(repositories)
        assert not read(workspace, "u1")["u1"].is_known


def cut(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize(
    "ask",
    [
        lambda repositories: repositories.revisions.all(),
        lambda repositories: repositories.learners.histories(["u1"]),
        lambda repositories: repositories.learners.erased_among(["u1"]),
        record,
    ],
)
def test_a_connection_cut_in_between_is_named_and_replaced(postgresql_url, ask):
    def be_cut(workspace):
        with workspace.transaction() as repositories:
            repositories.learners.erased_among(["u0"])
            cut(postgresql_url)
            ask(repositories)

    with Workspace.open(postgresql_url) as workspace:
        with pytest.raises(StoreUnavailableError, match="check that PostgreSQL runs there"):
            be_cut(workspace)
        with workspace.transaction() as repositories:
            ask(repositories)


@pytest.mark.parametrize("ask_after_seconds", [0.0, 1e9])
def test_a_connection_cut_while_unused_is_replaced(postgresql_url, monkeypatch, ask_after_seconds):
    monkeypatch.setattr("features.store.engine.ASK_AFTER_SECONDS", ask_after_seconds)
    with Workspace.open(postgresql_url) as workspace:
        workspace.ping()
        cut(postgresql_url)
        workspace.ping()


def test_tables_that_are_gone_are_named(workspace, database_url):
    execute(database_url, "ALTER TABLE evidence RENAME TO elsewhere")
    try:
        with pytest.raises(StoreUnavailableError, match="tables are gone"):
            read(workspace, "u1")
    finally:
        execute(database_url, "ALTER TABLE elsewhere RENAME TO evidence")


def execute(url, statement):
    if make_url(url).get_backend_name() == "sqlite":
        with closing(sqlite3.connect(make_url(url).database)) as connection:
            connection.execute(statement)
    else:
        with psycopg.connect(url) as connection:
            connection.execute(statement)


@pytest.mark.parametrize("n_rows", [1, 2])
def test_who_only_reads_records_nothing(workspace, n_rows):
    served = [
        Served(recommendation_id=f"rec_{number}", recommendation=GIVEN, context={}, answer="{}")
        for number in range(n_rows)
    ]
    with pytest.raises(StoreUnavailableError), workspace.reading() as repositories:
        repositories.recommendations.add_all(served)


def test_a_writer_who_stays_too_long_is_named(sqlite_url, monkeypatch):
    monkeypatch.setattr("features.store.engine.BUSY_SECONDS", 0.01)
    with (
        Workspace.open(sqlite_url) as workspace,
        closing(sqlite3.connect(make_url(sqlite_url).database)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(StoreUnavailableError, match="writing to it for too long"),
            workspace.transaction() as repositories,
        ):
            record(repositories)
        other.rollback()
        with workspace.transaction() as repositories:
            record(repositories)


def test_an_id_no_database_can_hold_is_the_askers_fault(workspace):
    with pytest.raises(InvalidValueError):
        read(workspace, "u\ud800")


def test_an_id_postgresql_cannot_hold_is_the_askers_fault(postgresql_url):
    with Workspace.open(postgresql_url) as workspace, pytest.raises(InvalidValueError):
        read(workspace, "u\0")
