"""Engines: SQLite and PostgreSQL, set up so that acknowledged means on disk."""

from sqlalchemy import URL, Engine


def open_engine(database_url: str | URL) -> Engine:
    """Return an engine for sqlite:///… or postgresql://…; raises StoreUnavailableError."""
    raise NotImplementedError
