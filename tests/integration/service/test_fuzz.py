"""Whatever the OpenAPI document allows, and what it does not, is never answered with a fault."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from service_runs import bearer, listening, make_key

from features.settings import Settings
from service.app import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(create_app(Settings()).openapi())
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    """The URL of a service over real uvicorn, and the header that opens every route."""
    folder = tmp_path_factory.mktemp("fuzzed")
    settings = Settings(
        database_url=f"sqlite:///{folder}/waymark.db",
        snapshot_dir=folder / "serving",
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
    )
    headers = bearer(make_key(settings.database_url, "admin"))
    with listening(settings) as url:
        yield url, headers


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_request_is_a_fault(operation, fuzzed):
    url, headers = fuzzed

    @hypothesis_settings(
        max_examples=5,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=MODES[0]) | negative(operation))
    def ask(case):
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    ask()


def negative(operation):
    return operation.as_strategy(generation_mode=MODES[1])
