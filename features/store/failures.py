"""What database drivers raise, as named errors that say where it happened and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from features.domain.errors import InvalidValueError, StoreUnavailableError, WaymarkError
from features.store.urls import place_of

_LACKS_TABLES = "Waymark's tables are gone: restore a backup, or start again on an empty database"
_SQLITE_REMEDIES = {
    sqlite3.SQLITE_BUSY: "another program has been writing to it for too long: try again",
    sqlite3.SQLITE_LOCKED: "another program has been writing to it for too long: try again",
    sqlite3.SQLITE_CANTOPEN: "check that it is there and may be read and written",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable",
    sqlite3.SQLITE_FULL: "free some disk space",
    sqlite3.SQLITE_IOERR: "check the disk, and that the file is still there",
    sqlite3.SQLITE_NOTADB: "restore a backup, or name another file in WAYMARK_DATABASE_URL",
    sqlite3.SQLITE_CORRUPT: "restore a backup, or name another file in WAYMARK_DATABASE_URL",
}
# Names of things that are not there, or not allowed: the database, not the statement, is wrong.
_POSTGRESQL_REMEDIES = {
    "42P01": _LACKS_TABLES,
    "3F000": _LACKS_TABLES,
    "42501": "grant the user of WAYMARK_DATABASE_URL the right to create and use tables there",
    "25006": "it is a read-only copy: name the primary server in WAYMARK_DATABASE_URL",
    "XX001": "restore a backup",
    "53100": "free some disk space",
    "3D000": "create it, or name another in WAYMARK_DATABASE_URL",
    "28P01": "correct user and password in WAYMARK_DATABASE_URL",
    "40P01": "two writers were in each other's way: try again",
    "40001": "two writers were in each other's way: try again",
    "57014": "it is busy for longer than WAYMARK_STATEMENT_SECONDS: find with what, and try again",
    "25P03": "this program stood still in the middle of a transaction: try again",
    "55P03": "two writers were in each other's way: try again",
}
_POSTGRESQL_REMEDY = (
    "check that PostgreSQL runs there and that WAYMARK_DATABASE_URL names it rightly"
)


@contextmanager
def named_failures(url: URL) -> Iterator[None]:
    """Turn failures of the database at `url` into named errors; anything else passes.

    Raises
    ------
    StoreUnavailableError
        Where the database is missing, unreachable, busy, full or broken.
    InvalidValueError
        Where a text holds characters that no database keeps (NUL, lone surrogates).
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise InvalidValueError(f"a text cannot be stored: {error.reason}") from error
    except PoolTimeoutError as error:
        raise StoreUnavailableError(
            f"{place_of(url)}: all connections are in use: try again, or run more workers"
        ) from error
    except (DBAPIError, psycopg.Error, sqlite3.Error) as error:
        named = _name(error.orig if isinstance(error, DBAPIError) else error, url)
        if named is None:
            raise
        raise named from error


def _name(error: BaseException | None, url: URL) -> WaymarkError | None:
    if isinstance(error, psycopg.DataError):
        return InvalidValueError(f"a value cannot be stored: {_reason(error, url)}")
    remedy = None
    if isinstance(error, psycopg.Error):
        remedy = _POSTGRESQL_REMEDIES.get(error.sqlstate or "")
        if remedy is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            remedy = _POSTGRESQL_REMEDY
    elif isinstance(error, sqlite3.Error):
        remedy = _sqlite_remedy(error)
    if remedy is None:
        return None
    return StoreUnavailableError(f"{place_of(url)}: {_reason(error, url)}: {remedy}")


def _sqlite_remedy(error: sqlite3.Error) -> str | None:
    if str(error).startswith("no such table"):
        return _LACKS_TABLES
    # The low byte is the kind; extended codes say more in the high ones.
    return _SQLITE_REMEDIES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)


def _reason(error: BaseException | None, url: URL) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    reason = lines[0].rstrip(".")
    password = str(url.password or "")
    return reason.replace(password, "***") if password else reason
