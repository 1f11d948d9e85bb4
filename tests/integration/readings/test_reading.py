"""Results read from real databases: every table arrives, and late events change them."""

from datetime import timedelta

import pytest
from lab import BEGUN, READ_AT, N, define_and_start, fill

from features.domain.errors import ExperimentNotRunningError, NotFoundError
from features.domain.experiment import Experiment
from features.domain.history import Event, Interaction
from training.readings.document import Status, Verdict
from training.readings.gather import gather_experiment
from training.readings.reading import read_experiment


def test_every_table_is_read(workspace):
    with workspace.transaction() as repositories:
        fill(repositories)
    found = read_experiment(workspace, "x", READ_AT)
    assert found.status is Status.TOLD
    assert found.funnel.n_eligible == N + 1
    means = {metric.metric_id: [arm.mean for arm in metric.arms] for metric in found.metrics}
    own = {arm: [k for k in range(N) if k % 2 == arm] for arm in (0, 1)}
    half = N // 2
    assert means["minutes"] == pytest.approx(
        [sum(25.0 + k % 7 for k in own[arm]) / half for arm in (0, 1)]
    )
    assert means["completion_rate"] == [1.0, 1.0]
    assert means["follow_rate"] == pytest.approx([0.25, 0.25])
    assert means["skill_gain"] == pytest.approx(
        [sum(0.2 + 0.01 * (k % 5) for k in own[arm]) / half for arm in (0, 1)]
    )
    assert means["outcome:sales"] == pytest.approx(
        [sum(k % 6 for k in own[arm]) / half for arm in (0, 1)]
    )
    before = {each.metric_id for each in found.checks.balance}
    assert {"minutes"} <= before
    assert not found.checks.sample_ratio.is_mismatch


def test_triggering_is_worked_out_from_the_recorded_candidates(workspace):
    with workspace.transaction() as repositories:
        fill(repositories)
    funnel = read_experiment(workspace, "x", READ_AT).funnel
    assert [arm.n_triggered for arm in funnel.arms] == [4, 4]
    assert funnel.triggered_of == 2 * N
    assert [arm.n_exposed for arm in funnel.arms] == [N // 2, N // 2]


def test_targets_assignments_and_attributes_arrive(workspace):
    with workspace.transaction() as repositories:
        fill(repositories)
    with workspace.reading() as repositories:
        observed = gather_experiment(repositories, repositories.experiments.get("x"))
    assert len(observed.targets) == N
    assert set(next(iter(observed.targets.values())).values()) == {0.5}
    assert len(observed.assigned) == N
    assert set(observed.attributes["department"].tolist()) == {"north"}


def test_a_late_event_changes_the_results(workspace):
    with workspace.transaction() as repositories:
        fill(repositories)
    before = read_experiment(workspace, "x", READ_AT).metrics[0].arms[0].mean
    with workspace.reading() as repositories:
        mark = repositories.observations.mark("x")
    with workspace.transaction() as repositories:
        late = Interaction(
            event_id="late",
            learner_id="l00",
            module_id="m0",
            event=Event.PROGRESSED,
            at=BEGUN + timedelta(days=5),
            duration_seconds=60.0 * N,
        )
        repositories.events.add([late])
    with workspace.reading() as repositories:
        assert repositories.observations.mark("x") != mark
    after = read_experiment(workspace, "x", READ_AT).metrics[0].arms[0].mean
    assert after == pytest.approx(before + 2.0)


def test_an_experiment_nobody_met_cannot_be_told_yet(workspace):
    with workspace.transaction() as repositories:
        define_and_start(repositories)
    found = read_experiment(workspace, "x", READ_AT)
    assert found.status is Status.CANNOT_TELL_YET
    assert found.decision.verdict is Verdict.KEEP_RUNNING


def test_nothing_is_read_before_the_start(workspace):
    with pytest.raises(NotFoundError):
        read_experiment(workspace, "x", READ_AT)
    with workspace.transaction() as repositories:
        repositories.experiments.put(Experiment(experiment_id="x", hypothesis="", variants=()))
    with pytest.raises(ExperimentNotRunningError, match="has not started"):
        read_experiment(workspace, "x", READ_AT)
