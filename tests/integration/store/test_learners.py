import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from features.domain.errors import ErasedError, NotFoundError
from features.domain.experiment import Enrolment, Exposure
from features.domain.history import (
    Assignment,
    Event,
    Evidence,
    Feedback,
    Interaction,
    Learner,
    LearnerHistory,
    Outcome,
)
from features.domain.peers import PeerOffer
from features.domain.recommendation import Candidates, Recommendation
from features.store.tables import metadata
from features.store.workspace import Workspace

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)

LEARNER = Learner(
    learner_id="u1",
    role_id="clerk",
    goal_role_id="analyst",
    department="Data",
    location="Bern",
    hired_at=AT - 400 * DAY,
    language="de",
    manager_id="u0",
    needs=frozenset({"captions"}),
    mentor=True,
    attributes={"team": "north", "grade": "3"},
)
ASSIGNMENT = Assignment(learner_id="u1", module_id="m1", due_at=AT, reason="law")


def interaction(event_id, learner_id="u1", at=AT):
    return Interaction(
        event_id=event_id, learner_id=learner_id, module_id="m1", event=Event.COMPLETED, at=at
    )


def recommendation(learner_id="u1"):
    return Recommendation(
        learner_id=learner_id,
        served_at=AT,
        snapshot_version="4",
        policy_id="default",
        policy_version="1",
        items=(),
        candidates=Candidates(
            module_ids=("m1",),
            tier=(1,),
            score=(0.5,),
            p_first=(1.0,),
            p_success=(0.7,),
            ready=(1.0,),
            terms={"gap": (0.2,)},
        ),
    )


def write_about(repositories, learner_id, number):
    """Write one row of every kind about a learner."""
    rec = f"rec_{number}"
    repositories.learners.put(replace(LEARNER, learner_id=learner_id))
    repositories.events.add([interaction(f"e{number}", learner_id)])
    repositories.events.add_evidence(
        [Evidence(learner_id=learner_id, skill_id="sql", level=0.4, source="self", at=AT)]
    )
    repositories.events.add_outcomes(
        [Outcome(learner_id=learner_id, metric="errors", value=2.0, at=AT)]
    )
    repositories.learners.put_assignment(replace(ASSIGNMENT, learner_id=learner_id))
    repositories.recommendations.add(
        rec, recommendation(learner_id), context={"limit": 1}, answer={"items": []}
    )
    repositories.recommendations.add_feedback(
        Feedback(recommendation_id=rec, module_id="m1", outcome="shown", at=AT)
    )
    repositories.peers.add(
        [PeerOffer(learner_id=learner_id, skill_id="sql", peer_id=f"peer {number}", at=AT)]
    )
    about = {"experiment_id": "x1", "learner_id": learner_id, "unit_id": learner_id}
    enrolled = Enrolment(**about, variant_id="a", phase=1, at=AT)
    assert repositories.experiments.enrol([enrolled], ["x1"])
    exposure = Exposure(**about, variant_id="a", recommendation_id=rec, at=AT)
    repositories.experiments.add_exposures([exposure])


def everything(workspace):
    """Give the text of every value in every table."""
    with workspace.reading() as repositories:
        return "".join(
            str(chunk)
            for table in metadata.sorted_tables
            for chunk in repositories.bulk.read_columns(
                table, table.columns.keys(), table.primary_key.columns.keys()
            )
        )


@pytest.fixture
def full(workspace):
    """Give a workspace with everything about u1 and u2."""
    with workspace.transaction() as repositories:
        for number, learner_id in enumerate(["u1", "u2"]):
            write_about(repositories, learner_id, number)
    return workspace


def test_a_profile_is_kept_as_it_was_put(workspace):
    with workspace.transaction() as repositories:
        repositories.learners.put(LEARNER)
    with workspace.reading() as repositories:
        assert repositories.learners.get("u1") == LEARNER


def test_a_profile_put_again_is_replaced(workspace):
    newer = Learner(learner_id="u1", role_id="analyst")
    with workspace.transaction() as repositories:
        repositories.learners.put(LEARNER)
        repositories.learners.put(newer)
        assert repositories.learners.get("u1") == newer
        assert repositories.learners.n_learners() == 1


def test_a_learner_nobody_knows_is_none(workspace):
    with workspace.reading() as repositories:
        assert repositories.learners.get("u1") is None


def test_learners_are_paged_in_order_of_ids(workspace):
    with workspace.transaction() as repositories:
        repositories.learners.put(Learner(learner_id="u2"))
        repositories.learners.add_bare_learners(["u3", "u1", "u2", "u3"])
        assert repositories.learners.n_learners() == 3
        first = repositories.learners.list(None, 2)
        assert [one.learner_id for one in first] == ["u1", "u2"]
        assert repositories.learners.list("u2", 2) == (Learner(learner_id="u3"),)
        assert repositories.learners.list("u3", 2) == ()


def test_the_history_of_an_unknown_learner_is_empty(workspace):
    with workspace.reading() as repositories:
        assert repositories.learners.history("u1") == LearnerHistory(
            learner=Learner(learner_id="u1"), is_known=False
        )


def test_a_history_is_everything_known_of_one_learner(full):
    with full.reading() as repositories:
        history = repositories.learners.history("u1")
    assert history == LearnerHistory(
        learner=LEARNER,
        is_known=True,
        interactions=(interaction("e0"),),
        evidence=(Evidence(learner_id="u1", skill_id="sql", level=0.4, source="self", at=AT),),
        assignments=(ASSIGNMENT,),
    )


def test_histories_read_at_once_are_those_read_one_by_one(full):
    learner_ids = ("u2", "u1", "nobody")
    with full.transaction() as repositories:
        repositories.events.add([interaction("e9"), interaction("e8", at=AT - DAY)])
    with full.reading() as repositories:
        learners = repositories.learners
        expected = {each: learners.history(each) for each in learner_ids}
        assert learners.histories(learner_ids) == expected
        assert learners.histories(()) == {}


def test_a_history_as_of_an_instant_leaves_out_what_came_later(workspace):
    early, late = interaction("e1", at=AT), interaction("e2", at=AT + DAY)
    judged = Evidence(learner_id="u1", skill_id="sql", level=0.4, source="self", at=AT + DAY)
    with workspace.transaction() as repositories:
        repositories.events.add([late, early])
        repositories.events.add_evidence([judged])
    with workspace.reading() as repositories:
        before = repositories.learners.history("u1", AT)
        after = repositories.learners.history("u1", AT + DAY)
    assert (before.interactions, before.evidence) == ((early,), ())
    assert (after.interactions, after.evidence) == ((early, late), (judged,))


def test_an_assignment_is_kept_and_replaced(workspace):
    newer = replace(ASSIGNMENT, due_at=None, reason=None)
    other = replace(ASSIGNMENT, module_id="m0")
    with workspace.transaction() as repositories:
        for one in (ASSIGNMENT, other, newer):
            repositories.learners.put_assignment(one)
    with workspace.reading() as repositories:
        assert repositories.learners.get_assignment("u1", "m1") == newer
        assert repositories.learners.list_assignments("u1") == (other, newer)
        assert repositories.learners.list_assignments("u2") == ()
        assert repositories.learners.history("u1").is_known


def test_an_assignment_nobody_made_is_named(workspace):
    with (
        workspace.reading() as repositories,
        pytest.raises(NotFoundError, match="'m1' is not assigned to learner 'u1'"),
    ):
        repositories.learners.get_assignment("u1", "m1")


def test_an_export_holds_everything_once_and_is_json(full):
    with full.reading() as repositories:
        held = json.loads(json.dumps(repositories.learners.export("u1")))
    assert held["learner_id"] == "u1"
    assert held["profile"]["attributes"] == {"team": "north", "grade": "3"}
    assert held["profile"]["hired_at"] == "2025-01-25T09:00:00Z"
    assert [one["event_id"] for one in held["events"]] == ["e0"]
    assert held["events"][0]["at"] == "2026-03-01T09:00:00Z"
    assert [one["level"] for one in held["evidence"]] == [0.4]
    assert [one["reason"] for one in held["assignments"]] == ["law"]
    assert [one["value"] for one in held["outcomes"]] == [2.0]
    assert [one["recommendation_id"] for one in held["recommendations"]] == ["rec_0"]
    assert held["recommendations"][0]["candidates"]["terms"] == {"gap": [0.2]}
    assert [one["outcome"] for one in held["feedback"]] == ["shown"]
    assert [one["variant_id"] for one in held["enrolments"]] == ["a"]
    assert [one["recommendation_id"] for one in held["exposures"]] == ["rec_0"]


def test_an_export_of_a_learner_only_named_has_their_events(workspace):
    with workspace.transaction() as repositories:
        repositories.events.add([interaction("e2", at=AT + DAY), interaction("e1")])
    with workspace.reading() as repositories:
        held = repositories.learners.export("u1")
    assert [one["event_id"] for one in held["events"]] == ["e1", "e2"]


def test_an_export_about_nobody_is_refused(workspace):
    with (
        workspace.reading() as repositories,
        pytest.raises(NotFoundError, match="nothing is held about learner 'u1'"),
    ):
        repositories.learners.export("u1")


def test_erasing_removes_everything_about_one_learner_and_nothing_of_others(full):
    with full.reading() as repositories:
        others = repositories.learners.export("u2")
    with full.transaction() as repositories:
        repositories.learners.erase("u1", AT)
    with full.reading() as repositories:
        assert repositories.learners.get("u1") is None
        assert not repositories.learners.history("u1").is_known
        assert repositories.learners.export("u2") == others
        with pytest.raises(NotFoundError):
            repositories.learners.export("u1")
        with pytest.raises(NotFoundError):
            repositories.recommendations.get("rec_0")


def test_no_table_names_an_erased_learner(full):
    with full.transaction() as repositories:
        repositories.learners.put(Learner(learner_id="u2", manager_id="u1"))
        repositories.recommendations.add_feedback(
            Feedback(
                recommendation_id="rec_1", module_id="m2", outcome="overridden", at=AT, actor="u1"
            )
        )
        repositories.audit.add(at=AT, actor="key_1", action="learner.export", subject="u1")
    assert "u1" in everything(full)
    with full.transaction() as repositories:
        repositories.learners.erase("u1", AT)
    assert "u1" not in everything(full)
    with full.reading() as repositories:
        assert len(repositories.audit.list(after=None, limit=10)) == 1


def test_nothing_of_an_erased_learner_stays_in_the_file(sqlite_url):
    path = Path(make_url(sqlite_url).database)
    about = [interaction(f"event-of-them-{number}", "them") for number in range(200)]
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        repositories.events.add([*about, interaction("event-of-others", "others")])
    assert b"event-of-them" in path.read_bytes()
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        repositories.learners.erase("them", AT)
    assert b"them" not in path.read_bytes()
    assert b"event-of-others" in path.read_bytes()


def test_erasing_again_changes_nothing(full):
    for _ in range(2):
        with full.transaction() as repositories:
            repositories.learners.erase("u1", AT)
    with full.reading() as repositories:
        assert repositories.learners.n_learners() == 1


def test_those_erased_are_known_also_if_nothing_was_held(workspace):
    with workspace.transaction() as repositories:
        repositories.learners.erase("u1", AT)
        assert repositories.learners.erased_among(["u1", "u2"]) == {"u1"}
    with workspace.transaction() as repositories:
        assert repositories.learners.erased_among(["u2", "u1"]) == {"u1"}
        assert repositories.learners.erased_among([]) == frozenset()
    with workspace.reading() as repositories:
        assert repositories.learners.erased_among(f"u{i}" for i in range(12_000)) == {"u1"}


def test_a_learner_erased_within_a_transaction_is_erased_for_the_rest_of_it(workspace):
    with workspace.transaction() as repositories:
        repositories.learners.put(LEARNER)
        repositories.learners.erase("u1", AT)
        with pytest.raises(ErasedError):
            repositories.learners.put(LEARNER)


@pytest.mark.parametrize(
    "write",
    [
        lambda r: r.learners.put(LEARNER),
        lambda r: r.learners.put_assignment(ASSIGNMENT),
        lambda r: r.learners.add_bare_learners(["u1"]),
        lambda r: r.recommendations.add("rec_9", recommendation(), context={}, answer={}),
    ],
)
def test_nothing_more_is_written_about_an_erased_learner(workspace, write):
    with workspace.transaction() as repositories:
        repositories.learners.erase("u1", AT)
    with pytest.raises(ErasedError, match="u1 was erased"), workspace.transaction() as repositories:
        write(repositories)
