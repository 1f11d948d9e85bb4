"""The migrations, run by Alembic."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from features.store.migrate import SCRIPTS


def upgrade(connection: Connection) -> None:
    """Bring a database to the newest revision, in the transaction of a connection."""
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def alembic_config() -> Config:
    """Return where the migrations are, for Alembic."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
