"""Predictions of live events beside held-out figures, on numbers made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel
from features.score.snapshot import Snapshot
from features.score.untrained import untrained_success
from training.drift.compare import Verdict, adjusted
from training.drift.performance import FEWEST_LEARNERS, Live, judge_live, next_modules
from training.gate import HeldOutResults

N = 50


def snapshot_of(data, popularity) -> Snapshot:
    ranking = to_arrays(RankingModel(popularity=popularity)) | {
        "module_ids": np.array(data.log.module_ids.ids),
        "role_ids": np.array([], dtype=np.str_),
        "met_by_role": np.zeros((0, len(popularity))),
    }
    success = untrained_success().to_arrays()
    arrays = {f"ranking.{name}": array for name, array in ranking.items()}
    arrays |= {f"success.{name}": array for name, array in success.items()}
    metrics = {
        "ranking": {"popularity": {"hr_at_10": 0.9}},
        "success": {"logistic": {"ece": 0.02, "auc": None}},
    }
    return Snapshot(manifest={"metrics": metrics}, arrays=arrays, version="1")


def held_out(ndcg: float, loss: float, n: int = N) -> HeldOutResults:
    noise = np.random.default_rng(9).normal(0, 0.01, n)
    return HeldOutResults(
        learner_ids=np.array([f"h{k}" for k in range(n)]),
        asked=np.arange(n, dtype=np.uint64),
        ndcg_at_10={"popularity": ndcg + noise},
        log_loss={"logistic": np.append(loss + noise[1:], np.nan)},
        ece={"logistic": 0.02},
        n_attempts=1000,
        slices={},
        chosen_ranking="popularity",
        chosen_success="logistic",
    )


def judged(data, results, rows=None):
    popularity = np.linspace(1.0, 12.0, 12)
    live = Live(data=data, rows=np.ones(len(data.log), dtype=bool) if rows is None else rows)
    movements = judge_live(live, snapshot_of(data, popularity), results)
    return {one.name: one for one in adjusted(movements)}


def test_predictions_as_good_as_when_held_out_are_stable(make_data):
    found = judged(make_data(), held_out(ndcg=0.0, loss=5.0))
    assert list(found) == ["next module (NDCG@10)", "p_success (log loss)", "p_success (ECE)"]
    assert found["next module (NDCG@10)"].verdict is Verdict.STABLE
    assert found["p_success (log loss)"].verdict is Verdict.STABLE


def test_predictions_that_got_worse_have_drifted(make_data):
    found = judged(make_data(p_success=0.5), held_out(ndcg=0.99, loss=0.1))
    assert found["next module (NDCG@10)"].verdict is Verdict.DRIFTED
    assert found["p_success (log loss)"].verdict is Verdict.DRIFTED
    measures = found["p_success (log loss)"].measures
    assert measures["log_loss_then"] == pytest.approx(0.1, abs=0.01)
    assert "auc_then" not in measures
    assert 0 <= measures["auc_now"] <= 1


def test_a_calibration_error_beyond_chance_has_drifted(make_data):
    found = judged(make_data(400, p_success=0.05), held_out(ndcg=0.0, loss=5.0))
    assert found["p_success (ECE)"].verdict is Verdict.DRIFTED
    assert found["p_success (ECE)"].measures["ece_then"] == 0.02


@pytest.mark.parametrize("n", [FEWEST_LEARNERS - 1, FEWEST_LEARNERS + 1])
def test_few_held_out_learners_are_no_yardstick(make_data, n):
    found = judged(make_data(), held_out(ndcg=0.0, loss=5.0, n=n))
    assert bool(found) == (n > FEWEST_LEARNERS)


def test_halves_that_were_not_trained_are_not_judged(make_data):
    untrained = replace(held_out(0.5, 0.5), chosen_ranking=None, chosen_success=None)
    assert judged(make_data(), untrained) == {}


def test_the_first_new_module_after_training_is_asked_for_from_what_came_before(make_data):
    data = make_data(n_learners=3, n_events=4)
    module = np.array([0, 1, 1, 2, 3, 3, 4, 5, 6, 7, 8, 6], dtype=np.int32)
    at = np.array([1, 2, 11, 12, 1, 2, 11, 12, 11, 12, 13, 14], dtype=np.float64) + 1.7e9
    data = replace(data, log=replace(data.log, module=module, at_seconds=at))
    question = next_modules(Live(data=data, rows=at > 1.7e9 + 10), np.ones(3, dtype=bool))
    # Module 1 was met before; the third learner has no history to rank from.
    assert question.learner.tolist() == [0, 1]
    assert question.target.tolist() == [2, 4]
    assert [question.history.of(k).tolist() for k in range(2)] == [[0, 1], [3]]


def test_where_all_is_live_the_last_new_module_is_asked_for(make_data):
    data = make_data(n_learners=1, n_events=4)
    module = np.array([0, 1, 2, 1], dtype=np.int32)
    data = replace(data, log=replace(data.log, module=module))
    question = next_modules(Live(data=data, rows=np.ones(4, dtype=bool)), np.ones(1, dtype=bool))
    assert question.target.tolist() == [2]
    assert question.history.of(0).tolist() == [0, 1]
