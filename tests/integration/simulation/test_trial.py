"""A simulated experiment: assigned, served, recorded and learned from as a real one is."""

from datetime import UTC, datetime, timedelta

import pytest

from features.decide.assignment import Trial
from features.decide.leading import leads_under
from features.domain.catalogue import Policy
from features.domain.experiment import Experiment, MetricRole, MetricSpec, Variant
from features.store.candidates import unpack
from features.store.workspace import Workspace
from training.simulation.trial import TrialPlan, simulate_trial

STARTS_AT = datetime(2026, 3, 2, tzinfo=UTC)
PLAN = TrialPlan(n_learners=8, seed=2, weeks_before=1, weeks_after=2, starts_at=STARTS_AT)
TASTE = Policy(policy_id="taste", weights={"affinity": 1.0}, exploration=0.05)
WANTED = Experiment(
    experiment_id="x",
    hypothesis="taste is enough",
    variants=(
        Variant(variant_id="as-today", weight=0.5),
        Variant(variant_id="taste", weight=0.5, component={"policy_id": "taste"}),
    ),
    coverage=0.75,
    metrics=(MetricSpec(metric_id="completion_rate", role=MetricRole.GOAL),),
)


def simulated(url):
    with Workspace.open(url) as workspace:
        return simulate_trial(workspace, WANTED, [Policy(), TASTE], PLAN)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    """An experiment that has run, and where."""
    url = f"sqlite:///{tmp_path_factory.mktemp('trial')}/waymark.db"
    return url, simulated(url)


def rows(url):
    with Workspace.open(url) as workspace, workspace.reading() as repositories:
        seen = repositories.observations
        return (
            list(repositories.experiments.enrolments("x")),
            list(repositories.experiments.exposures("x")),
            list(seen.logged()),
            list(seen.interactions()),
        )


def test_learners_have_the_variant_that_serving_would_give_them(trial):
    url, experiment = trial
    enrolled, _, _, _ = rows(url)
    variant_of = Trial(experiment=experiment).variant_of
    assert enrolled
    assert {each.learner_id: each.variant_id for each in enrolled} == {
        each.learner_id: variant_of(each.learner_id) for each in enrolled
    }
    assert all(each.at >= STARTS_AT for each in enrolled)


def test_only_answers_since_the_start_are_exposures_and_each_is_recorded(trial):
    url, _ = trial
    enrolled, exposures, logged, _ = rows(url)
    recorded = {row[0]: row for row in logged}
    members = {each.learner_id for each in enrolled}
    assert exposures
    assert all(each.at >= STARTS_AT for each in exposures)
    assert {each.recommendation_id for each in exposures} <= recorded.keys()
    assert {each.learner_id for each in exposures} == members
    assert len(recorded) > len(exposures)  # some of before, and of those outside


def test_what_was_recorded_was_drawn_by_the_policy_of_the_variant(trial):
    url, _ = trial
    _, exposures, logged, _ = rows(url)
    packed = {row[0]: row[5] for row in logged}
    policies = {"as-today": Policy(), "taste": TASTE}
    for each in exposures:
        candidates = unpack(packed[each.recommendation_id])
        expected = leads_under(candidates, policies[each.variant_id], 1)
        assert candidates.p_first == pytest.approx(expected, abs=1e-6)


def test_events_name_the_answer_they_followed_and_take_time(trial):
    url, _ = trial
    _, _, logged, events = rows(url)
    at = {row[0]: (row[1], row[2]) for row in logged}
    named = [row for row in events if row[7] is not None]
    assert named
    for learner_id, _, _, instant, _, _, seconds, recommendation_id in named:
        assert at[recommendation_id][0] == learner_id
        assert at[recommendation_id][1] < instant
        assert seconds > 0


def test_the_same_plan_gives_the_same_trial(trial, tmp_path):
    again = f"sqlite:///{tmp_path}/again.db"
    simulated(again)
    assert rows(again) == rows(trial[0])
    last = max(row[2] for row in rows(again)[2])
    assert last < (STARTS_AT + timedelta(weeks=3)).timestamp() * 1e6
