"""Pre-assessments over the API."""

import pytest

SKILLS = ["adding", "dividing"]
CATALOGUE = {
    "skills": [{"skill_id": skill} for skill in SKILLS],
    "skill_edges": [{"skill_id": "adding", "precedes_skill_id": "dividing"}],
    "modules": [
        {
            "module_id": f"{skill}-q{place}",
            "kind": "question",
            "difficulty": place / 20,
            "skills": [{"skill_id": skill}],
        }
        for skill in SKILLS
        for place in range(1, 20)
    ]
    + [
        {
            "module_id": f"{skill}-{level}",
            "difficulty": level / 10,
            "skills": [{"skill_id": skill}],
        }
        for skill in SKILLS
        for level in (1, 5, 9)
    ]
    + [
        {
            "module_id": "law",
            "mandatory": True,
            "difficulty": 0.1,
            "skills": [{"skill_id": "adding"}],
        }
    ],
    "roles": [
        {"role_id": "clerk", "requirements": [{"skill_id": s, "target": 0.7} for s in SKILLS]}
    ],
    "pathways": [
        {
            "pathway_id": "to-clerk",
            "title": "To clerk",
            "goal": {"role_id": "clerk"},
            "steps": [
                {"step_id": "easy", "module_id": "adding-1"},
                {"step_id": "hard", "module_id": "adding-9", "requires": ["easy"]},
            ],
        }
    ],
}


def fill(client):
    assert client.post("/v1/catalogue", json=CATALOGUE).status_code == 200
    client.put("/v1/learners/ada", json={"role_id": "clerk"})


def begin(client, **fields):
    answer = client.post("/v1/assessments", json={"learner_id": "ada", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def reply(client, standing, **how):
    path = f"/v1/assessments/{standing['assessment_id']}/answers"
    body = {"module_id": standing["next"]["module_id"], **how}
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sit(client, ability, **fields):
    """Answer rightly what lies below an ability; return every standing."""
    standings = [begin(client, **fields)]
    while not standings[-1]["done"]:
        asked = standings[-1]["next"]["module_id"]
        difficulty = int(asked.split("-q")[1]) / 20
        standings.append(reply(client, standings[-1], success=difficulty < ability))
    return standings


def test_an_assessment_finds_the_level_and_skips_what_is_known(everywhere):
    fill(everywhere)
    *_, last = sit(everywhere, ability=0.72, role_id="clerk", max_questions=40)
    assert set(last["levels"]) == set(SKILLS)
    for each in last["levels"].values():
        assert each["level"] == pytest.approx(0.72 - 1.1 / 6, abs=0.15)
    assert set(last["waived"]) >= {"adding-1", "dividing-1"}
    assert not {"adding-9", "dividing-9", "law"} & set(last["waived"])
    assert last["entry_points"] == [{"pathway_id": "to-clerk", "step_ids": ["hard"]}]
    held = everywhere.get("/v1/learners/ada/export").json()
    assert {each["source"] for each in held["evidence"]} == {"assessment"}
    assert {each["module_id"] for each in held["events"]} == set(last["waived"])
    assert len(held["assessments"]) == 1
    answer = everywhere.post("/v1/recommendations", json={"learner_id": "ada", "limit": 20}).json()
    assert not set(last["waived"]) & {each["module_id"] for each in answer["items"]}


def test_no_question_is_asked_twice_and_only_questions_are(client):
    fill(client)
    standings = sit(client, ability=0.4, skill_ids=SKILLS, max_questions=12)
    asked = [each["next"]["module_id"] for each in standings if each["next"]]
    assert len(set(asked)) == len(asked) == 12
    assert all("-q" in each for each in asked)
    assert {each.split("-")[0] for each in asked} == set(SKILLS)


def test_doubt_shrinks_until_the_goal(client):
    fill(client)
    standings = sit(client, ability=0.5, skill_ids=["adding"], standard_error=0.7)
    doubts = [each["levels"]["adding"]["standard_error"] for each in standings]
    assert doubts[-1] * 6 <= 0.7 < doubts[-2] * 6
    assert standings[-1]["done"]


def test_an_answer_given_twice_changes_nothing(everywhere):
    fill(everywhere)
    first = begin(everywhere, skill_ids=["adding"], max_questions=1)
    last = reply(everywhere, first, success=True)
    assert last["done"]
    assert reply(everywhere, first, success=False) == last
    path = f"/v1/assessments/{first['assessment_id']}"
    assert everywhere.get(path).json() == last
    held = everywhere.get("/v1/learners/ada/export").json()
    assert len(held["evidence"]) == 1


def test_a_score_counts_as_part_of_a_success(client):
    fill(client)
    levels = []
    for score in (0.0, 0.5, 1.0):
        last = reply(client, begin(client, skill_ids=["adding"], max_questions=1), score=score)
        levels.append(last["levels"]["adding"]["level"])
    assert levels == sorted(levels)


def test_a_question_that_is_not_open_is_refused(client):
    fill(client)
    first = begin(client, skill_ids=["adding"])
    path = f"/v1/assessments/{first['assessment_id']}/answers"
    answer = client.post(path, json={"module_id": "dividing-q3", "success": True})
    assert answer.status_code == 409
    assert "is open" in answer.json()["detail"]


def test_nothing_to_ask_ends_at_once_and_leaves_no_evidence(client):
    client.put("/v1/modules/lesson", json={"skills": [{"skill_id": "weaving"}]})
    standing = begin(client, skill_ids=["weaving"])
    assert (standing["next"], standing["done"], standing["waived"]) == (None, True, [])
    assert client.get("/v1/learners/ada/export").json()["evidence"] == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"skill_ids": ["magic"]}, 404, "magic: no such skill"),
        ({"role_id": "wizard"}, 404, "wizard"),
        ({}, 422, "give either skill_ids or role_id"),
        ({"skill_ids": ["adding"], "role_id": "clerk"}, 422, "give either"),
    ],
)
def test_what_cannot_be_assessed_is_refused(client, body, status, words):
    fill(client)
    answer = client.post("/v1/assessments", json={"learner_id": "ada", **body})
    assert answer.status_code == status
    problem = answer.json()
    told = [problem["detail"], *(each["detail"] for each in problem.get("errors", []))]
    assert any(words in each for each in told)


def test_an_unknown_assessment_is_not_there(client):
    answer = client.post("/v1/assessments/none/answers", json={"module_id": "m", "success": True})
    assert answer.status_code == 404


def test_an_erased_learner_is_not_assessed(everywhere):
    fill(everywhere)
    first = begin(everywhere, skill_ids=["adding"])
    everywhere.delete("/v1/learners/ada")
    path = f"/v1/assessments/{first['assessment_id']}"
    assert everywhere.get(path).status_code == 404
    answer = everywhere.post("/v1/assessments", json={"learner_id": "ada", "skill_ids": ["adding"]})
    assert answer.status_code == 410
