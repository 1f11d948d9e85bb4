"""Pathways and journeys over the API."""

import pytest
from service_runs import fill

PATHWAY = {
    "title": "To clerk",
    "goal": {"role_id": "clerk"},
    "steps": [
        {
            "step_id": "first",
            "module_id": "counting-1",
            "milestone": {"badge": "counter", "title": "Counter"},
        },
        {"step_id": "second", "any_of": ["counting-2", "counting-3"], "requires": ["first"]},
    ],
    "entry_points": [{"step_id": "first"}],
}
DONE = {"learner_id": "ada", "module_id": "counting-1", "event": "completed"}


def changed(**fields):
    return {**PATHWAY, **fields}


def ready(client):
    fill(client)
    client.put("/v1/learners/ada", json={"role_id": "clerk"})
    assert client.put("/v1/pathways/p", json=PATHWAY).status_code == 200


def test_a_pathway_is_kept_and_listed(academy):
    answer = academy.put("/v1/pathways/p", json=PATHWAY)
    assert answer.status_code == 200
    stored = answer.json()
    assert stored["steps"][0] == {
        "step_id": "first",
        "module_id": "counting-1",
        "any_of": ["counting-1"],
        "optional": False,
        "requires": [],
        "when": None,
        "milestone": {"badge": "counter", "title": "Counter"},
    }
    assert stored["steps"][1]["module_id"] is None
    assert academy.get("/v1/pathways/p").json() == stored
    assert academy.put("/v1/pathways/p", json=stored).json() == stored
    assert academy.get("/v1/pathways").json() == {"items": [stored], "next": None}


def test_the_id_stands_in_for_a_title(academy):
    body = {name: value for name, value in PATHWAY.items() if name != "title"}
    assert academy.put("/v1/pathways/p", json=body).json()["title"] == "p"


def test_a_journey_moves_with_the_very_next_event(everywhere):
    ready(everywhere)
    (before,) = everywhere.get("/v1/learners/ada/journey").json()["pathways"]
    assert [each["step_id"] for each in before["next"]] == ["first"]
    assert [each["step_id"] for each in before["locked"]] == ["second"]
    events = {"events": [{**DONE, "at": "2026-03-01T09:00:00Z"}]}
    assert everywhere.post("/v1/events", json=events).json()["accepted"] == 1
    journey = everywhere.get("/v1/learners/ada/journey").json()
    (after,) = journey["pathways"]
    assert [each["step_id"] for each in after["done"]] == ["first"]
    assert after["next"] == [
        {"step_id": "second", "module_ids": ["counting-2", "counting-3"], "optional": False}
    ]
    assert after["milestones"][0]["earned_at"] == "2026-03-01T09:00:00Z"
    assert after["projected"]["low_days"] < after["projected"]["high_days"]


def test_an_earned_milestone_is_a_badge_an_issuer_can_take_up(academy):
    ready(academy)
    assert academy.get("/v1/learners/ada/journey").json()["badges"] == []
    events = {"events": [{**DONE, "at": "2026-03-01T09:00:00Z"}]}
    academy.post("/v1/events", json=events)
    (badge,) = academy.get("/v1/learners/ada/journey").json()["badges"]
    assert badge["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert badge["validFrom"] == "2026-03-01T09:00:00Z"
    subject = badge["credentialSubject"]
    assert subject["achievement"]["id"] == "urn:waymark:badge:counter"
    assert subject["identifier"][0]["identityHash"] == "ada"


def test_recommendations_follow_the_pathway(academy):
    ready(academy)
    answer = academy.post("/v1/recommendations", json={"learner_id": "ada", "limit": 9}).json()
    assert [each["module_id"] for each in answer["items"]] == ["counting-1"]
    assert {each["code"] for each in answer["withheld"]} >= {"pathway_step"}


def test_nobody_has_no_journey(academy):
    assert academy.get("/v1/learners/nobody/journey").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (changed(goal={}), 422, "give one of role_id, skill_ids, certificate"),
        (changed(goal={"role_id": "a", "certificate": "b"}), 422, "give one of"),
        (changed(steps=[{"step_id": "a"}]), 422, "give either module_id or any_of"),
        (
            changed(steps=[{"step_id": "a", "module_id": "counting-1", "any_of": ["counting-2"]}]),
            422,
            "any_of names other modules",
        ),
        (changed(steps=[]), 422, "at least 1 item"),
        (changed(entry_points=[{"step_id": "x"}]), 422, "an entry point names 'x'"),
        (
            changed(
                steps=[
                    {"step_id": "a", "module_id": "counting-1", "requires": ["b"]},
                    {"step_id": "b", "module_id": "counting-2", "requires": ["a"]},
                ],
                entry_points=[],
            ),
            409,
            "a → b → a",
        ),
        (
            changed(steps=[{"step_id": "first", "any_of": ["ghost", "counting-1"]}]),
            404,
            "modules that do not exist: ghost",
        ),
        (
            changed(steps=[{"step_id": "first", "module_id": "counting-1", "when": "1 +"}]),
            422,
            "cannot be read as CEL",
        ),
    ],
)
def test_a_pathway_nobody_can_walk_is_refused_by_name(academy, body, status, words):
    answer = academy.put("/v1/pathways/p", json=body)
    assert answer.status_code == status
    problem = answer.json()
    told = [problem["detail"], *(each["detail"] for each in problem.get("errors", []))]
    assert any(words in each for each in told)
    assert academy.get("/v1/pathways/p").status_code == 404


def test_pathways_go_with_everything_else_at_once(client):
    body = {
        "modules": [{"module_id": "a"}],
        "pathways": [
            {
                "pathway_id": "p",
                "title": "P",
                "goal": {"certificate": "C"},
                "steps": [{"step_id": "s", "module_id": "a"}],
            }
        ],
    }
    assert client.post("/v1/catalogue", json=body).json()["pathways"] == 1
    assert client.get("/v1/pathways/p").json()["goal"] == {"certificate": "C"}


def test_learners_on_a_pathway_are_ranked_by_its_policy(academy):
    academy.put("/v1/learners/ada", json={"role_id": "clerk"})
    careful = {"policies": [{"policy_id": "careful", "version": "4", "weights": {"fit": 1}}]}
    pathway = changed(pathway_id="p", policy_id="careful")
    together = academy.post("/v1/catalogue", json={"pathways": [pathway], **careful})
    assert together.status_code == 200
    assert academy.get("/v1/pathways/p").json()["policy_id"] == "careful"
    answer = academy.post("/v1/recommendations", json={"learner_id": "ada"}).json()
    assert (answer["policy_id"], answer["policy_version"]) == ("careful", "4")
    back = academy.get(f"/v1/recommendations/{answer['recommendation_id']}").json()
    assert back["policy"]["weights"]["fit"] == 1
    dry_run = {"learner_id": "ada", "policy": {"weights": {"gap": 1}}}
    assert academy.post("/v1/recommendations", json=dry_run).json()["policy_id"] == "dry-run"


def test_a_pathway_that_names_an_unknown_policy_is_refused(academy):
    answer = academy.put("/v1/pathways/p", json=changed(policy_id="nowhere"))
    assert answer.status_code == 404
    assert "nowhere" in answer.json()["detail"]
    assert academy.get("/v1/pathways/p").status_code == 404
