"""What is read of experiments says when it has to be read again."""

from datetime import UTC, datetime

import pytest

from features.domain.history import Event, Evidence, Feedback, Interaction, Outcome
from features.domain.recommendation import Recommendation

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
GIVEN = Recommendation(
    learner_id="ada",
    served_at=AT,
    snapshot_version=None,
    policy_id="default",
    policy_version="1",
    items=(),
)
DONE = Interaction(
    event_id="e", learner_id="ada", module_id="m", event=Event.COMPLETED, at=AT, score=0.5
)
JUDGED = Evidence(learner_id="ada", skill_id="sql", level=0.5, source="manager", at=AT)
EARNED = Outcome(learner_id="ada", metric="sales", value=1.0, at=AT)
FOLLOWED = Feedback(recommendation_id="r", module_id="m", outcome="followed", at=AT)


@pytest.mark.parametrize(
    "happen",
    [
        pytest.param(lambda r: r.events.add([DONE]), id="an event"),
        pytest.param(lambda r: r.events.add_evidence([JUDGED]), id="a judgement"),
        pytest.param(lambda r: r.events.add_outcomes([EARNED]), id="a business result"),
        pytest.param(lambda r: r.recommendations.add_feedback(FOLLOWED), id="feedback"),
    ],
)
def test_whatever_results_rest_on_moves_the_mark(workspace, happen):
    with workspace.transaction() as repositories:
        repositories.recommendations.add("r", GIVEN, context={}, answer={})
        before = repositories.observations.mark("x")
        assert repositories.observations.mark("x") == before
        happen(repositories)
        assert repositories.observations.mark("x") != before
