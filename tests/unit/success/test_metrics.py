import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.success.metrics import auc, calibration_error, success_metrics


def test_auc_counts_ties_half() -> None:
    success = np.array([0.0, 1.0, 1.0, 0.0])
    assert auc(success, np.array([0.1, 0.1, 0.8, 0.4])) == pytest.approx((0.5 + 0 + 1 + 1) / 4)


def test_auc_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    success, scores = (rng.random(500) < 0.3).astype(float), rng.normal(size=500).round(1)
    assert auc(success, scores) == pytest.approx(roc_auc_score(success, scores))


def test_calibration_error_is_the_mean_gap_of_equal_bins() -> None:
    p = np.repeat([0.2, 0.8], 15)
    success = np.concatenate([np.zeros(15), np.ones(15)])
    # 15 bins of two; the middle one holds .2 and .8, a failure and a success: no gap there
    assert calibration_error(success, p) == pytest.approx(14 / 15 * 0.2)
    assert calibration_error(np.full(30, 1.0), np.full(30, 1.0)) == 0.0


@pytest.mark.parametrize(("success", "known"), [([], False), ([1.0, 1.0], True)])
def test_metrics_without_meaning_are_none(success: list[float], known: bool) -> None:
    metrics = success_metrics(np.array(success), np.zeros(len(success)))
    assert metrics["auc"] is None
    assert (metrics["log_loss"] is not None) == known
    assert metrics["n_attempts"] == len(success)
