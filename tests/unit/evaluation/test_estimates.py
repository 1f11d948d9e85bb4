"""Intervals and p-values whose doubt comes from learners."""

import numpy as np
import pytest
from scipy import stats

from training.evaluation.estimates import (
    adjust_p_values,
    auc_over_rows,
    mean_over_rows,
    share_interval,
)


def rng():
    return np.random.default_rng(0)


def test_with_one_row_a_learner_a_difference_is_the_paired_t_test():
    values = rng().normal(0.1, 1.0, 200)
    estimate = mean_over_rows(values, np.arange(200))
    expected = stats.ttest_1samp(values, 0.0)
    assert estimate.p_value == pytest.approx(expected.pvalue)
    assert estimate.interval == pytest.approx(list(expected.confidence_interval()))


def test_repeating_every_row_of_a_learner_adds_no_certainty():
    values = rng().normal(size=50)
    once = mean_over_rows(values, np.arange(50))
    thrice = mean_over_rows(np.repeat(values, 3), np.repeat(np.arange(50), 3))
    assert thrice.value == pytest.approx(once.value)
    assert thrice.standard_error == pytest.approx(once.standard_error)


def test_clustered_intervals_cover_the_truth_where_those_of_rows_do_not():
    covered = {"learners": 0, "rows": 0}
    for seed in range(200):
        drawn = np.random.default_rng(seed)
        learner = np.repeat(np.arange(40), 10)
        values = drawn.normal(size=40)[learner] + 0.3 * drawn.normal(size=400)
        for name, of in (("learners", learner), ("rows", np.arange(400))):
            low, high = mean_over_rows(values, of).interval
            covered[name] += low <= 0.0 <= high
    assert covered["learners"] > 180
    assert covered["rows"] < 120


def test_auc_counts_ties_half():
    estimate = auc_over_rows(np.array([1.0, 0.0, 0.0]), np.array([0.5, 0.5, 0.1]), np.arange(3))
    assert estimate.value == 0.75


def test_auc_has_delongs_error_where_every_row_is_another_learners():
    success = (rng().random(60) < 0.5).astype(float)
    scores = rng().normal(size=60) + success
    wins, fails = scores[success > 0], scores[success == 0]
    above = (wins[:, None] > fails) + 0.5 * (wins[:, None] == fails)
    expected = above.mean(axis=1).var() / len(wins) + above.mean(axis=0).var() / len(fails)
    estimate = auc_over_rows(success, scores, np.arange(60))
    assert estimate.standard_error**2 * 59 / 60 == pytest.approx(expected)


def test_auc_needs_both_kinds_of_outcome():
    assert auc_over_rows(np.ones(4), np.arange(4.0), np.arange(4)) is None


def test_a_difference_of_equals_is_certainly_nothing():
    one = mean_over_rows(rng().normal(size=30), np.arange(30))
    nothing = one - one
    assert nothing.p_value == 1.0
    assert nothing.interval == [0.0, 0.0]


def test_the_same_difference_for_everyone_is_certain():
    estimate = mean_over_rows(np.full(30, 0.2), np.arange(30))
    assert estimate.p_value == 0.0


def test_one_learner_gives_a_number_but_no_interval():
    estimate = mean_over_rows(np.array([0.2, 0.4]), np.array([7, 7]))
    assert estimate.value == pytest.approx(0.3)
    assert estimate.interval is None
    assert estimate.p_value is None


def test_holm_multiplies_the_kth_smallest_by_what_remains_and_never_falls():
    adjusted = adjust_p_values({"a": 0.03, "b": 0.01, "c": 0.04, "d": None})
    assert adjusted == {"a": pytest.approx(0.06), "b": pytest.approx(0.03), "c": 0.06, "d": None}


def test_the_interval_of_a_share_is_wilsons():
    # Newcombe (1998), table I: 81 of 263.
    assert share_interval(81, 263) == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert share_interval(0, 10)[0] == 0.0
    assert share_interval(0, 10)[1] > 0.2
