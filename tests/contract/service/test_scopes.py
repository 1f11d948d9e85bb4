"""Every route under /v1 needs a scope; the table is the contract, the app must match it."""

import re
import shutil
from functools import cache

import pytest
from service_runs import bearer, make_key, running

from features.settings import Settings
from features.store.keys import SCOPES
from service.app import create_app

SCOPE_OF = {
    ("POST", "/v1/recommendations"): "recommend",
    ("GET", "/v1/recommendations/{recommendation_id}"): "recommend",
    ("POST", "/v1/recommendations/{recommendation_id}/feedback"): "recommend",
    ("POST", "/v1/assessments"): "recommend",
    ("GET", "/v1/assessments/{assessment_id}"): "recommend",
    ("POST", "/v1/assessments/{assessment_id}/answers"): "recommend",
    ("POST", "/v1/events"): "events",
    ("POST", "/v1/evidence"): "events",
    ("POST", "/v1/outcomes"): "events",
    ("PUT", "/v1/learners/{learner_id}"): "catalogue",
    ("GET", "/v1/learners"): "analytics",
    ("GET", "/v1/learners/{learner_id}"): "analytics",
    ("GET", "/v1/learners/{learner_id}/skills"): "analytics",
    ("GET", "/v1/learners/{learner_id}/journey"): "analytics",
    ("GET", "/v1/learners/{learner_id}/peers"): "analytics",
    ("GET", "/v1/learners/{learner_id}/export"): "admin",
    ("DELETE", "/v1/learners/{learner_id}"): "admin",
    ("PUT", "/v1/assignments/{learner_id}/{module_id}"): "catalogue",
    ("GET", "/v1/assignments/{learner_id}"): "analytics",
    ("GET", "/v1/assignments/{learner_id}/{module_id}"): "analytics",
    **{
        (method, path): scope
        for kind, key in (
            ("modules", "module_id"),
            ("skills", "skill_id"),
            ("roles", "role_id"),
            ("policies", "policy_id"),
            ("rules", "rule_id"),
            ("pathways", "pathway_id"),
        )
        for method, path, scope in (
            ("PUT", f"/v1/{kind}/{{{key}}}", "catalogue"),
            ("GET", f"/v1/{kind}/{{{key}}}", "catalogue or analytics"),
            ("GET", f"/v1/{kind}", "catalogue or analytics"),
        )
    },
    ("POST", "/v1/rules/trials"): "catalogue",
    ("POST", "/v1/catalogue"): "catalogue",
    ("PUT", "/v1/experiments/{experiment_id}"): "experiments",
    ("POST", "/v1/experiments/{experiment_id}/start"): "experiments",
    ("POST", "/v1/experiments/{experiment_id}/stop"): "experiments",
    ("GET", "/v1/experiments/{experiment_id}"): "analytics or experiments",
    ("GET", "/v1/experiments"): "analytics or experiments",
    ("GET", "/v1/experiments/{experiment_id}/results"): "analytics or experiments",
    ("GET", "/v1/reports/content"): "analytics",
    ("POST", "/v1/keys"): "admin",
    ("GET", "/v1/keys"): "admin",
    ("GET", "/v1/overrides"): "admin",
    ("DELETE", "/v1/keys/{key_id}"): "admin",
    ("POST", "/v1/keys/{key_id}/rotate"): "admin",
    ("GET", "/v1/audit"): "admin",
}
OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}


@cache
def documented():
    paths = create_app(Settings()).openapi()["paths"]
    return {
        (method.upper(), path): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


@pytest.fixture(scope="module")
def settings(sqlite_template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scopes")
    return Settings(
        database_url=f"sqlite:///{shutil.copy(sqlite_template, folder / 'waymark.db')}",
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        snapshot_dir=folder / "serving",
    )


@pytest.fixture(scope="module")
def stranger(settings):
    """A client without a key; all routes share its service, as they are asked for nothing real."""
    with running(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
def keys(settings):
    """One key of each scope, and the header that carries it."""
    return {scope: bearer(make_key(settings.database_url, scope)) for scope in SCOPES}


def test_the_routes_are_those_of_the_table():
    assert set(documented()) == set(SCOPE_OF) | OPEN


def test_the_documentation_names_the_scope_of_every_route():
    for route, operation in documented().items():
        named = [scopes for each in operation.get("security", []) for scopes in each.values()]
        assert named == ([] if route in OPEN else [SCOPE_OF[route].split(" or ")]), route


def test_open_routes_ask_for_no_key(stranger):
    for method, path in OPEN:
        assert stranger.request(method, path).status_code == 200


@pytest.mark.parametrize("route", SCOPE_OF, ids=" ".join)
def test_a_route_opens_to_its_scope_alone(stranger, keys, route):
    method, template = route
    path = re.sub(r"\{\w+\}", "x", template)
    assert stranger.request(method, path).status_code == 401
    for scope, headers in keys.items():
        status = stranger.request(method, path, headers=headers).status_code
        if scope in (*SCOPE_OF[route].split(" or "), "admin"):
            assert status not in (401, 403), scope
        else:
            assert status == 403, scope
