"""The shapes other programs are written against."""

import json
import re

import pytest

from features.settings import Settings
from service.app import create_app
from service.schemas.fields import View

ANSWER = {
    "recommendation_id",
    "learner_id",
    "served_at",
    "snapshot_version",
    "policy_id",
    "policy_version",
    "experiments",
    "degraded",
    "items",
    "withheld",
}
ITEM = {
    "module_id",
    "title",
    "rank",
    "tier",
    "score",
    "propensity",
    "p_success",
    "contributions",
    "closes",
    "unlocks",
    "reasons",
}
WITHHELD = {"module_id", "code", "text", "needs", "when", "opens_at"}
CLOSING = {"skill_id", "mastery", "expected_mastery", "target"}
STANDING = {
    "skill_id",
    "mastery",
    "standard_error",
    "n_evidence",
    "target",
    "gap",
    "p_gap",
    "asked_by",
    "last_evidence_at",
}

EXPERIMENT = {
    "coverage": 1,
    "namespace": "ranker",
    "eligible": "true",
    "metrics": [
        {"metric_id": "completion_rate", "role": "goal", "margin": None, "window_days": 30},
        {"metric_id": "minutes", "role": "guardrail", "margin": 2},
    ],
    "planned_n": 500,
    "preview": {"bob": "b"},
}


@pytest.fixture
def answer(academy):
    body = {"learner_id": "ada", "limit": 3, "context": {"goal": {"role_id": "clerk"}}}
    return academy.post("/v1/recommendations", json=body).json()


def test_an_answer_has_every_field_of_the_contract(answer):
    assert set(answer) - {"recorded", "personalised", "rules", "remarks"} == ANSWER
    assert answer["items"]
    assert all(set(item) == ITEM for item in answer["items"])
    assert answer["withheld"]
    assert all(set(each) == WITHHELD for each in answer["withheld"])
    closes = [closing for item in answer["items"] for closing in item["closes"]]
    assert closes
    assert all(set(closing) == CLOSING for closing in closes)
    reasons = [reason for item in answer["items"] for reason in item["reasons"]]
    assert all(set(reason) == {"code", "text"} for reason in reasons)


def test_an_answer_names_experiment_and_variant(academy):
    academy.put("/v1/policies/p", json={"exploration": 0})
    variants = [
        {"variant_id": "a", "weight": 0.5},
        {"variant_id": "b", "weight": 0.5, "policy_id": "p"},
    ]
    body = {"hypothesis": "b is better.", "unit": "learner", "variants": variants}
    answer = academy.put("/v1/experiments/x", json=body | EXPERIMENT)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) >= {"hypothesis", "unit", "variants", *EXPERIMENT}
    assert academy.post("/v1/experiments/x/start").status_code == 200
    (named,) = academy.post("/v1/recommendations", json={"learner_id": "ada"}).json()["experiments"]
    assert set(named) == {"experiment_id", "variant_id"}
    assert named["experiment_id"] == "x"
    assert academy.post("/v1/experiments/x/stop").status_code == 200


def test_instants_are_utc_and_end_in_z(answer):
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", answer["served_at"])


def test_numbers_are_never_rounded(academy):
    third = 1 / 3
    academy.put("/v1/modules/m", json={"difficulty": third})
    assert academy.get("/v1/modules/m").json()["difficulty"] == third


def test_skills_have_every_field_of_the_contract(academy):
    academy.put("/v1/learners/ada", json={"role_id": "clerk"})
    skills = academy.get("/v1/learners/ada/skills").json()["skills"]
    assert all(set(skill) >= STANDING for skill in skills)


def test_a_page_has_items_and_next(academy):
    assert set(academy.get("/v1/modules").json()) == {"items", "next"}


def test_a_new_key_is_shown_with_its_id_and_scopes(client):
    created = client.post("/v1/keys", json={"scopes": ["events"]}).json()
    assert set(created) == {"key_id", "key", "scopes"}


def views(kind: type[View]) -> list[type[View]]:
    return [each for child in kind.__subclasses__() for each in (child, *views(child))]


def test_what_goes_out_has_no_defaults():
    create_app(Settings())
    for view in views(View):
        for name, field in view.model_fields.items():
            assert field.is_required(), f"{view.__name__}.{name}"


def test_bodies_come_with_examples_that_are_taken(academy):
    document = academy.get("/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "requestBody" not in operation:
                continue
            reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
            for example in schema.get("examples", []):
                where = re.sub(r"\{\w+\}", "x", path)
                answer = academy.request(method, where, json=example)
                assert answer.status_code in (200, 201, 404), (path, answer.text)
                tried += 1
    assert tried >= 10


def test_every_operation_documents_its_problems(academy):
    document = academy.get("/openapi.json").json()
    assert "HTTPValidationError" not in json.dumps(document)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            problems = {s for s, r in operation["responses"].items() if s >= "400"}
            assert "500" in problems
            if path.startswith("/v1"):
                assert {"401", "403", "503"} <= problems, (method, path)
            if "requestBody" in operation:
                assert {"413", "422"} <= problems, (method, path)
            for status in problems:
                content = operation["responses"][status]["content"]
                assert set(content) == {"application/problem+json"}


def test_every_operation_says_what_it_does(academy):
    document = academy.get("/openapi.json").json()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert len(operation["description"]) > 10
