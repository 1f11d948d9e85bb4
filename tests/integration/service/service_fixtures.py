"""Fixtures of the service's tests, here and in tests/contract."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from service_runs import bearer, fill, make_key, running

from features.settings import Settings


@pytest.fixture
def settings_on(tmp_path: Path) -> Callable[[str], Settings]:
    """Make settings on a database, with folders of this test alone."""
    return lambda database_url: Settings(
        database_url=database_url,
        snapshot_dir=tmp_path / "serving",
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db",
        model_name="waymark",
    )


@pytest.fixture
def settings(settings_on, sqlite_url: str) -> Settings:
    return settings_on(sqlite_url)


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    """A client with an admin key, on SQLite."""
    with running(settings) as opened:
        opened.headers.update(bearer(make_key(settings.database_url, "admin")))
        yield opened


@pytest.fixture
def everywhere(settings_on, database_url: str) -> Iterator[httpx.Client]:
    """A client with an admin key, on SQLite and on PostgreSQL."""
    with running(settings_on(database_url)) as opened:
        opened.headers.update(bearer(make_key(database_url, "admin")))
        yield opened


@pytest.fixture
def academy(client: httpx.Client) -> httpx.Client:
    """A client whose service knows a small catalogue."""
    fill(client)
    return client
