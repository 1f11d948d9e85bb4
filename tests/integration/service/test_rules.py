"""Rules over the API: written, tried, applied, recorded."""

import pytest
from service_runs import fill

from service import rules

ADA = {"role_id": "clerk", "department": "Sales", "grade": "7"}
EXCLUDE = {"when": 'learner.department == "Sales"', "then": {"exclude": ["counting-1"]}}


def ask(client, learner_id="ada", **fields):
    answer = client.post("/v1/recommendations", json={"learner_id": learner_id, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_rule_is_kept_and_listed(academy):
    answer = academy.put("/v1/rules/no-counting", json={**EXCLUDE, "priority": 3})
    assert answer.status_code == 200
    assert answer.json() == {
        "rule_id": "no-counting",
        "when": EXCLUDE["when"],
        "then": {
            "assign": [],
            "require": [],
            "exclude": ["counting-1"],
            "boost": [],
            "due_in_days": None,
            "strength": 1.0,
        },
        "active": True,
        "priority": 3,
    }
    assert academy.get("/v1/rules/no-counting").json() == answer.json()
    assert academy.get("/v1/rules").json() == {"items": [answer.json()], "next": None}


def test_a_rule_shows_in_the_very_next_answer_and_in_its_record(everywhere):
    fill(everywhere)
    everywhere.put("/v1/learners/ada", json=ADA)
    assert "counting-1" in [each["module_id"] for each in ask(everywhere, limit=9)["items"]]
    everywhere.put("/v1/rules/no-counting", json=EXCLUDE)
    answer = ask(everywhere, limit=9)
    assert "counting-1" not in [each["module_id"] for each in answer["items"]]
    assert answer["rules"] == ["no-counting"]
    record = everywhere.get(f"/v1/recommendations/{answer['recommendation_id']}").json()
    assert record["rules"] == ["no-counting"]


def test_what_a_rule_assigns_is_kept_with_its_first_date(everywhere):
    fill(everywhere)
    everywhere.put("/v1/learners/ada", json=ADA)
    says = {"assign": ["counting-2"], "due_in_days": 20}
    everywhere.put("/v1/rules/r", json={"when": "int(learner.grade) > 5", "then": says})
    ask(everywhere)
    first = everywhere.get("/v1/assignments/ada/counting-2").json()
    assert first["reason"] == "rule r"
    ask(everywhere)
    assert everywhere.get("/v1/assignments/ada/counting-2").json() == first


def test_a_dry_run_assigns_nothing(academy):
    academy.put("/v1/learners/ada", json=ADA)
    academy.put("/v1/rules/r", json={"when": "true", "then": {"assign": ["counting-2"]}})
    ask(academy, policy={"exploration": 0})
    assert academy.get("/v1/assignments/ada/counting-2").status_code == 404


def test_a_trial_counts_those_a_rule_would_touch_and_stores_nothing(everywhere):
    fill(everywhere)
    everywhere.put("/v1/learners/ada", json=ADA)
    everywhere.put("/v1/learners/bob", json={"department": "Care"})
    everywhere.put("/v1/learners/cyd", json={})
    answer = everywhere.post("/v1/rules/trials", json=EXCLUDE)
    assert answer.status_code == 200
    assert answer.json() == {
        "n_learners": 3,
        "n_asked": 3,
        "n_holds": 1,
        "n_unknown": 1,
        "examples": ["ada"],
    }
    assert everywhere.get("/v1/rules").json()["items"] == []


def test_a_trial_reads_histories_where_the_condition_speaks_of_them(academy):
    academy.put("/v1/learners/ada", json=ADA)
    academy.put("/v1/learners/bob", json=ADA)
    done = {"module_id": "counting-1", "event": "completed", "at": "2026-03-01T09:00:00Z"}
    academy.post("/v1/events", json={"events": [{"learner_id": "bob", **done}]})
    body = {"when": '"counting-1" in done && mastery["counting"] >= 0.0', "then": EXCLUDE["then"]}
    trial = academy.post("/v1/rules/trials", json=body).json()
    assert (trial["n_holds"], trial["examples"]) == (1, ["bob"])


@pytest.mark.parametrize(("when", "n_asked"), [("true", 2), ('"counting-1" in done || true', 1)])
def test_a_trial_asks_learners_spread_evenly_where_they_are_too_many(
    academy, monkeypatch, when, n_asked
):
    monkeypatch.setattr(rules, "MOST_PROFILES", 2)
    monkeypatch.setattr(rules, "MOST_HISTORIES", 1)
    for name in ("ada", "bob", "cyd"):
        academy.put(f"/v1/learners/{name}", json=ADA)
    trial = academy.post("/v1/rules/trials", json={**EXCLUDE, "when": when}).json()
    assert (trial["n_learners"], trial["n_asked"]) == (3, n_asked)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"when": "learner.x =="}, "when", "cannot be read as CEL"),
        ({"when": ""}, "when", "at least 1 character"),
        ({"then": {}}, "then", "must assign, require, exclude or boost"),
        ({"then": {"exclude": ["a"], "due_in_days": 3}}, "then", "goes with assign"),
        ({"then": {"boost": ["a"], "strength": 1.5}}, "then.strength", "less than or equal"),
        ({"colour": "red"}, "colour", "not permitted"),
    ],
)
def test_a_rule_that_says_nothing_clear_is_refused_by_field(academy, change, field, words):
    answer = academy.put("/v1/rules/r", json={**EXCLUDE, **change})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert words in error["detail"]


def test_a_rule_on_modules_nobody_knows_is_refused_by_name(everywhere):
    answer = everywhere.put(
        "/v1/rules/r", json={"when": "true", "then": {"boost": ["ghost", "counting-1"]}}
    )
    assert answer.status_code == 404
    assert "modules that do not exist: counting-1, ghost" in answer.json()["detail"]
    assert everywhere.get("/v1/rules/r").status_code == 404


def test_rules_go_with_everything_else_at_once(client):
    body = {
        "modules": [{"module_id": "a"}],
        "rules": [{"rule_id": "r", "when": "true", "then": {"boost": ["a"]}}],
    }
    assert client.post("/v1/catalogue", json=body).json()["rules"] == 1
    assert client.get("/v1/rules/r").status_code == 200
