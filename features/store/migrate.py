"""Bring a database to the schema this version of Waymark knows."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.schema import CreateSchema

from features.domain.errors import StoreUnavailableError
from features.store.engine import reading
from features.store.tables import metadata
from features.store.urls import place_of

_SCRIPTS = Path(__file__).parent / "migrations"
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
    config = alembic_config()
    head = ScriptDirectory.from_config(config).get_current_head()
    with reading(engine).connect() as connection:
        if _revision(connection) == head:
            return
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if schema is not None:
            connection.execute(CreateSchema(schema, if_not_exists=True))
        _require_ours(connection, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Return where the migrations are, for Alembic."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _require_ours(connection: Connection, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    revision = _revision(connection)
    place = place_of(connection.engine.url)
    if revision is None:
        foreign = sorted(set(inspect(connection).get_table_names()) & set(metadata.tables))
        if foreign:
            raise StoreUnavailableError(
                f"{place} holds a table {foreign[0]} already, which is not Waymark's: name an empty"
                " database in WAYMARK_DATABASE_URL"
            )
    elif revision not in known:
        raise StoreUnavailableError(
            f"{place}: its schema is {revision}, newer than this Waymark knows: install the newer"
            " version, or restore a backup from before the upgrade"
        )
