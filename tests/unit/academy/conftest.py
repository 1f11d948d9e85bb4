"""Two academies that every test of this folder looks at."""

from datetime import UTC, datetime

import pytest

from training.academy import Academy, generate_academy, small_academy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def small() -> Academy:
    return small_academy(1, NOW)


@pytest.fixture(scope="session")
def full() -> Academy:
    """The whole offer, with fewer people."""
    return generate_academy(n_learners=400, seed=3, now=NOW)
