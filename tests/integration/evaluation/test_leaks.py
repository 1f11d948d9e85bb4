"""Nothing of an outcome or of the future reaches a prediction, and a leak would be seen.

Each check runs the functions that `waymark evaluate` runs, and is shown to fail on a planted leak.
"""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from training.evaluation.estimates import auc_over_rows
from training.evaluation.protocols import Protocol, hold_out
from training.evaluation.report import Elapsed, write_report
from training.histories.data import TrainingData, read_folder_data
from training.model_settings import ModelSettings
from training.models import SUCCESS, Judgement, Models, Task, fit_models, judge_models

START = datetime(2026, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
CUTOFF = START + timedelta(days=60)
N_LEARNERS, N_MODULES, N_EACH = 150, 20, 20
MANY_ERRORS = 4.0  # standard errors: one false alarm in 16,000


def answers(rng: np.random.Generator) -> list[tuple[int, int, datetime, bool]]:
    """Draw answers of learners who differ in ability to modules that differ in difficulty."""
    ability, difficulty = rng.normal(size=N_LEARNERS), rng.normal(size=N_MODULES)
    rows = []
    for learner in range(N_LEARNERS):
        days = np.sort(rng.integers(0, 90, N_EACH))
        for module, day in zip(rng.permutation(N_MODULES), days, strict=True):
            p = 1 / (1 + np.exp(difficulty[module] - 1.5 * ability[learner]))
            at = START + timedelta(days=int(day))
            rows.append((learner, int(module), at, bool(rng.random() < p)))
    return rows


def read(rows: list[tuple[int, int, datetime, bool]], folder: Path) -> TrainingData:
    """Write a history folder whose every module has three skills, and read it."""
    folder.mkdir()
    with (folder / "interactions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("learner_id", "module_id", "event", "at", "success"))
        for learner, module, at, success in rows:
            instant, outcome = at.isoformat(), str(success).lower()
            writer.writerow((f"u{learner:03}", f"m{module:02}", "answered", instant, outcome))
    with (folder / "module_skills.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("module_id", "skill_id"))
        for module in range(N_MODULES):
            writer.writerows((f"m{module:02}", f"s{(module + k) % 7}") for k in range(3))
    return read_folder_data(folder, now=NOW)


def asked_for_success(data: TrainingData) -> Task:
    holdout = hold_out(data, Protocol.SPLITS, np.random.default_rng(0), None)
    return Task(data=data, holdout=holdout, seed=0, parts=frozenset({SUCCESS}))


def asked_at_the_cutoff(data: TrainingData, settings: ModelSettings) -> Task:
    holdout = hold_out(data, Protocol.TIME, np.random.default_rng(0), CUTOFF)
    return Task(data=data, holdout=holdout, seed=0, settings=settings)


def judged(task: Task) -> tuple[Models, Judgement]:
    models = fit_models(task)
    return models, judge_models(models, task)


def errors_from_half(judgement: Judgement, model: str) -> float:
    """Return how many standard errors the AUC lies from .5."""
    success = judgement.attempt_success.astype(float)
    estimate = auc_over_rows(success, judgement.logits[model], judgement.attempt_learner)
    return abs(estimate.value - 0.5) / estimate.standard_error


def test_shuffled_outcomes_cannot_be_predicted_and_true_ones_can(tmp_path):
    rng = np.random.default_rng(3)
    rows = answers(rng)
    outcomes = rng.permutation([row[3] for row in rows])
    shuffled = [(*row[:3], bool(one)) for row, one in zip(rows, outcomes, strict=True)]
    for name, given, is_chance in (("true", rows, False), ("shuffled", shuffled, True)):
        _, judgement = judged(asked_for_success(read(given, tmp_path / name)))
        for model in ("logistic", "boosting"):
            assert (errors_from_half(judgement, model) < MANY_ERRORS) is is_chance, (name, model)


def test_answers_given_at_one_instant_and_filed_by_outcome_say_nothing(tmp_path):
    rng = np.random.default_rng(4)
    rows = []
    for learner in range(N_LEARNERS):
        for week in range(4):
            at = START + timedelta(weeks=week)
            outcomes = sorted(bool(one) for one in rng.random(5) < 0.5)
            modules = rng.permutation(N_MODULES)[:5].tolist()
            rows += [
                (learner, module, at, one) for module, one in zip(modules, outcomes, strict=True)
            ]
    _, judgement = judged(asked_for_success(read(rows, tmp_path / "quizzes")))
    for model in ("logistic", "boosting"):
        assert errors_from_half(judgement, model) < MANY_ERRORS


def test_a_model_that_is_told_the_outcome_is_caught(tmp_path):
    rng = np.random.default_rng(5)
    rows = [(*row[:3], bool(rng.random() < 0.5)) for row in answers(rng)]
    task = asked_for_success(read(rows, tmp_path / "coins"))
    _, judgement = judged(task)
    told = 0.1 * judgement.attempt_success + rng.normal(size=len(judgement.attempt_success)) / 10
    caught = Judgement(
        ranked={},
        attempt_learner=judgement.attempt_learner,
        attempt_success=judgement.attempt_success,
        logits={"peeking": told},
    )
    assert errors_from_half(caught, "peeking") > MANY_ERRORS


@pytest.fixture(scope="module")
def past_and_future(tmp_path_factory, rough_settings):
    """Judge what `time` asks, without and with more events after those that are asked about."""
    folder = tmp_path_factory.mktemp("future")
    rng = np.random.default_rng(6)
    rows = answers(rng)
    later = NOW - timedelta(days=1)
    more = [
        (learner, int(rng.integers(N_MODULES)), later, bool(rng.random() < 0.5))
        for learner in range(0, N_LEARNERS, 2)
        for _ in range(5)
    ]
    short = asked_at_the_cutoff(read(rows, folder / "short"), rough_settings)
    long = asked_at_the_cutoff(read(rows + more, folder / "long"), rough_settings)
    return (short, *judged(short)), (long, *judged(long))


def changed_by_the_future(past_and_future, predict) -> bool:
    """Tell whether more events change predictions of earlier attempts; `predict` takes a log."""
    (short, *_), (long, *_) = past_and_future
    known = long.data.log.at_seconds <= short.data.log.at_seconds.max()
    return not np.array_equal(predict(short), predict(long)[known], equal_nan=True)


def test_later_events_change_no_earlier_prediction_by_a_bit(past_and_future):
    (short, models, judgement), (long, later_models, later_judgement) = past_and_future
    known = long.data.log.at_seconds <= short.data.log.at_seconds.max()
    still_asked = known[long.holdout.asked_attempts]
    assert 0 < still_asked.sum() < len(still_asked)
    for model, logits in judgement.logits.items():
        np.testing.assert_array_equal(logits, later_judgement.logits[model][still_asked])
    for name, own in models.success.model.to_arrays().items():
        np.testing.assert_array_equal(own, later_models.success.model.to_arrays()[name])


def test_later_events_change_no_ranking_of_an_earlier_question(past_and_future):
    (short, _, judgement), (long, _, later_judgement) = past_and_future
    same = np.isin(long.holdout.question.learner, short.holdout.question.learner)
    np.testing.assert_array_equal(short.holdout.question.target, long.holdout.question.target[same])
    for model, ranked in judgement.ranked.items():
        np.testing.assert_array_equal(ranked.rank, later_judgement.ranked[model].rank[same])
        np.testing.assert_array_equal(ranked.top, later_judgement.ranked[model].top[same])


def test_a_feature_that_looks_ahead_is_caught(past_and_future):
    def share_of_all_wins(task: Task) -> np.ndarray:
        log = task.data.log
        won = np.bincount(log.learner, log.success, log.n_learners) / np.diff(log.starts)
        return won[log.learner]

    def wins_before(task: Task) -> np.ndarray:
        log = task.data.log
        won = np.concatenate([[0], np.cumsum(log.success)])
        return (won[:-1] - won[log.starts[log.learner]]).astype(float)

    assert changed_by_the_future(past_and_future, share_of_all_wins)
    assert not changed_by_the_future(past_and_future, wins_before)


def test_an_attempt_on_a_module_of_three_skills_is_one_row(past_and_future):
    (task, models, judgement), _ = past_and_future
    report = write_report("time", task, models, judgement, Elapsed(seconds=1.0, peak_memory_mb=1.0))
    log = task.data.log
    n_asked = int((log.at_seconds >= CUTOFF.timestamp()).sum())
    assert {metrics["n_attempts"] for metrics in report["success"].values()} == {n_asked}
    assert len(judgement.logits["boosting"]) == n_asked
