import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from features.domain.catalogue import Policy
from features.domain.errors import NotFoundError
from features.domain.history import Feedback
from features.domain.recommendation import Candidates, Recommendation
from features.store.documents import to_document

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

RECOMMENDATION = Recommendation(
    learner_id="u1",
    served_at=AT,
    snapshot_version="4",
    policy_id="default",
    policy_version="1",
    items=(),
    candidates=Candidates(
        module_ids=("m1", "m2"),
        tier=(0, 1),
        score=(1 / 3, 0.1),
        p_first=(0.9, 0.1),
        p_success=(0.75, 0.5),
        ready=(1.0, 0.5),
        terms={"gap": (0.5, 0.25), "fit": (1.0, 0.0)},
    ),
)
ANSWER = {
    "z": 1,
    "a": [1.0, 1e-300, 0.1 + 0.2, None, True],
    "items": [{"module_id": "m1", "title": "Größe 中文 \u2028", "score": 1e16}],
    "b": {},
}
FEEDBACK = Feedback(
    recommendation_id="rec_1",
    module_id="m1",
    outcome="overridden",
    at=AT,
    actor="coach",
    reason="knows it",
    chosen_module_id="m2",
)


@pytest.fixture
def recorded(workspace):
    """Give a workspace with one recommendation."""
    with workspace.transaction() as repositories:
        repositories.recommendations.add(
            "rec_1", RECOMMENDATION, context={"limit": 3, "formats": ["video"]}, answer=ANSWER
        )
    return workspace


def read(workspace):
    with workspace.reading() as repositories:
        return repositories.recommendations.get("rec_1")


def test_the_answer_is_read_back_exactly_also_in_the_order_of_its_keys(recorded):
    assert json.dumps(read(recorded)["answer"]) == json.dumps(ANSWER)


def test_all_that_is_kept_about_a_recommendation_is_json(recorded):
    record = json.loads(json.dumps(read(recorded)))
    assert record == {
        "recommendation_id": "rec_1",
        "learner_id": "u1",
        "served_at": "2026-03-01T09:00:00Z",
        "snapshot_version": "4",
        "policy": {"policy_id": "default", "version": "1"},
        "context": {"limit": 3, "formats": ["video"]},
        "answer": ANSWER,
        "candidates": to_document(RECOMMENDATION.candidates),
        "feedback": [],
    }


def test_a_recommendation_without_candidates_or_model_is_kept(workspace):
    cold = replace(RECOMMENDATION, snapshot_version=None, candidates=Candidates())
    with workspace.transaction() as repositories:
        repositories.recommendations.add("rec_1", cold, context={}, answer={})
    record = read(workspace)
    assert record["candidates"]["module_ids"] == []
    assert record["snapshot_version"] is None


def test_the_policy_is_the_version_that_served_also_after_a_newer_one(recorded):
    first = Policy(policy_id="default", version="1", exploration=0.0)
    with recorded.transaction() as repositories:
        repositories.catalogue.put_policy(first)
        repositories.catalogue.put_policy(replace(first, version="2", exploration=0.5))
    assert read(recorded)["policy"] == to_document(first)


def test_a_recommendation_nobody_gave_is_named(workspace):
    with (
        workspace.reading() as repositories,
        pytest.raises(NotFoundError, match="no recommendation 'rec_9'"),
    ):
        repositories.recommendations.get("rec_9")


def test_feedback_is_kept_once(recorded):
    later = replace(FEEDBACK, at=AT + timedelta(seconds=1))
    for expected in (True, False):
        with recorded.transaction() as repositories:
            assert repositories.recommendations.add_feedback(FEEDBACK) is expected
    with recorded.transaction() as repositories:
        assert repositories.recommendations.add_feedback(later)
    assert read(recorded)["feedback"] == [to_document(FEEDBACK), to_document(later)]


def test_feedback_on_nothing_is_refused(workspace):
    with (
        pytest.raises(NotFoundError, match="no recommendation 'rec_1'"),
        workspace.transaction() as repositories,
    ):
        repositories.recommendations.add_feedback(FEEDBACK)
