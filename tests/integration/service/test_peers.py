"""Peers: who can help with a skill, and how the load is spread."""

from datetime import UTC, datetime, timedelta

import pytest
from service_runs import fill

from features.decide.peers import HELD_FOR, MOST_OFFERS, OFFER_WINDOW
from features.domain.peers import PeerOffer
from features.store.workspace import Workspace

NOW = datetime.now(UTC)
PEER = {"learner_id", "level", "offered_at", "reasons"}


@pytest.fixture
def school(client):
    """Ada looks for help with counting; `bob` and `cy` are judged experts and willing."""
    fill(client)
    people = [
        {"learner_id": "ada", "role_id": "clerk", "language": "nl", "manager_id": "eve"},
        {"learner_id": "bob", "mentor": True, "language": "nl"},
        {"learner_id": "cy", "mentor": True, "language": "nl"},
        {"learner_id": "dee", "mentor": False, "language": "nl"},
        {"learner_id": "eve", "mentor": True, "language": "nl"},
        {"learner_id": "fay", "mentor": True, "language": "nl"},
    ]
    assert client.post("/v1/catalogue", json={"learners": people}).status_code == 200
    judge(client, "bob", "cy", "dee", "eve")
    judge(client, "fay", level=0.1)
    return client


def judge(client, *learner_ids, level=0.97):
    rows = [
        {
            "learner_id": learner_id,
            "skill_id": "counting",
            "level": level,
            "source": "assessment",
            "at": f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
        }
        for learner_id in learner_ids
        for days in (1, 2, 3)
    ]
    answer = client.post("/v1/evidence", json={"evidence": rows})
    assert answer.json()["accepted"] == len(rows), answer.text


def ask(client, learner_id="ada", **query):
    answer = client.get(
        f"/v1/learners/{learner_id}/peers", params={"skill_id": "counting", **query}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer):
    return [peer["learner_id"] for peer in answer["peers"]]


def test_the_willing_who_are_surely_ahead_are_named(school):
    answer = ask(school)
    assert set(ids(answer)) == {"bob", "cy"}  # eve is the manager, dee unwilling, fay behind
    assert answer["reason"] is None
    assert all(set(peer) == PEER for peer in answer["peers"])
    assert {peer["level"] for peer in answer["peers"]} == {"expert"}
    assert "same_language" in {reason["code"] for reason in answer["peers"][0]["reasons"]}


def test_asking_again_gives_the_same_people_and_counts_once(school, settings):
    first = ask(school)
    assert [ask(school)["peers"] for _ in range(3)] == [first["peers"]] * 3
    with Workspace.open(settings.database_url) as workspace, workspace.reading() as repositories:
        counts = repositories.peers.count_offers(["bob", "cy"], NOW - timedelta(days=1))
    assert counts == {"bob": 1, "cy": 1}


def test_the_load_is_spread_over_those_who_can_help(school, settings):
    seekers = [f"s{k}" for k in range(10)]
    people = [{"learner_id": each, "language": "nl", "role_id": "clerk"} for each in seekers]
    school.post("/v1/catalogue", json={"learners": people})
    named = [ids(ask(school, each, limit=1)) for each in seekers]
    # eve is nobody's manager here
    assert sorted(named.count([each]) for each in ("bob", "cy", "eve")) == [3, 3, 4]


def keep_offers(settings, peer_id, at, number=MOST_OFFERS):
    offers = [
        PeerOffer(learner_id=f"other {k}", skill_id="counting", peer_id=peer_id, at=at)
        for k in range(number)
    ]
    with Workspace.open(settings.database_url) as workspace, workspace.transaction() as kept:
        kept.peers.add(offers)


def test_nobody_is_named_too_often(school, settings):
    for each in ("bob", "cy"):
        keep_offers(settings, each, NOW - timedelta(days=1))
    answer = ask(school)
    assert (answer["peers"], answer["reason"]["code"]) == ([], "all_named_often")


def test_what_is_long_ago_does_not_count(school, settings):
    for each in ("bob", "cy"):
        keep_offers(settings, each, NOW - OFFER_WINDOW - timedelta(days=1))
    old = PeerOffer(
        learner_id="ada", skill_id="counting", peer_id="bob", at=NOW - HELD_FOR - timedelta(days=1)
    )
    with Workspace.open(settings.database_url) as workspace, workspace.transaction() as kept:
        kept.peers.add([old])
    answer = ask(school)
    assert set(ids(answer)) == {"bob", "cy"}
    today = datetime.now(UTC).date().isoformat()
    assert {peer["offered_at"][:10] for peer in answer["peers"]} == {today}


def test_who_is_no_longer_willing_is_not_named_again(school):
    assert set(ids(ask(school))) == {"bob", "cy"}
    school.put("/v1/learners/bob", json={"mentor": False, "language": "nl"})
    assert ids(ask(school)) == ["cy"]


def test_who_was_erased_is_not_named_again(school, settings):
    ask(school)
    school.delete("/v1/learners/bob")
    assert ids(ask(school)) == ["cy"]
    with Workspace.open(settings.database_url) as workspace, workspace.transaction() as kept:
        kept.peers.add([PeerOffer(learner_id="ada", skill_id="counting", peer_id="bob", at=NOW)])
        assert kept.peers.offers_to("ada", "counting", NOW - HELD_FOR).keys() == {"cy"}


def test_without_anyone_willing_the_answer_says_so(academy):
    academy.put("/v1/learners/ada", json={})
    answer = ask(academy)
    assert (answer["peers"], answer["reason"]["code"]) == ([], "nobody_willing")


def test_without_anyone_ahead_the_answer_says_so(academy):
    academy.put("/v1/learners/ada", json={})
    academy.put("/v1/learners/fay", json={"mentor": True})
    answer = ask(academy)
    assert (answer["peers"], answer["reason"]["code"]) == ([], "nobody_ahead")


def test_what_was_done_counts_as_well_as_what_was_judged(everywhere):
    fill(everywhere)
    everywhere.put("/v1/learners/ada", json={})
    everywhere.put("/v1/learners/bob", json={"mentor": True})
    events = [
        {
            "learner_id": "bob",
            "module_id": f"counting-{1 + k % 3}",
            "event": "passed",
            "attempt": k + 1,
            "at": f"{NOW - timedelta(days=k + 1):%Y-%m-%dT%H:%M:%SZ}",
        }
        for k in range(30)
    ]
    assert everywhere.post("/v1/events", json={"events": events}).json()["accepted"] == 30
    assert ids(ask(everywhere)) == ["bob"]
    assert ids(ask(everywhere)) == ["bob"]


def test_strangers_and_unknown_skills_are_not_found(academy):
    academy.put("/v1/learners/ada", json={})
    for path, named in (("nobody", "learner 'nobody'"), ("ada", "skill 'juggling'")):
        answer = academy.get(f"/v1/learners/{path}/peers", params={"skill_id": "juggling"})
        assert answer.status_code == 404
        assert named in answer.json()["detail"]


def test_an_erased_learner_is_not_found(school):
    school.delete("/v1/learners/ada")
    answer = school.get("/v1/learners/ada/peers", params={"skill_id": "counting"})
    assert answer.status_code == 404


@pytest.mark.parametrize("query", [{}, {"skill_id": ""}, {"skill_id": "x", "limit": 0}])
def test_malformed_questions_are_refused(academy, query):
    assert academy.get("/v1/learners/ada/peers", params=query).status_code == 422


def test_the_export_tells_who_was_named_and_nothing_of_who_asked(school, settings):
    ask(school)
    held = school.get("/v1/learners/ada/export").json()
    assert {each["peer_id"] for each in held["peers_named"]} == {"bob", "cy"}
    of_peer = school.get("/v1/learners/bob/export").json()
    assert [set(each) for each in of_peer["named_as_peer"]] == [{"skill_id", "peer_id", "at"}]
    assert "ada" not in str(of_peer["named_as_peer"])
