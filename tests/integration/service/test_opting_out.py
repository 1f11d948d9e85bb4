"""A learner opts out of personalisation: what they are served, and what keeps their choice."""

from service_runs import bearer, make_key


def choose(client, personalised):
    answer = client.put("/v1/learners/ada", json={"role_id": "clerk", "personalised": personalised})
    assert answer.status_code == 200, answer.text


def send(client, learner_id, module_id):
    row = {
        "learner_id": learner_id,
        "module_id": module_id,
        "event": "viewed",
        "at": "2026-03-01T09:00:00Z",
    }
    assert client.post("/v1/events", json={"events": [row]}).json()["accepted"] == 1


def ask(client, learner_id="ada", **fields):
    answer = client.post("/v1/recommendations", json={"learner_id": learner_id, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_answers_are_those_of_the_role_and_are_recorded_as_such(academy):
    choose(academy, False)
    academy.put("/v1/learners/grace", json={"role_id": "clerk", "personalised": False})
    send(academy, "ada", "counting-3")
    hers, anybodys = ask(academy, limit=5), ask(academy, "grace", limit=5)
    assert hers["items"] == anybodys["items"]
    assert (hers["personalised"], hers["policy_id"], hers["recorded"]) == (
        False,
        "impersonal",
        True,
    )
    read = academy.get(f"/v1/recommendations/{hers['recommendation_id']}").json()
    assert read["personalised"] is False
    choose(academy, True)
    assert ask(academy)["personalised"] is True


def test_describing_a_learner_anew_keeps_their_choice(everywhere):
    choose(everywhere, False)
    described = everywhere.put("/v1/learners/ada", json={"department": "Finance"}).json()
    assert (described["department"], described["personalised"]) == ("Finance", False)
    everywhere.post("/v1/catalogue", json={"learners": [{"learner_id": "ada"}]})
    assert everywhere.get("/v1/learners/ada").json()["personalised"] is False
    acts = [act for act in everywhere.get("/v1/audit").json()["items"] if act["subject"] == "ada"]
    assert [(act["action"], act["detail"]) for act in acts] == [
        ("learner.personalise", {"personalised": False})
    ]


def test_a_dry_run_uses_its_policy_and_still_not_the_past(academy):
    choose(academy, False)
    answer = ask(academy, policy={"weights": {"gap": 1}})
    assert (answer["policy_id"], answer["personalised"]) == ("dry-run", False)


def test_the_policy_for_those_who_opt_out_cannot_be_written(client, settings):
    headers = bearer(make_key(settings.database_url, "catalogue"))
    answer = client.put("/v1/policies/impersonal", json={"weights": {"fit": 1}}, headers=headers)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["policy_id"]
