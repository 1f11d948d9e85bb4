"""Pathways, rules and policies."""

import pytest

STEP = {
    "step_id": "basics",
    "any_of": ["m1"],
    "optional": False,
    "requires": [],
    "when": None,
    "milestone": {"badge": "start", "title": "Off you go"},
}
PATHWAY = {
    "title": "From clerk to analyst",
    "goal": {"role_id": "analyst"},
    "steps": [
        STEP,
        {**STEP, "step_id": "more", "any_of": ["m2", "m3"], "requires": ["basics"]},
    ],
    "entry_points": [{"step_id": "more", "when": 'learner.role == "clerk"'}],
    "version": "2",
}
RULE = {
    "when": 'learner.department == "finance"',
    "then": {
        "assign": ["m1"],
        "require": [],
        "exclude": ["m2"],
        "boost": ["m3"],
        "due_in_days": 30.0,
        "strength": 0.5,
    },
    "active": False,
    "priority": 3,
}
POLICY = {
    "version": "7",
    "weights": {"gap": 0.5, "fit": 0.5},
    "p_target": 0.8,
    "p_width": 0.2,
    "diversity": 0.0,
    "exploration": 0.1,
    "refresher_cooldown_days": 10.0,
    "snapshot": "champion",
}


@pytest.mark.parametrize(
    ("kind", "key", "body"),
    [("pathways", "pathway_id", PATHWAY), ("rules", "rule_id", RULE)],
)
def test_what_was_put_is_answered_got_and_listed(client, kind, key, body):
    for _ in range(2):
        answer = client.put(f"/v1/{kind}/x", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {key: "x", **body}
    assert client.get(f"/v1/{kind}/x").json() == {key: "x", **body}
    assert client.get(f"/v1/{kind}").json()["items"] == [{key: "x", **body}]


def test_a_policy_keeps_every_weight(client):
    answer = client.put("/v1/policies/default", json=POLICY)
    assert answer.status_code == 200
    stored = answer.json()
    assert {name: weight for name, weight in stored.pop("weights").items() if weight} == {
        "gap": 0.5,
        "fit": 0.5,
    }
    rest = {name: value for name, value in POLICY.items() if name != "weights"}
    assert stored == {"policy_id": "default", **rest}
    assert client.get("/v1/policies/default").json() == answer.json()
    assert client.get("/v1/policies").json()["items"] == [answer.json()]


def test_a_version_of_a_policy_is_never_rewritten(everywhere):
    everywhere.put("/v1/policies/default", json=POLICY)
    assert everywhere.put("/v1/policies/default", json=POLICY).status_code == 200
    other = {**POLICY, "exploration": 0.5}
    answer = everywhere.put("/v1/policies/default", json=other)
    assert answer.status_code == 409
    assert everywhere.put("/v1/policies/default", json={**other, "version": "8"}).status_code == 200


def test_policies_without_a_version_are_numbered(client):
    def put(**fields):
        return client.put("/v1/policies/p", json=fields).json()["version"]

    assert put(exploration=0.1) == "1"
    assert put(exploration=0.1) == "1"
    assert put(exploration=0.2) == "2"


def test_a_named_version_has_no_next_number(client):
    client.put("/v1/policies/p", json={"version": "spring"})
    answer = client.put("/v1/policies/p", json={"exploration": 0.9})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["version"]


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("policies/p", {"weights": {"gap": 0.9}}, ["weights"]),
        ("policies/p", {"weights": {"gap": -1, "fit": 2}}, ["weights.gap", "weights.fit"]),
        ("policies/p", {"weights": {"luck": 1}}, ["weights"]),
        ("policies/p", {"snapshot": "challenger"}, ["snapshot"]),
        ("policies/p", {"exploration": 2, "diversity": -1}, ["diversity", "exploration"]),
        ("rules/r", {"when": "true"}, ["then"]),
        ("rules/r", {"when": "", "then": {"boost": ["m"]}}, ["when"]),
        ("rules/r", {"when": "true", "then": {}}, ["then"]),
        ("rules/r", {"when": "true", "then": {"boost": [""]}}, ["then.boost.0"]),
        ("pathways/p", {"title": "t", "goal": {"role_id": "r"}, "steps": []}, ["steps"]),
        ("pathways/p", {**PATHWAY, "goal": {}}, ["goal"]),
        ("pathways/p", {**PATHWAY, "goal": {"role_id": "r", "certificate": "c"}}, ["goal"]),
        ("pathways/p", {**PATHWAY, "steps": [STEP, STEP]}, ["body"]),
        ("pathways/p", {**PATHWAY, "steps": [{**STEP, "requires": ["gone"]}]}, ["body"]),
        ("pathways/p", {**PATHWAY, "steps": [{"step_id": "empty"}]}, ["steps.0"]),
        (
            "pathways/p",
            {**PATHWAY, "steps": [{"step_id": "s", "module_id": "m", "any_of": ["n"]}]},
            ["steps.0"],
        ),
    ],
)
def test_malformed_bodies_are_refused_field_by_field(client, path, body, fields):
    answer = client.put(f"/v1/{path}", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == fields


def test_steps_must_not_wait_for_each_other(client):
    steps = [
        {"step_id": "a", "module_id": "m", "requires": ["b"]},
        {"step_id": "b", "module_id": "n", "requires": ["a"]},
    ]
    body = {"title": "t", "goal": {"skill_ids": ["s"]}, "steps": steps}
    answer = client.put("/v1/pathways/p", json=body)
    assert answer.status_code == 422
    assert "loop" in answer.json()["errors"][0]["detail"]


def test_one_module_of_a_step_may_be_named_alone(client):
    body = {
        "title": "t",
        "goal": {"certificate": "CPA"},
        "steps": [{"step_id": "s", "module_id": "m"}],
    }
    assert client.put("/v1/pathways/p", json=body).json()["steps"][0]["any_of"] == ["m"]
