"""Bring a database to the schema this version of Waymark knows."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.schema import CreateSchema

from features.domain.errors import StoreUnavailableError
from features.store.engine import reading
from features.store.tables import metadata
from features.store.urls import place_of

SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 0x7761796D61726B  # "waymark": processes that start at once migrate one after the other


def migrate(engine: Engine, schema: str | None = None) -> None:
    """Create or upgrade the tables, all or nothing; safe when several processes start at once.

    Parameters
    ----------
    engine
        Of `open_engine`.
    schema
        The PostgreSQL schema of a workspace, created where missing; None is the connection's own.

    Raises
    ------
    StoreUnavailableError
        If the database was set up by a newer Waymark, or by something else.
    """
    with reading(engine).connect() as connection:
        if _revision(connection) == revisions()[-1]:
            return
    # Alembic is a third of what opening a database imports, and mostly there is nothing to do. It
    # is imported before the lock is taken: others wait for that only so long.
    from features.store.upgrade import upgrade  # noqa: PLC0415

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if schema is not None:
            connection.execute(CreateSchema(schema, if_not_exists=True))
        _require_ours(connection)
        upgrade(connection)


def revisions() -> tuple[str, ...]:
    """Return the revisions this Waymark knows, the oldest first, as their files are named."""
    return tuple(sorted(path.stem.partition("_")[0] for path in SCRIPTS.glob("versions/*.py")))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _require_ours(connection: Connection) -> None:
    revision = _revision(connection)
    place = place_of(connection.engine.url)
    if revision is None:
        foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
        if foreign:
            raise StoreUnavailableError(
                f"{place} holds a table {foreign[0]} already, which is not Waymark's: name an empty"
                " database in WAYMARK_DATABASE_URL"
            )
    elif revision not in revisions():
        raise StoreUnavailableError(
            f"{place}: its schema is {revision}, newer than this Waymark knows: install the newer"
            " version, or restore a backup from before the upgrade"
        )
