"""Makes `lab`, a workspace with an experiment in it, and the service's fixtures known."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "service"))

from service_fixtures import client, settings_on  # noqa: F401


@pytest.fixture
def settings(settings_on, sqlite_url):  # noqa: F811 - the fixture of that name
    """Settings that wait for a reading for as long as a busy machine takes."""
    return settings_on(sqlite_url).model_copy(update={"reading_seconds": 600.0})
