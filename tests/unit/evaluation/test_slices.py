"""Slices and comparisons on scores whose truth is known."""

import numpy as np
import pytest

from training.evaluation.comparisons import RankingScores, SuccessScores, compare
from training.evaluation.groups import Judged, Labels
from training.evaluation.ranking import sequences_from
from training.evaluation.ranking_metrics import RankedTargets, popularity_lift
from training.evaluation.slices import Contest, cold_slices, slice_rows

N = 600


def ranked(rank):
    return RankedTargets(
        rank=np.asarray(rank), top=np.zeros((len(rank), 10), dtype=np.int32), n_modules=5
    )


def scores():
    """The chosen model puts every target first; the baseline half of them beyond the tenth."""
    good, poor = np.ones(N, dtype=np.int64), np.where(np.arange(N) % 2, 1, 11)
    return RankingScores(
        ranked={"blend": ranked(good), "popularity": ranked(poor)},
        learner=np.arange(N),
        seed=0,
    )


def judged(code, names=("x", "y", "z"), cold=None):
    nobody = np.zeros(N, dtype=bool)
    return Judged(
        learner=np.arange(N),
        labels={"team": Labels(names=names, code=np.asarray(code))},
        is_cold_learner=nobody if cold is None else cold,
        is_cold_module=nobody,
        many_valued=("name",),
    )


def contest():
    own = scores()
    return Contest(
        chosen="blend", baseline="popularity", measure=own.measure, difference=own.ndcg_at_10
    )


def test_each_large_group_has_both_models_and_their_difference():
    sliced = slice_rows(judged(np.arange(N) % 2), contest())
    x, y = sliced["rows"]
    assert (x["attribute"], x["value"], x["n_learners"], x["pooled"]) == ("team", "x", 300, [])
    assert x["chosen"]["ndcg_at_10"] == 1.0
    assert x["baseline"]["hr_at_10"] == 0.0
    assert x["better_by"] == 1.0
    assert y["better_by"] == 0.0
    assert sliced["too_many_values"] == ["name"]


def test_small_groups_are_pooled_and_named():
    code = np.where(np.arange(N) < 401, 0, np.where(np.arange(N) < 500, 1, 2))
    x, pooled = slice_rows(judged(code), contest())["rows"]
    assert x["n_learners"] == 401
    assert pooled["pooled"] == ["y", "z"]
    assert pooled["n_learners"] == 199


def test_an_attribute_without_a_large_group_is_said_to_be_so():
    sliced = slice_rows(judged(np.arange(N) % 6, names=tuple("abcdef")), contest())
    assert sliced["rows"] == []
    assert sliced["too_small"] == ["team"]


def test_cold_learners_are_measured_however_few():
    cold = np.arange(N) < 2
    found = cold_slices(judged(np.zeros(N, dtype=int), cold=cold), contest())
    assert found["learners"]["n_learners"] == 2
    assert found["learners"]["better_by"] == 0.5
    assert found["modules"] == {"n_rows": 0}


def test_every_baseline_is_compared_and_p_values_are_adjusted_together():
    own = scores()
    own.ranked["als"] = ranked(np.where(np.arange(N) < 590, 1, 2))
    found = compare("blend", ["popularity", "als"], own.ndcg_at_10, N)
    assert found["popularity"]["better_by"] == pytest.approx(0.5)
    assert found["popularity"]["p_holm"] < 1e-50
    assert found["als"]["p_holm"] == found["als"]["p_value"] < 0.01
    assert found["als"]["better_by_ci"][0] > 0.0


def success_scores(n_each=5):
    drawn = np.random.default_rng(0)
    learner = np.repeat(np.arange(N), n_each)
    truth = drawn.normal(size=N)[learner]
    success = (drawn.random(len(learner)) < 1 / (1 + np.exp(-truth))).astype(float)
    return SuccessScores(
        logits={"own": truth, "mean": np.zeros(len(truth))}, success=success, learner=learner
    )


def test_log_loss_is_compared_by_attempt_and_doubted_by_learner():
    own = success_scores()
    everything = np.ones(len(own.success), dtype=bool)
    by_hand = np.log(2.0) - np.mean(
        np.logaddexp(0, own.logits["own"]) - own.success * own.logits["own"]
    )
    found = own.log_loss("own", "mean", everything)
    assert found.value == pytest.approx(by_hand)
    assert found.n_learners == N
    assert own.auc("own", "mean", everything).value > 0.1


def test_a_calibrated_model_errs_about_as_chance_has_it():
    own = success_scores(n_each=20)
    measured = own.measure("own", np.ones(len(own.success), dtype=bool))
    assert 0.5 < measured["ece"] / measured["ece_by_chance"] < 2.0
    assert measured["auc_ci"][0] < measured["auc"] < measured["auc_ci"][1]


def test_where_nobody_fails_there_is_no_auc():
    own = success_scores()
    won = own.success > 0
    assert own.measure("own", won)["auc_ci"] is None
    assert own.auc("own", "mean", won) is None
    assert compare("own", ["mean"], lambda *_: None, 3) == {}


def test_recommending_what_is_twice_as_popular_as_what_was_met_is_a_lift_of_one():
    met = np.array([10, 20, 30])
    top = np.array([[1, -1], [1, -1], [2, 2]], dtype=np.int32)
    found = RankedTargets(rank=np.ones(3, dtype=np.int64), top=top, n_modules=3)
    history = sequences_from([[0], [0], []])
    assert popularity_lift(found, history, met) == pytest.approx(1.0)


def test_without_history_there_is_no_lift():
    found = ranked(np.ones(2, dtype=np.int64))
    assert popularity_lift(found, sequences_from([[], []]), np.arange(5)) is None
