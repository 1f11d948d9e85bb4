from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, make_url, text

from features.domain.errors import StoreUnavailableError
from features.store.columns import Id
from features.store.engine import open_engine
from features.store.migrate import migrate, revisions
from features.store.tables import metadata
from features.store.upgrade import alembic_config
from features.store.workspace import Workspace


@pytest.fixture
def engine(database_url):
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def test_files_bear_the_names_of_their_revisions():
    scripts = ScriptDirectory.from_config(alembic_config()).walk_revisions()
    assert revisions() == tuple(script.revision for script in scripts)[::-1]


def test_the_migrated_schema_is_the_one_the_tables_declare(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_ids_sort_by_code_point_whatever_the_language_of_the_server(postgresql_url):
    ids = [
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.type is Id
    ]
    engine = open_engine(postgresql_url)
    with engine.connect() as connection:
        collations = connection.execute(
            text("SELECT table_name, column_name, collation_name FROM information_schema.columns")
        )
        of_column = {(table, column): collation for table, column, collation in collations}
    engine.dispose()
    assert len(ids) > 40
    assert {of_column[one] for one in ids} == {"C"}


def test_migrating_twice_changes_nothing(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE revisions SET revision = 7"))
    migrate(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT revision FROM revisions")) == 7


def test_a_newer_schema_is_refused_and_left_alone(engine, database_url):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailableError, match=r"schema is 9999, newer.*install the newer"):
        Workspace.open(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_every_migration_can_be_undone_and_done_again(engine):
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    migrate(engine)
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_a_database_of_something_else_is_refused_and_left_alone(engine, database_url):
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.execute(text("CREATE TABLE rules (theirs INTEGER)"))
    with pytest.raises(StoreUnavailableError, match="holds a table rules already"):
        Workspace.open(database_url)
    with engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) == {"alembic_version", "rules"}


def test_processes_that_start_at_once_migrate_one_after_the_other(database_url):
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database)
        path.unlink()
        fresh, name = database_url, "main"
    else:
        fresh, name = database_url, "fresh"

    def open_and_write(number):
        with Workspace.open(fresh, name) as workspace, workspace.transaction() as repositories:
            repositories.catalogue.add_bare_modules([f"m{number}"])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(open_and_write, range(8)))
    with Workspace.open(fresh, name) as workspace, workspace.reading() as repositories:
        assert len(repositories.catalogue.list_modules(after=None, limit=100)) == 8
