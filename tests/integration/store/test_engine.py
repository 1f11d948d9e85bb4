import shutil
import socket
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer

import psycopg
import pytest
from sqlalchemy import make_url, text

from features.domain.errors import InvalidValueError, StoreUnavailableError
from features.domain.history import Learner
from features.store.engine import open_engine
from features.store.workspace import Workspace


def path_of(url):
    return Path(make_url(url).database)


def pragma(connection, name):
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_sqlite_commits_reach_the_disk_and_writers_wait(sqlite_url):
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2  # FULL
        assert pragma(connection, "busy_timeout") == 10_000
        assert pragma(connection, "foreign_keys") == 1
    engine.dispose()


def test_of_who_is_erased_nothing_is_left_in_the_file(sqlite_url):
    told = "a department that nobody else is in"
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        repositories.learners.put(Learner(learner_id="ada", department=told))
    assert told.encode() in path_of(sqlite_url).read_bytes()
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        repositories.learners.erase("ada", datetime(2026, 3, 1, tzinfo=UTC))
    assert told.encode() not in path_of(sqlite_url).read_bytes()


def test_a_file_that_another_process_is_setting_up_is_waited_for(tmp_path):
    path = tmp_path / "waymark.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE theirs (a)")
        other.execute("BEGIN IMMEDIATE")
        commit = Timer(0.3, lambda: other.execute("COMMIT"))
        commit.start()
        engine = open_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            assert pragma(connection, "journal_mode") == "wal"
        engine.dispose()
        commit.join()


def test_postgresql_commits_reach_the_disk_locks_time_out_and_nothing_is_compiled(postgresql_url):
    careless = {"options": "-csynchronous_commit=off"}
    engine = open_engine(make_url(postgresql_url).update_query_dict(careless))
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
        assert connection.scalar(text("SHOW lock_timeout")) == "10s"
        assert connection.scalar(text("SHOW jit")) == "off"
    engine.dispose()


def shown(workspace, name):
    with workspace.reading() as repositories:
        return repositories.catalogue._connection.scalar(text(f"SHOW {name}"))


def test_only_who_says_how_long_a_statement_may_take_is_cut_off(postgresql_url):
    with Workspace.open(postgresql_url) as patient:
        assert shown(patient, "statement_timeout") == "0"
        assert shown(patient, "idle_in_transaction_session_timeout") == "0"
    with Workspace.open(postgresql_url, statement_seconds=0.2) as bounded:
        assert shown(bounded, "idle_in_transaction_session_timeout") == "1min"
        with (
            pytest.raises(StoreUnavailableError, match="longer than WAYMARK_STATEMENT_SECONDS"),
            bounded.transaction() as repositories,
        ):
            repositories.catalogue._connection.execute(text("SELECT pg_sleep(20)"))
        bounded.ping()


def test_a_writer_of_sqlite_is_waited_for_as_long_as_a_statement_may_take(sqlite_url):
    with Workspace.open(sqlite_url, statement_seconds=0.2) as bounded:
        assert shown_by_sqlite(bounded, "busy_timeout") == 200
        with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as writer:
            writer.execute("BEGIN IMMEDIATE")
            with (
                pytest.raises(StoreUnavailableError, match="too long: try again"),
                bounded.transaction(),
            ):
                raise AssertionError
    with Workspace.open(sqlite_url) as patient:
        assert shown_by_sqlite(patient, "busy_timeout") == 10_000


def shown_by_sqlite(workspace, name):
    with workspace.reading() as repositories:
        return repositories.catalogue._connection.scalar(text(f"PRAGMA {name}"))


def test_a_transaction_that_stands_still_is_ended_and_named(postgresql_url, monkeypatch):
    monkeypatch.setattr("features.store.engine.IDLE_SECONDS", "0.1")
    with Workspace.open(postgresql_url, statement_seconds=5) as workspace:
        with pytest.raises(StoreUnavailableError, match="stood still"):
            stand_still(workspace)
        workspace.ping()


def stand_still(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.revision()
        time.sleep(0.5)
        repositories.catalogue.revision()


def test_the_folder_of_a_sqlite_file_is_created(tmp_path):
    with Workspace.open(f"sqlite:///{tmp_path}/new/deep er/way%mark?.db") as workspace:
        workspace.ping()


def test_a_folder_that_cannot_be_created_is_named_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match=r"file/waymark.db cannot be created.*folder"):
        Workspace.open(f"sqlite:///{tmp_path}/file/waymark.db")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(StoreUnavailableError, match="unable to open database file"):
        Workspace.open(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Not a database, but long enough to look like one. " * 20)
    before = path.read_bytes()
    with pytest.raises(StoreUnavailableError, match=r"notes.txt: file is not a database"):
        Workspace.open(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_memory_is_refused():
    with pytest.raises(InvalidValueError, match=r"sqlite:///waymark\.db"):
        Workspace.open("sqlite:///:memory:")


def test_a_sqlite_file_removed_while_open_is_noticed_and_not_created_anew(sqlite_url):
    with Workspace.open(sqlite_url) as workspace:
        workspace.ping()
        path_of(sqlite_url).unlink()
        with pytest.raises(StoreUnavailableError, match="unable to open database file"):
            workspace.ping()
        with (
            pytest.raises(StoreUnavailableError, match="check that it is there"),
            workspace.transaction() as repositories,
        ):
            repositories.catalogue.add_bare_modules(["m1"])
        assert not path_of(sqlite_url).exists()


def test_a_sqlite_file_put_back_is_used_again(sqlite_url, tmp_path):
    with Workspace.open(sqlite_url) as workspace:
        with workspace.transaction() as repositories:
            repositories.catalogue.add_bare_modules(["m1"])
        with closing(sqlite3.connect(path_of(sqlite_url))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(path_of(sqlite_url), tmp_path / "backup.db")
        path_of(sqlite_url).unlink()
        shutil.move(tmp_path / "backup.db", path_of(sqlite_url))
        with workspace.reading() as repositories:
            assert repositories.catalogue.get_module("m1").title == "m1"


def test_an_empty_file_in_place_of_the_database_is_named(sqlite_url):
    with Workspace.open(sqlite_url) as workspace:
        path_of(sqlite_url).unlink()
        path_of(sqlite_url).touch()
        with pytest.raises(StoreUnavailableError, match="tables are gone"):
            workspace.ping()


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_port_nobody_listens_on_is_named_without_the_password():
    url = f"postgresql://ann:secret@127.0.0.1:{unused_port()}/learning"
    with pytest.raises(StoreUnavailableError, match="check that PostgreSQL runs there") as failure:
        Workspace.open(url)
    assert "127.0.0.1" in failure.value.detail
    assert "secret" not in failure.value.detail


def test_a_database_that_does_not_exist_is_named(postgresql_server):
    url = make_url(postgresql_server).set(database="nowhere").render_as_string(hide_password=False)
    with pytest.raises(StoreUnavailableError, match='"nowhere" does not exist'):
        Workspace.open(url)


def test_a_postgresql_database_dropped_while_open_is_noticed(postgresql_url, postgresql_server):
    with Workspace.open(postgresql_url) as workspace:
        workspace.ping()
        with psycopg.connect(postgresql_server, autocommit=True) as connection:
            database = psycopg.sql.Identifier(make_url(postgresql_url).database)
            drop = psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(drop.format(database))
        with pytest.raises(StoreUnavailableError, match="does not exist"):
            workspace.ping()


def cut_connections(url):
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_cut_by_the_server_are_replaced(postgresql_url):
    with Workspace.open(postgresql_url) as workspace:
        workspace.ping()
        cut_connections(postgresql_url)
        workspace.ping()


def test_a_connection_cut_within_a_transaction_leaves_nothing(postgresql_url):
    def write_and_be_cut(workspace):
        with workspace.transaction() as repositories:
            repositories.catalogue.add_bare_modules(["m1"])
            cut_connections(postgresql_url)
            repositories.catalogue.add_bare_modules(["m2"])

    with Workspace.open(postgresql_url) as workspace:
        with pytest.raises(StoreUnavailableError):
            write_and_be_cut(workspace)
        with workspace.reading() as repositories:
            assert repositories.catalogue.list_modules(after=None, limit=10) == ()


def test_a_stopped_server_is_noticed(start_postgresql):
    folder = Path(tempfile.mkdtemp(prefix="waymark-stopped-"))
    server = start_postgresql(folder)
    with Workspace.open(server.get_uri()) as workspace:
        workspace.ping()
        server.cleanup()
        with pytest.raises(StoreUnavailableError, match="check that PostgreSQL runs there"):
            workspace.ping()


def test_a_text_no_database_can_hold_is_the_senders_fault(workspace):
    with pytest.raises(InvalidValueError), workspace.transaction() as repositories:
        repositories.catalogue.add_bare_modules(["\ud800"])
