"""Studies on real Optuna storage and a real MLflow store, with an objective that costs nothing."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from features.domain.errors import ConflictError, InvalidValueError, RegistryError
from features.store.registry import Registry
from training.success.settings import BoostingSettings, SuccessSettings
from training.tuning.judged import Judged
from training.tuning.study import LOCK, STUDIES, alone_in
from training.tuning.tune import Plan, Progress, tune

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]

N_LEARNERS = 60
PLAN = Plan(study="autumn", n_trials=9, seed=0, data_hash="a")


@dataclass
class Bowl:
    """Log loss that is least at a depth of 5 and a rate of .08; every learner differs a little.

    `stop_at` interrupts the trial of that place among all begun by this objective, from 1.
    """

    half: str = "success"
    metric: str = "log_loss"
    larger_is_better: bool = False
    default: SuccessSettings = field(default_factory=SuccessSettings)
    n_learners: int = N_LEARNERS
    n_rungs: int = 2
    stop_at: int | None = None
    error: type[BaseException] = KeyboardInterrupt
    tried: list[SuccessSettings] = field(default_factory=list)

    def rungs(self, settings: SuccessSettings) -> Iterator[Judged]:
        self.tried.append(settings)
        boosting = settings.boosting
        loss = (
            0.5
            + 0.01 * (boosting.max_depth - 5) ** 2
            + 0.05 * np.log(boosting.learning_rate / 0.08) ** 2
        )
        noise = np.random.default_rng(boosting.min_samples_leaf).normal(0, 0.01, N_LEARNERS)
        for rung in (1, 2):
            if rung == 2 and len(self.tried) == self.stop_at:
                raise self.error
            yield Judged(total=loss + noise / rung, count=np.ones(N_LEARNERS, dtype=np.int64))


@pytest.fixture
def registry(prepare_tracking, tmp_path):
    made = Registry(prepare_tracking(tmp_path), "academy")
    made.client.create_experiment  # noqa: B018 - the client is made here and not in a trial
    return made


def runs_below(registry, run_id):
    return registry.client.search_runs(
        [registry.experiment_id()], filter_string=f"tags.`mlflow.parentRunId` = '{run_id}'"
    )


def parents(registry):
    found = registry.client.search_runs([registry.experiment_id()])
    return [run for run in found if "mlflow.parentRunId" not in run.data.tags]


def test_the_default_comes_first_and_the_best_is_better(registry):
    bowl = Bowl()
    made: list[Progress] = []
    tuned = tune(bowl, PLAN, registry, made.append)
    assert bowl.tried[0] == SuccessSettings()
    assert tuned.n_trials == 9
    assert len(bowl.tried) == 9
    assert tuned.best < tuned.default
    assert tuned.verdict.adopted
    assert tuned.settings in bowl.tried
    assert [one.n_done for one in made] == list(range(10))
    assert made[-1].best == tuned.best


def test_each_trial_is_a_run_nested_in_that_of_the_study(registry):
    bowl = Bowl()
    tuned = tune(bowl, PLAN, registry)
    (parent,) = parents(registry)
    assert (parent.info.run_id, parent.info.status) == (tuned.run_id, "FINISHED")
    assert parent.data.metrics["confirmed.gain"] == tuned.verdict.gain
    children = runs_below(registry, tuned.run_id)
    assert len(children) == 9
    assert {run.info.status for run in children} == {"FINISHED"}
    early = [run for run in children if run.data.tags.get("stopped_early") == "true"]
    assert len(early) == tuned.n_stopped_early
    first = next(run for run in children if run.data.tags["trial"] == "1")
    assert first.data.params["boosting.max_depth"] == "4"
    assert first.data.metrics["validation.log_loss"] == tuned.default
    assert first.data.metrics["seconds"] >= 0
    kept = {file.path for file in registry.client.list_artifacts(tuned.run_id)}
    assert {"settings.json", "history.png", "tried.png", "importances.png"} <= kept


def test_what_promises_little_is_stopped_early(registry):
    tuned = tune(Bowl(), replace(PLAN, n_trials=20), registry)
    assert 0 < tuned.n_stopped_early < 15
    assert tuned.n_trials == 20


def test_the_seed_decides_what_is_tried(registry):
    first, again, other = Bowl(), Bowl(), Bowl()
    tune(first, PLAN, registry)
    tune(again, replace(PLAN, study="again"), registry)
    tune(other, replace(PLAN, study="other", seed=1), registry)
    assert again.tried == first.tried
    assert other.tried[0] == first.tried[0]
    assert other.tried[1:] != first.tried[1:]


def test_a_study_that_was_stopped_goes_on_as_if_it_never_had_been(registry):
    whole = Bowl()
    expected = tune(whole, replace(PLAN, study="whole"), registry)
    with pytest.raises(KeyboardInterrupt):
        tune(Bowl(stop_at=4), PLAN, registry)
    (stopped,) = [run for run in parents(registry) if run.info.status == "KILLED"]
    statuses = [run.info.status for run in runs_below(registry, stopped.info.run_id)]
    assert sorted(statuses) == ["FINISHED", "FINISHED", "FINISHED", "KILLED"]

    rest = Bowl()
    tuned = tune(rest, PLAN, registry)
    assert rest.tried == whole.tried[3:]
    assert tuned.settings == expected.settings
    assert tuned.verdict == expected.verdict
    assert tuned.run_id == stopped.info.run_id
    assert registry.client.get_run(tuned.run_id).info.status == "FINISHED"


def test_the_default_is_tried_again_where_it_was_stopped(registry):
    with pytest.raises(KeyboardInterrupt):
        tune(Bowl(stop_at=1), PLAN, registry)
    bowl = Bowl()
    tune(bowl, PLAN, registry)
    assert bowl.tried[0] == SuccessSettings()
    assert SuccessSettings() not in bowl.tried[1:]


def _tune_and_die(uri: str, n_before: int) -> None:
    class Dying(Bowl):
        def rungs(self, settings):
            if len(self.tried) == n_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().rungs(settings)

    tune(Dying(), PLAN, Registry(uri, "academy"))


def test_a_process_that_was_killed_loses_and_repeats_no_trial(registry):
    whole = Bowl()
    tune(whole, replace(PLAN, study="whole"), registry)
    process = multiprocessing.get_context("spawn").Process(
        target=_tune_and_die, args=(registry.tracking_uri, 5)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (left,) = [run for run in parents(registry) if run.info.status == "RUNNING"]

    rest = Bowl()
    tuned = tune(rest, PLAN, registry)
    assert rest.tried == whole.tried[5:]
    assert tuned.run_id == left.info.run_id
    statuses = [run.info.status for run in runs_below(registry, tuned.run_id)]
    assert sorted(statuses) == ["FINISHED"] * 9 + ["KILLED"]


def test_an_error_ends_the_run_as_failed_and_the_trial_is_made_again(registry):
    with pytest.raises(ZeroDivisionError):
        tune(Bowl(stop_at=3, error=ZeroDivisionError), PLAN, registry)
    (parent,) = parents(registry)
    assert parent.info.status == "FAILED"
    rest = Bowl()
    assert tune(rest, PLAN, registry).n_trials == 9
    assert len(rest.tried) == 7


def test_a_finished_study_makes_no_trial_and_says_the_same(registry):
    before = tune(Bowl(), PLAN, registry)
    bowl = Bowl()
    assert tune(bowl, PLAN, registry) == before
    assert bowl.tried == []


def test_more_trials_go_on_from_those_before(registry):
    tune(Bowl(), replace(PLAN, n_trials=4), registry)
    bowl = Bowl()
    assert tune(bowl, PLAN, registry).n_trials == 9
    assert len(bowl.tried) == 5


def test_a_restart_forgets_the_trials_and_begins_a_new_run(registry):
    before = tune(Bowl(), PLAN, registry)
    bowl = Bowl()
    tuned = tune(bowl, replace(PLAN, data_hash="b", restart=True), registry)
    assert len(bowl.tried) == 9
    assert tuned.run_id != before.run_id


@pytest.mark.parametrize(
    ("changes", "bowl", "message"),
    [
        ({"data_hash": "b"}, Bowl(), "begun with another data"),
        ({"seed": 1}, Bowl(), "begun with another seed"),
        ({}, Bowl(n_learners=N_LEARNERS - 1), "another number of validation learners"),
        (
            {},
            Bowl(default=SuccessSettings(boosting=BoostingSettings(max_depth=3))),
            "begun with another search space",
        ),
    ],
)
def test_a_study_of_something_else_is_refused(registry, changes, bowl, message):
    tune(Bowl(), replace(PLAN, n_trials=2), registry)
    with pytest.raises(ConflictError, match=message) as refused:
        tune(bowl, replace(PLAN, **changes), registry)
    assert "--study" in refused.value.detail
    assert "--restart" in refused.value.detail
    assert len(parents(registry)) == 1


def test_without_time_only_the_default_is_tried(registry):
    bowl = Bowl()
    tuned = tune(bowl, replace(PLAN, seconds=0.0), registry)
    assert bowl.tried == [SuccessSettings()]
    assert not tuned.verdict.adopted


def test_two_tunings_do_not_share_a_folder(registry, tmp_path):
    with alone_in(tmp_path), pytest.raises(ConflictError, match="another `waymark tune`"):
        tune(Bowl(), PLAN, registry)
    assert (tmp_path / LOCK).exists()


def test_a_damaged_file_of_studies_is_named(registry, tmp_path):
    (tmp_path / STUDIES).write_text("no database" * 100)
    with pytest.raises(RegistryError, match=r"studies\.db cannot be read"):
        tune(Bowl(), PLAN, registry)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RegistryError, match="studies cannot be kept in"),
        alone_in(tmp_path / "file" / "below"),
    ):
        pass


def test_too_few_validation_learners_are_named(registry):
    with pytest.raises(InvalidValueError, match="only 3 validation learners"):
        tune(Bowl(n_learners=3), PLAN, registry)


def test_a_run_that_mlflow_has_lost_is_replaced(registry):
    before = tune(Bowl(), replace(PLAN, n_trials=3), registry)
    registry.client.delete_run(before.run_id)
    bowl = Bowl()
    tuned = tune(bowl, PLAN, registry)
    assert tuned.run_id != before.run_id
    assert len(bowl.tried) == 6


def test_studies_lie_beside_the_tracking_database(registry, tmp_path):
    tune(Bowl(), replace(PLAN, n_trials=1), registry)
    assert (tmp_path / STUDIES).exists()
