"""Policies: kept whole, numbered, never rewritten, and refused by the name of what is wrong."""

import pytest

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
    ("weights", "fields", "words"),
    [
        ({"gap": 0.9}, ["weights"], "sum to 0.9: they must sum to 1"),
        ({"gap": 0.7, "fit": 0.5}, ["weights"], "they must sum to 1"),
        ({}, ["weights"], "sum to 0: they must sum to 1"),
        ({"luck": 1}, ["weights"], "luck: not a term; terms are gap, fit, affinity"),
        ({"gap": 1, "luck": 0, "fate": 0}, ["weights"], "fate, luck: not a term"),
        ({"gap": -1, "fit": 2}, ["weights.gap", "weights.fit"], "greater than or equal to 0"),
        ({"gap": "1"}, ["weights.gap"], "valid number"),
        ({"gap": True}, ["weights.gap"], "valid number"),
        ([], ["weights"], "valid dictionary"),
    ],
)
def test_weights_that_are_no_shares_are_refused_by_name(client, weights, fields, words):
    requests = {
        "": client.put("/v1/policies/p", json={"weights": weights}),
        "policies.0.": client.post(
            "/v1/catalogue", json={"policies": [{"policy_id": "p", "weights": weights}]}
        ),
        "policy.": client.post(
            "/v1/recommendations", json={"learner_id": "ada", "policy": {"weights": weights}}
        ),
    }
    for prefix, answer in requests.items():
        assert answer.status_code == 422
        errors = answer.json()["errors"]
        assert [each["field"] for each in errors] == [prefix + field for field in fields]
        assert words in errors[0]["detail"]
    assert client.get("/v1/policies/p").status_code == 404


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"snapshot": "challenger"}, ["snapshot"]),
        ({"exploration": 2, "diversity": -1}, ["diversity", "exploration"]),
        ({"p_target": 1, "p_width": 0}, ["p_target", "p_width"]),
        ({"refresher_cooldown_days": -1, "version": ""}, ["refresher_cooldown_days", "version"]),
        ({"weighs": {"gap": 1}}, ["weighs"]),
    ],
)
def test_malformed_policies_are_refused_field_by_field(client, body, fields):
    answer = client.put("/v1/policies/p", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == fields


def test_weights_may_miss_one_by_a_rounding(client):
    thirds = {"gap": 0.3333333, "fit": 0.3333333, "affinity": 0.3333333}
    assert client.put("/v1/policies/p", json={"weights": thirds}).status_code == 200
