"""Database URLs: what is accepted, where each workspace lies, how errors name a place."""

import re
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from features.domain.errors import InvalidValueError

MAIN = "main"

_SQLITE = {"sqlite", "sqlite+pysqlite"}
_POSTGRESQL = {"postgresql", "postgres", "postgresql+psycopg"}
_FORMS = "use sqlite:///waymark.db or postgresql://user:password@host:5432/database"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def parse_url(database_url: str | URL) -> URL:
    """Return the URL with the driver Waymark uses.

    Raises
    ------
    InvalidValueError
        Without quoting the URL, since it may hold a password.
    """
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        raise InvalidValueError(f"WAYMARK_DATABASE_URL cannot be read: {_FORMS}") from None
    if url.drivername in _SQLITE:
        return _require_file(url)
    if url.drivername not in _POSTGRESQL:
        raise InvalidValueError(f"WAYMARK_DATABASE_URL names {url.drivername}: {_FORMS}")
    if "@" in (url.host or ""):
        raise InvalidValueError(
            "WAYMARK_DATABASE_URL has two @: write those of the password as %40, and / as %2F"
        )
    return url.set(drivername="postgresql+psycopg")


def _require_file(url: URL) -> URL:
    database = url.database or ""
    if database in ("", ":memory:") or database.startswith("file:"):
        raise InvalidValueError(
            "WAYMARK_DATABASE_URL must name a SQLite file, which processes share and which stays:"
            " use sqlite:///waymark.db, or sqlite:////absolute/path/waymark.db"
        )
    return url.set(drivername="sqlite")


def workspace_url(database_url: str | URL, name: str = MAIN) -> URL:
    """Return where the workspace called `name` lies within a database URL.

    `main` lies where the URL points; another is a file beside that one (`waymark.acme.db`), or
    on PostgreSQL a schema (`waymark_acme`), the only one its connections look into.

    Raises
    ------
    InvalidValueError
        If the URL or the name cannot be used.
    """
    url = parse_url(database_url)
    if not _NAME.fullmatch(name):
        raise InvalidValueError(
            f"the workspace name {name!r} must be 1 to 40 of a-z, 0-9 and _, a letter first"
        )
    if name == MAIN:
        return url
    if url.drivername == "sqlite":
        path = Path(url.database or "")
        return url.set(database=str(path.with_name(f"{path.stem}.{name}{path.suffix}")))
    options = " ".join(filter(None, [_option(url), f"-csearch_path={schema_of(name)}"]))
    return url.update_query_dict({"options": options})


def schema_of(name: str) -> str | None:
    """Return the PostgreSQL schema of a workspace; None is the connection's own."""
    return None if name == MAIN else f"waymark_{name}"


def _option(url: URL) -> str:
    options = url.query.get("options", "")
    return options if isinstance(options, str) else " ".join(options)


def place_of(url: URL) -> str:
    """Say where a database is, for people, without user or password."""
    if url.drivername == "sqlite":
        return f"SQLite file {unquote((url.database or '').removeprefix('file://'))}"
    host = url.host or url.query.get("host") or "the local socket"
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL database {url.database!r} at {host}{port}"
