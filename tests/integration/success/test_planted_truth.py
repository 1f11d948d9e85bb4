from dataclasses import replace

import numpy as np
import pytest

from features.encode.log import InteractionLog
from features.score.mastery import mastery
from training.success.evaluate import evaluate_success
from training.success.fit import FittedSuccess, SuccessHistories, fit_success

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted(academy, split) -> FittedSuccess:
    train, valid, _ = split(academy.log)
    data = SuccessHistories(train=train, valid=valid, index=academy.index)
    return fit_success(data, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def standings(academy, split, fitted) -> np.ndarray:
    """Return rows of mastery, true level, evidence count and standard error of unseen learners."""
    test = split(academy.log)[2]
    number = {name: row for row, name in enumerate(academy.log.learner_ids)}
    bound = fitted.model.bind(academy.index)
    rows = []
    for row, name in enumerate(test.learner_ids):
        one = test.take_learners(np.arange(test.n_learners) == row)
        (standing,) = mastery(bound, bound.learner_states(one, one.at_seconds[-1:]))
        truth = academy.level[number[name]]
        rows.append(
            np.column_stack([standing.mastery, truth, standing.n_evidence, standing.standard_error])
        )
    return np.concatenate(rows)


def test_mastery_goes_with_the_true_level(standings) -> None:
    estimate, truth, n_evidence, _ = standings.T
    known = n_evidence >= 5
    assert known.sum() > 300
    assert np.corrcoef(estimate[known], truth[known])[0, 1] >= 0.8


@pytest.mark.parametrize("at_least", [0, 1, 5])
def test_mastery_is_unbiased_on_the_scale(standings, at_least: int) -> None:
    estimate, truth, n_evidence, _ = standings.T
    known = n_evidence >= at_least
    assert abs((estimate - truth)[known].mean()) <= 0.05


def test_the_standard_error_is_the_size_of_the_error(standings) -> None:
    estimate, truth, n_evidence, error = standings.T
    known = n_evidence >= 1
    rmse = np.sqrt(np.mean((estimate - truth)[known] ** 2))
    assert 0.7 < np.sqrt(np.mean(error[known] ** 2)) / rmse < 1.5


def test_signs_of_gain_are_right_where_many_completed(academy, fitted) -> None:
    gain = fitted.gain
    many = academy.is_content & (gain.n_completions >= 200)
    assert many.sum() >= 20
    assert np.mean((gain.gain > 0)[many] == (academy.gain > 0)[many]) >= 0.9
    assert np.corrcoef(gain.gain[many], academy.gain[many])[0, 1] > 0.5


def test_models_beat_the_means(academy, split, fitted) -> None:
    _assert_better(fitted, academy.index, split(academy.log)[2], auc=0.02)


def test_models_beat_the_means_where_only_the_order_is_known(tutor, split) -> None:
    train, valid, test = split(tutor.log)
    data = SuccessHistories(train=train, valid=valid, index=tutor.index)
    fitted = fit_success(data, rng=np.random.default_rng(0))
    assert fitted.spread.log_loss_by_half_life_days == {}
    _assert_better(fitted, tutor.index, test, auc=0.03)


def test_shuffled_results_cannot_be_predicted(tutor, split) -> None:
    """Any column that saw its own row's result would find it again here."""
    train, valid, test = (
        replace(part, success=np.random.default_rng(4).permutation(part.success))
        for part in split(tutor.log)
    )
    data = SuccessHistories(train=train, valid=valid, index=tutor.index)
    fitted = fit_success(data, rng=np.random.default_rng(0))
    models = {name: model.bind(tutor.index) for name, model in fitted.candidates.items()}
    metrics = evaluate_success(models, test, np.ones(len(test), dtype=bool))
    assert all(abs(metrics[name]["auc"] - 0.5) < 0.02 for name in models)


def test_equal_data_and_seed_give_equal_bytes(tutor, split) -> None:
    train, valid, _ = split(tutor.log)
    few = np.arange(train.n_learners) < 200
    data = SuccessHistories(train=train.take_learners(few), valid=valid, index=tutor.index)
    first, second = (
        fit_success(data, rng=np.random.default_rng(6)).candidates["boosting"].to_arrays()
        for _ in range(2)
    )
    assert first.keys() == second.keys()
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_without_judged_attempts_there_is_nothing_to_fit(academy, split) -> None:
    train, valid, _ = split(academy.log)
    unjudged = train.take(train.success < 0)
    data = SuccessHistories(train=unjudged, valid=valid, index=academy.index)
    assert fit_success(data, rng=np.random.default_rng(0)) is None


@pytest.mark.parametrize("success", [0, 1])
def test_results_that_are_all_alike_still_give_a_model(tutor, split, success: int) -> None:
    train, valid, test = (
        replace(part, success=np.full_like(part.success, success)) for part in split(tutor.log)
    )
    few = np.arange(train.n_learners) < 60
    data = SuccessHistories(train=train.take_learners(few), valid=valid, index=tutor.index)
    fitted = fit_success(data, rng=np.random.default_rng(0))
    logits = fitted.model.bind(tutor.index).predict_attempts(test)
    assert np.isfinite(logits).all()
    assert np.mean((logits > 0) == success) > 0.9


def _assert_better(fitted: FittedSuccess, index, test: InteractionLog, *, auc: float) -> None:
    models = {name: model.bind(index) for name, model in fitted.candidates.items()}
    metrics = evaluate_success(
        models | dict(fitted.baselines), test, np.ones(len(test), dtype=bool)
    )
    chosen = metrics[fitted.chosen]
    for name in fitted.baselines:
        assert chosen["auc"] > metrics[name]["auc"] + auc
        assert chosen["log_loss"] < metrics[name]["log_loss"] - 0.01
    assert chosen["ece"] < 0.03
