"""Learners, what they owe, where they stand; export and erasure."""

import pytest

LEARNER = {
    "role_id": "clerk",
    "goal_role_id": "analyst",
    "department": "Finance",
    "location": "Ghent",
    "hired_at": "2020-02-29T00:00:00Z",
    "language": "nl",
    "manager_id": "grace",
    "needs": ["captions"],
    "mentor": True,
    "personalised": True,
    "cost_centre": "4711",
}
EVENT = {
    "event_id": "e1",
    "learner_id": "ada",
    "module_id": "counting-1",
    "event": "passed",
    "at": "2026-03-01T09:00:00Z",
}


def test_a_learner_is_kept_with_attributes_of_ones_own(everywhere):
    for _ in range(2):
        answer = everywhere.put("/v1/learners/ada", json=LEARNER)
        assert answer.status_code == 200
        assert answer.json() == {"learner_id": "ada", **LEARNER}
    assert everywhere.get("/v1/learners/ada").json() == {"learner_id": "ada", **LEARNER}
    assert everywhere.get("/v1/learners").json()["items"] == [{"learner_id": "ada", **LEARNER}]


def test_attributes_are_kept_as_text(client):
    body = {"grade": 7, "ratio": 0.1, "remote": True, "gone": None, "plain": "x"}
    stored = client.put("/v1/learners/ada", json=body).json()
    assert {name: stored.get(name) for name in body} == {
        "grade": "7",
        "ratio": "0.1",
        "remote": "true",
        "gone": None,
        "plain": "x",
    }
    assert "gone" not in stored


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"nested": {"a": 1}}, {"nested"}),
        ({"mentor": "yes", "role_id": 7}, {"mentor", "role_id"}),
        ({"hired_at": "2020-01-01"}, {"hired_at"}),
        ({"needs": ["", 3]}, {"needs.0", "needs.1"}),
        ({"x": "a\x00"}, {"x"}),
        ({"": "unnamed"}, {"body"}),
        ({"x": "y" * 1001}, {"x"}),
        ({f"a{i}": "x" for i in range(101)}, {"body"}),
    ],
)
def test_malformed_learners_are_refused_field_by_field(client, body, fields):
    answer = client.put("/v1/learners/ada", json=body)
    assert answer.status_code == 422
    assert {each["field"] for each in answer.json()["errors"]} == fields


def test_a_stranger_is_not_found(client):
    for path in ("", "/skills", "/export"):
        assert client.get(f"/v1/learners/nobody{path}").status_code == 404


def test_one_whom_only_events_name_has_nothing_but_the_id(client):
    client.post("/v1/events", json={"events": [EVENT]})
    stored = client.get("/v1/learners/ada").json()
    said = {name: value for name, value in stored.items() if value}
    assert said == {"learner_id": "ada", "personalised": True}


def test_what_a_learner_owes_is_kept(client):
    owed = {"due_at": "2027-01-31T23:59:59Z", "reason": "law"}
    for _ in range(2):
        answer = client.put("/v1/assignments/ada/fire%2Fsafety", json=owed)
        assert answer.json() == {"learner_id": "ada", "module_id": "fire/safety", **owed}
    assert client.get("/v1/assignments/ada/fire%2Fsafety").json() == answer.json()
    client.put("/v1/assignments/ada/beta", json={})
    page = client.get("/v1/assignments/ada", params={"limit": 1}).json()
    assert [each["module_id"] for each in page["items"]] == ["beta"]
    rest = client.get("/v1/assignments/ada", params={"after": page["next"]}).json()
    assert [each["module_id"] for each in rest["items"]] == ["fire/safety"]
    assert client.get("/v1/assignments/ada/none").status_code == 404


def test_an_overdue_assignment_leads_the_slate(academy):
    academy.put("/v1/assignments/ada/counting-3", json={"due_at": "2026-01-01T00:00:00Z"})
    item = academy.post("/v1/recommendations", json={"learner_id": "ada"}).json()["items"][0]
    assert (item["module_id"], item["tier"]) == ("counting-3", 0)


def test_skills_are_told_as_at_an_instant(academy):
    earlier, later = "2026-02-28T00:00:00Z", "2026-03-02T00:00:00Z"
    assert academy.put("/v1/learners/ada", json=LEARNER).status_code == 200
    academy.post("/v1/events", json={"events": [EVENT]})
    path = "/v1/learners/ada/skills"
    before, after = (academy.get(path, params={"as_of": at}).json() for at in (earlier, later))
    assert (before["as_of"], after["as_of"]) == (earlier, later)
    assert all(each["last_evidence_at"] is None for each in before["skills"])
    assert any(each["last_evidence_at"] == EVENT["at"] for each in after["skills"])


@pytest.mark.parametrize("as_of", ["2999-01-01T00:00:00Z", "yesterday"])
def test_skills_as_at_no_instant_of_the_past_are_refused(client, as_of):
    answer = client.get("/v1/learners/ada/skills", params={"as_of": as_of})
    assert answer.status_code == 422
    assert "as_of" in answer.json()["errors"][0]["field"]


def test_skills_tell_mastery_target_and_gap(academy):
    academy.put("/v1/learners/ada", json={"role_id": "clerk"})
    answer = academy.get("/v1/learners/ada/skills")
    assert answer.status_code == 200
    standings = {each["skill_id"]: each for each in answer.json()["skills"]}
    assert set(standings) == {"counting", "judging"}
    counting = standings["counting"]
    assert counting["target"] == 0.8
    assert counting["gap"] == max(0.8 - counting["mastery"], 0.0)
    assert counting["standard_error"] > 0


def test_the_export_holds_everything(everywhere):
    everywhere.put("/v1/learners/ada", json=LEARNER)
    everywhere.post("/v1/events", json={"events": [EVENT, EVENT]})
    everywhere.put("/v1/assignments/ada/m", json={"reason": "law"})
    given = everywhere.post("/v1/recommendations", json={"learner_id": "ada"}).json()
    held = everywhere.get("/v1/learners/ada/export").json()
    assert [event["event_id"] for event in held["events"]] == ["e1"]
    assert held["profile"]["attributes"] == {"cost_centre": "4711"}
    assert [each["reason"] for each in held["assignments"]] == ["law"]
    assert [each["recommendation_id"] for each in held["recommendations"]] == [
        given["recommendation_id"]
    ]


def test_the_export_tells_what_was_done_to_a_learner(client):
    client.put("/v1/learners/ada", json={"personalised": False})
    client.get("/v1/learners/ada/export")
    acts = client.get("/v1/learners/ada/export").json()["audit"]
    assert [act["action"] for act in acts] == ["learner.personalise", "learner.export"]


def test_nothing_is_left_of_an_erased_learner(everywhere):
    everywhere.put("/v1/learners/ada", json=LEARNER)
    everywhere.post("/v1/events", json={"events": [EVENT]})
    given = everywhere.post("/v1/recommendations", json={"learner_id": "ada"}).json()
    for _ in range(2):
        answer = everywhere.delete("/v1/learners/ada")
        assert answer.status_code == 200
        assert answer.json()["learner_id"] == "ada"
    for path in ("learners/ada", "learners/ada/export", "learners/ada/skills"):
        assert everywhere.get(f"/v1/{path}").status_code == 404
    path = f"/v1/recommendations/{given['recommendation_id']}"
    assert everywhere.get(path).status_code == 404
    trail = everywhere.get("/v1/audit")
    assert "ada" not in trail.text
    assert [act["action"] for act in trail.json()["items"]][-2:] == ["learner.erase"] * 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/learners/ada", {}),
        ("PUT", "/v1/assignments/ada/m", {}),
        ("POST", "/v1/recommendations", {"learner_id": "ada"}),
        ("POST", "/v1/recommendations", {"learner_id": "ada", "policy": {"weights": {"fit": 1}}}),
        (
            "POST",
            "/v1/recommendations",
            {"learner_id": "ada", "context": {"as_of": "2026-01-01T00:00:00Z"}},
        ),
        ("POST", "/v1/catalogue", {"learners": [{"learner_id": "ada"}]}),
    ],
)
def test_an_erased_learner_stays_gone(client, method, path, body):
    client.delete("/v1/learners/ada")
    answer = client.request(method, path, json=body)
    assert answer.status_code == 410
    assert answer.json()["type"] == "urn:waymark:problem:erased"


def test_erasing_and_exporting_are_audited(client):
    client.put("/v1/learners/ada", json={})
    client.get("/v1/learners/ada/export")
    client.delete("/v1/learners/ada")
    acts = client.get("/v1/audit").json()["items"]
    assert [act["action"] for act in acts] == ["learner.export", "learner.erase"]
