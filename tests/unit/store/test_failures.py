import sqlite3

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from features.domain.errors import InvalidValueError, StoreUnavailableError
from features.store.failures import named_failures

POSTGRESQL = make_url("postgresql+psycopg://ann:secret@db/learning")
SQLITE = make_url("sqlite:///waymark.db")


def test_a_password_in_a_drivers_text_is_masked():
    error = psycopg.OperationalError('cannot parse "ann:secret@db"\nsecond line')
    with pytest.raises(StoreUnavailableError) as failure, named_failures(POSTGRESQL):
        raise error
    assert "secret" not in failure.value.detail
    assert 'cannot parse "ann:***@db"' in failure.value.detail
    assert "second line" not in failure.value.detail


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (psycopg.errors.DeadlockDetected("deadlock"), "try again"),
        (psycopg.errors.LockNotAvailable("lock timeout"), "try again"),
        (psycopg.errors.UndefinedTable("no relation"), "restore a backup"),
        (psycopg.errors.InsufficientPrivilege("denied"), "grant"),
        (psycopg.errors.ReadOnlySqlTransaction("read-only"), "primary"),
        (psycopg.errors.DiskFull("no space left"), "disk space"),
        (psycopg.InterfaceError("the connection is closed"), "check that PostgreSQL runs"),
    ],
)
def test_failures_of_postgresql_come_with_their_remedy(error, remedy):
    with pytest.raises(StoreUnavailableError, match=remedy), named_failures(POSTGRESQL):
        raise error


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "try again"),
        (sqlite3.SQLITE_FULL, "disk space"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "writable"),
        (sqlite3.SQLITE_IOERR_FSYNC, "check the disk"),
    ],
)
def test_failures_of_sqlite_come_with_their_remedy(code, remedy):
    error = sqlite3.OperationalError("failed")
    error.sqlite_errorcode = code
    with pytest.raises(StoreUnavailableError, match=remedy), named_failures(SQLITE):
        raise error


def test_an_exhausted_pool_is_named():
    with pytest.raises(StoreUnavailableError, match="in use"), named_failures(SQLITE):
        raise PoolTimeoutError


def test_a_value_the_database_cannot_hold_is_the_senders_fault():
    with pytest.raises(InvalidValueError, match="NUL"), named_failures(POSTGRESQL):
        raise psycopg.DataError("text cannot contain NUL (0x00) bytes")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.IntegrityError("NOT NULL constraint failed"),
        psycopg.errors.UniqueViolation("duplicate key"),
        psycopg.errors.SyntaxError("syntax error"),
        ValueError("not about databases"),
    ],
)
def test_mistakes_of_the_program_stay_what_they_are(error):
    with pytest.raises(type(error)), named_failures(POSTGRESQL):
        raise error
