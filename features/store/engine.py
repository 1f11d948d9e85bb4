"""Engines for SQLite and PostgreSQL, set up so that a commit means: on disk."""

import math
import select
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from features.domain.errors import StoreUnavailableError
from features.store.urls import parse_url, place_of

BUSY_SECONDS = 10
CONNECT_SECONDS = 3
POOL_SIZE = 10
ASK_AFTER_SECONDS = 1  # a connection that nobody has used is asked whether it still is one
IDLE_SECONDS = 60  # of a transaction whose process does nothing: it was stopped, or has hung
_TIMEOUTS = ("connect_timeout", "tcp_user_timeout")
_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    "secure_delete = ON",  # what is erased is overwritten, not only forgotten
    "journal_size_limit = 67108864",  # what stays of the log after a great import, in bytes
)

# An engine with this option only reads: one consistent state, and never in a writer's way.
READING = "waymark_reading"


def open_engine(database_url: str | URL) -> Engine:
    """Return an engine; a SQLite file and its folder are created where they are missing.

    Parameters
    ----------
    database_url
        `sqlite:///waymark.db` or `postgresql://user:password@host:5432/database`
        (`postgres://` too), see `features.store.urls`.

    Raises
    ------
    InvalidValueError
        If the URL is of neither kind, or names a SQLite database in memory.
    StoreUnavailableError
        If the SQLite file cannot be created. A PostgreSQL server is first asked when used.
    """
    url = parse_url(database_url)
    return _open_sqlite(url) if url.drivername == "sqlite" else _open_postgresql(url)


def bound_statements(engine: Engine, seconds: float) -> None:
    """Let PostgreSQL cancel what takes longer, and end transactions that nobody goes on with.

    SQLite makes nobody wait but for a writer: that is what is bounded there.

    Parameters
    ----------
    engine
        Of `open_engine`; connections made before are given back.
    seconds
        Of one statement, > 0.
    """
    milliseconds = max(round(1_000 * seconds), 1)

    def bound_postgresql(connection: Any, _record: ConnectionPoolEntry) -> None:
        with _closed_on_failure(connection):
            connection.autocommit = True
            connection.execute(f"SET statement_timeout = {milliseconds}")
            connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
            connection.autocommit = False

    def bound_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
        with _closed_on_failure(connection):
            connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

    is_file = engine.dialect.name == "sqlite"
    event.listen(engine, "connect", bound_sqlite if is_file else bound_postgresql)
    engine.dispose()


def reading(engine: Engine) -> Engine:
    """Return the engine for transactions that only read; it shares the pool."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READING: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _open_postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=BUSY_SECONDS,
        # A server that has vanished without a word is given up as soon as one that is busy.
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "tcp_user_timeout": BUSY_SECONDS * 1_000,
            **{name: value for name, value in url.query.items() if name in _TIMEOUTS},
        },
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,
    )

    def require_answer(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
        # To ask each time costs as much as a statement. A server that ends a connection says so.
        now, asked_at = time.monotonic(), record.info.get("asked_at", -math.inf)
        if now - asked_at > ASK_AFTER_SECONDS or _has_heard(connection):
            try:
                engine.dialect.do_ping(connection)
            except psycopg.Error as error:
                raise DisconnectionError(f"{place_of(url)} was restarted") from error
        record.info["asked_at"] = now

    event.listen(engine, "connect", _set_up_postgresql)
    event.listen(engine, "checkout", require_answer)
    return engine


def _has_heard(connection: Any) -> bool:
    """Tell whether a server has sent what nobody asked for: that it has gone, most of all."""
    incoming = select.poll()
    incoming.register(connection.fileno(), select.POLLIN)
    return bool(incoming.poll(0))


def _set_up_postgresql(connection: Any, _record: ConnectionPoolEntry) -> None:
    """Commit to disk even where the server's default is not to; wait for locks as on SQLite."""
    with _closed_on_failure(connection):
        connection.autocommit = True
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
        # Statements of milliseconds are planned for more rows than come, and compiled each time.
        connection.execute("SET jit = off")
        connection.autocommit = False


def _open_sqlite(url: URL) -> Engine:
    path = Path(url.database or "").absolute()
    _create_file(path, url)
    engine = create_engine(
        # mode=rw: a file that has vanished is an error, never silently a new, empty one.
        URL.create("sqlite", database=path.as_uri(), query={"mode": "rw", "uri": "true"}),
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=BUSY_SECONDS,
        connect_args={"timeout": BUSY_SECONDS},
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,
    )

    def set_up(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        with _closed_on_failure(connection):
            connection.isolation_level = None  # BEGIN is ours, see _begin_sqlite
            _use_wal(connection)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _identity(path)

    def require_same_file(
        _connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        # Otherwise an open connection would go on writing to a file nobody can find any more.
        if record.info["file"] != _identity(path):
            raise DisconnectionError(f"{place_of(url)} was replaced")

    event.listen(engine, "connect", set_up)
    event.listen(engine, "checkout", require_same_file)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def _closed_on_failure(connection: Any) -> Iterator[None]:
    """Close a connection that cannot be set up, since the pool has not taken it yet."""
    with ExitStack() as on_failure:
        on_failure.callback(connection.close)
        yield
        on_failure.pop_all()


def _create_file(path: Path, url: URL) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        raise StoreUnavailableError(
            f"{place_of(url)} cannot be created: {error.strerror}: {error.filename}: name a file in"
            " a folder you may write to in WAYMARK_DATABASE_URL"
        ) from error


def _use_wal(connection: sqlite3.Connection) -> None:
    # When two processes switch a new file at the same time, SQLite refuses one without waiting.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock first, so that writers wait for each other and never fail half-way."""
    is_reading = connection.get_execution_options().get(READING, False)
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA query_only = {int(is_reading)}")
    driver.execute("BEGIN" if is_reading else "BEGIN IMMEDIATE")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()
