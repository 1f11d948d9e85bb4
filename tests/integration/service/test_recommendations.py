"""Asking, reading back, and saying what became of it."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from service_runs import bearer, fill, make_key
from sqlalchemy import create_engine, text, update

from features.store.tables import recommendations


def ask(client, learner_id="ada", **fields):
    answer = client.post("/v1/recommendations", json={"learner_id": learner_id, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def send(client, *events):
    rows = [{"at": "2026-03-01T09:00:00Z", **event} for event in events]
    answer = client.post("/v1/events", json={"events": rows})
    assert answer.json()["rejected"] == []


GREEDY = {"exploration": 0, "diversity": 0}


def test_contributions_sum_to_the_score(academy):
    items = ask(academy, limit=5, context={"goal": {"role_id": "clerk"}})["items"]
    assert len(items) == 3  # judging-1 is locked, quiz is a question
    for item in items:
        assert math.isclose(sum(item["contributions"].values()), item["score"], abs_tol=1e-12)


def test_every_place_of_the_slate_says_why(academy):
    items = ask(academy, limit=3)["items"]
    assert [item["rank"] for item in items] == [1, 2, 3]
    assert all(item["reasons"] and item["reasons"][0]["text"] for item in items)


def test_a_locked_module_is_withheld_with_what_opens_it(academy):
    withheld = ask(academy, context={"goal": {"role_id": "clerk"}})["withheld"]
    assert [(each["module_id"], each["needs"]) for each in withheld] == [
        ("judging-1", ["counting-1"])
    ]


def test_one_module_is_recommended_where_no_limit_is_given(academy):
    assert len(ask(academy)["items"]) == 1


def test_an_event_changes_the_very_next_answer(everywhere):
    fill(everywhere)
    first = ask(everywhere, limit=5)
    done = first["items"][0]["module_id"]
    send(everywhere, {"learner_id": "ada", "module_id": done, "event": "completed"})
    assert done not in [item["module_id"] for item in ask(everywhere, limit=5)["items"]]


def test_a_change_of_the_catalogue_shows_in_the_very_next_answer(client):
    fill(client)
    ask(client)
    client.put("/v1/modules/new", json={"title": "Brand new"})
    assert "new" in [item["module_id"] for item in ask(client, limit=10)["items"]]


def test_excluded_modules_are_not_recommended(academy):
    context = {"exclude": ["counting-1", "counting-2"]}
    answer = ask(academy, limit=5, context=context)
    assert [item["module_id"] for item in answer["items"]] == ["counting-3"]


def test_a_learner_never_seen_is_served(academy):
    answer = ask(academy, learner_id="nobody has met me / ünïcode %")
    assert answer["items"]
    assert answer["recommendation_id"]


def test_an_empty_catalogue_is_said_and_is_no_error(client):
    answer = ask(client)
    assert answer["items"] == []
    assert "the catalogue is empty" in answer["degraded"]


def test_a_missing_model_is_said(academy):
    answer = ask(academy)
    assert answer["degraded"].startswith("no model yet")
    assert answer["snapshot_version"] is None


def test_an_answer_is_read_back_as_it_was_given(everywhere):
    fill(everywhere)
    given = ask(everywhere, limit=2, context={"available_minutes": 15, "formats": ["video"]})
    back = everywhere.get(f"/v1/recommendations/{given['recommendation_id']}").json()
    assert {name: back[name] for name in given} == given
    assert back["context"]["available_minutes"] == 15
    assert back["context"]["formats"] == ["video"]
    assert back["policy"]["policy_id"] == "default"
    assert back["feedback"] == []


def test_candidates_are_kept_with_their_terms(academy):
    given = ask(academy, limit=1)
    back = academy.get(f"/v1/recommendations/{given['recommendation_id']}").json()
    best = back["candidates"][0]
    assert {"module_id", "tier", "score", "p_first", "terms"} <= set(best)
    assert sorted(each["module_id"] for each in back["candidates"]) == [
        "counting-1",
        "counting-2",
        "counting-3",
    ]
    assert math.isclose(sum(each["p_first"] for each in back["candidates"]), 1.0)


def test_an_unknown_recommendation_is_not_found(client):
    assert client.get("/v1/recommendations/none").status_code == 404
    feedback = {"module_id": "m", "outcome": "shown"}
    assert client.post("/v1/recommendations/none/feedback", json=feedback).status_code == 404


def test_the_stored_default_policy_ranks(academy):
    weights = {"time": 1.0}
    policy = {"weights": weights, "version": "shortest", **GREEDY}
    assert academy.put("/v1/policies/default", json=policy).status_code == 200
    answer = ask(academy)
    assert (answer["policy_id"], answer["policy_version"]) == ("default", "shortest")
    contributions = answer["items"][0]["contributions"]
    assert sum(contributions.values()) == contributions["time"]


def test_a_dry_run_ranks_by_its_policy_and_leaves_no_trace(academy):
    answer = ask(academy, policy={"weights": {"fit": 1.0}, **GREEDY})
    assert answer["policy_id"] == "dry-run"
    assert answer["recommendation_id"] is None
    assert answer["recorded"] is False
    assert academy.get("/v1/learners/ada/export").status_code == 404


def test_a_look_back_ignores_later_events_and_leaves_no_trace(academy):
    done = {"module_id": "counting-1", "event": "completed", "at": "2026-03-01T09:00:00Z"}
    send(academy, {"learner_id": "ada", **done})
    then = ask(academy, limit=9, context={"as_of": "2026-02-28T00:00:00Z"})
    now = ask(academy, limit=9)
    assert "counting-1" in [item["module_id"] for item in then["items"]]
    assert "counting-1" not in [item["module_id"] for item in now["items"]]
    assert (then["recommendation_id"], then["recorded"]) == (None, False)


def test_a_look_ahead_is_refused(client):
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"learner_id": "ada", "context": {"as_of": ahead}}
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "context.as_of"


@pytest.mark.parametrize(
    "body",
    [{"policy": {"weights": {"fit": 1}}}, {"context": {"as_of": "2026-01-01T00:00:00Z"}}],
    ids=["dry run", "look back"],
)
def test_dry_runs_and_looks_back_need_admin(client, settings, body):
    headers = bearer(make_key(settings.database_url, "recommend"))
    answer = client.post("/v1/recommendations", json={"learner_id": "ada", **body}, headers=headers)
    assert answer.status_code == 403
    assert "`admin`" in answer.json()["detail"]


def test_feedback_is_kept_with_the_answer(everywhere):
    fill(everywhere)
    given = ask(everywhere)
    module_id = given["items"][0]["module_id"]
    act = {
        "module_id": module_id,
        "outcome": "overridden",
        "at": "2026-03-02T10:00:00Z",
        "actor": "manager-7",
        "reason": "audit next week",
        "chosen_module_id": "judging-1",
    }
    path = f"/v1/recommendations/{given['recommendation_id']}"
    answer = everywhere.post(f"{path}/feedback", json=act)
    assert answer.status_code == 200
    assert answer.json() == {"recommendation_id": given["recommendation_id"], **act}
    assert everywhere.post(f"{path}/feedback", json=act).status_code == 200
    kept = everywhere.get(path).json()["feedback"]
    assert [each["reason"] for each in kept] == ["audit next week"]
    (override,) = everywhere.get("/v1/overrides").json()["items"]
    del act["outcome"], override["sequence"]
    assert override == {
        "recommendation_id": given["recommendation_id"],
        "learner_id": "ada",
        **act,
    }


def test_feedback_without_an_instant_is_kept_once_per_outcome(academy):
    given = ask(academy)
    path = f"/v1/recommendations/{given['recommendation_id']}"
    module_id = given["items"][0]["module_id"]
    for outcome in ("shown", "followed", "shown"):
        act = {"module_id": module_id, "outcome": outcome}
        assert academy.post(f"{path}/feedback", json=act).status_code == 200
    kept = academy.get(path).json()["feedback"]
    assert [each["outcome"] for each in kept] == ["shown", "followed"]


def test_feedback_on_a_module_that_was_not_recommended_is_a_conflict(academy):
    given = ask(academy)
    act = {"module_id": "quiz", "outcome": "shown"}
    answer = academy.post(f"/v1/recommendations/{given['recommendation_id']}/feedback", json=act)
    assert answer.status_code == 409


def test_feedback_from_the_future_is_refused(academy):
    given = ask(academy)
    ahead = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    act = {"module_id": given["items"][0]["module_id"], "outcome": "shown", "at": ahead}
    answer = academy.post(f"/v1/recommendations/{given['recommendation_id']}/feedback", json=act)
    assert [each["field"] for each in answer.json()["errors"]] == ["at"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"limit": 3}, ["learner_id"]),
        ({"learner_id": ""}, ["learner_id"]),
        ({"learner_id": "x" * 201}, ["learner_id"]),
        ({"learner_id": "a\x00b"}, ["learner_id"]),
        ({"learner_id": "u", "limit": 0}, ["limit"]),
        ({"learner_id": "u", "limit": 101}, ["limit"]),
        ({"learner_id": "u", "limit": "3"}, ["limit"]),
        ({"learner_id": "u", "sideways": 1}, ["sideways"]),
        (
            {"learner_id": 7, "context": {"available_minutes": -1, "formats": [1], "x": 0}},
            ["learner_id", "context.available_minutes", "context.formats.0", "context.x"],
        ),
        ({"learner_id": "u", "policy": {"weights": {"gap": 0.5}}}, ["policy.weights"]),
        ({"learner_id": "u", "policy": {"weights": {"luck": 1}}}, ["policy.weights"]),
        ({"learner_id": "u", "policy": {"p_width": 0}}, ["policy.p_width"]),
    ],
)
def test_every_offending_field_is_named(client, body, fields):
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == fields


def test_the_longest_learner_id_is_served(client):
    assert ask(client, learner_id="ü" * 200)["learner_id"] == "ü" * 200


def test_an_answer_recorded_before_there_were_rules_is_read_back(academy, settings):
    answer = ask(academy)
    path = f"/v1/recommendations/{answer['recommendation_id']}"
    kept = {name: value for name, value in answer.items() if name != "rules"}
    engine = create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER recommendations_never_changes"))
        connection.execute(update(recommendations).values(answer=kept))
    engine.dispose()
    assert academy.get(path).json()["rules"] == []


def test_words_are_in_the_language_asked_for_and_remarks_say_what_was_not_followed(academy):
    given = ask(academy, context={"language": "de-AT", "formats": ["hologram"]})
    assert given["items"] == []
    assert [(each["code"], each["text"]) for each in given["remarks"]] == [
        ("unknown_format", "Kein Modul hat das Format hologram.")
    ]
    back = academy.get(f"/v1/recommendations/{given['recommendation_id']}").json()
    assert back["remarks"] == given["remarks"]
    assert back["context"]["language"] == "de-AT"


def test_a_module_in_a_new_version_is_offered_again_and_says_so(client):
    module = {"title": "Safety", "mandatory": True, "version": "1"}
    done = {"learner_id": "ada", "module_id": "safety", "event": "completed"}
    client.put("/v1/modules/safety", json=module)
    send(client, done)
    assert ask(client)["items"] == []
    client.put("/v1/modules/safety", json={**module, "version": "2"})
    (item,) = ask(client)["items"]
    assert item["reasons"][0]["code"] == "updated"
    send(client, {**done, "at": datetime.now(UTC).isoformat()})
    assert ask(client)["items"] == []
