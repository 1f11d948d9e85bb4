"""Arms whose sizes or beginnings cannot be chance are found; chance rarely is taken for it."""

import numpy as np
import pytest
from scipy import stats

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.balance import imbalance_before, sample_ratio


def test_one_period_is_pearsons_chi_square():
    counts, weights = np.array([[480, 530, 1_010]]), np.array([[0.25, 0.25, 0.5]])
    found = sample_ratio(counts, weights)
    known = stats.chisquare(counts[0], counts.sum() * weights[0])
    assert (found.statistic, found.p_value) == pytest.approx((known.statistic, known.pvalue))
    assert found.degrees == 2
    assert not found.is_mismatch


def test_one_period_may_come_without_the_other_axis():
    counts, weights = np.array([480, 530]), np.array([0.5, 0.5])
    flat, whole = sample_ratio(counts, weights), sample_ratio(counts[None], weights[None])
    assert (flat.statistic, flat.degrees) == (whole.statistic, 1)


def test_published_mismatch_is_found():
    """Kohavi, Tang & Xu (2020), Trustworthy online controlled experiments: p = 1.8e-6."""
    found = sample_ratio(np.array([[821_588, 815_482]]), np.array([[0.5, 0.5]]))
    assert found.p_value == pytest.approx(1.8e-6, rel=0.05)
    assert found.is_mismatch


def test_a_change_of_weights_is_no_mismatch():
    counts = np.array([[900, 100], [505, 495]])
    weights = np.array([[0.9, 0.1], [0.5, 0.5]])
    found = sample_ratio(counts, weights)
    assert found.statistic == pytest.approx(0.1)
    assert found.degrees == 2
    np.testing.assert_allclose(found.expected, [1_400.0, 600.0])
    assert sample_ratio(counts.sum(axis=0, keepdims=True), np.array([[0.5, 0.5]])).is_mismatch


def test_a_learner_in_an_arm_of_no_weight_is_a_mismatch():
    found = sample_ratio(np.array([[50, 50, 1]]), np.array([[0.5, 0.5, 0.0]]))
    assert found.p_value == 0.0
    assert found.is_mismatch


def test_empty_periods_and_arms_count_for_nothing():
    found = sample_ratio(
        np.array([[60, 40, 0], [0, 0, 0]]), np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    )
    assert (found.statistic, found.degrees) == (pytest.approx(4.0), 1)


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        ([[5, 5]], [[0.5, 0.4]]),
        ([[5, 5]], [[1.5, -0.5]]),
        ([[5, -5]], [[0.5, 0.5]]),
        ([[5, 5]], [[0.5, 0.25, 0.25]]),
    ],
)
def test_bad_weights_are_named(counts, weights):
    with pytest.raises(InvalidValueError):
        sample_ratio(np.array(counts), np.array(weights))


def test_nobody_exposed_cannot_tell():
    with pytest.raises(CannotTellError, match="nobody was exposed"):
        sample_ratio(np.array([[0, 0]]), np.array([[0.5, 0.5]]))


def test_daily_looks_rarely_raise_a_false_alarm():
    rng = np.random.default_rng(5)
    first = np.cumsum(rng.binomial(40, 0.5, size=(300, 365)), axis=1)
    days = np.arange(1, 366) * 40
    looks = [0, 1, 5, 20, 80, 364]
    alarms = [
        any(
            sample_ratio(
                np.array([[row[day], days[day] - row[day]]]), np.array([[0.5, 0.5]])
            ).is_mismatch
            for day in looks
        )
        for row in first
    ]
    assert np.mean(alarms) <= 0.03


def test_arms_that_began_apart_are_found():
    rng = np.random.default_rng(0)
    control = rng.normal(size=500)
    found = imbalance_before(control, np.append(rng.normal(0.5, size=499), np.nan))
    assert found.is_alarming
    assert found.standardised == pytest.approx(0.5, abs=0.1)
    assert found.n_unknown == 1
    assert not imbalance_before(control, rng.normal(size=500)).is_alarming


def test_a_past_nobody_has_cannot_tell():
    with pytest.raises(CannotTellError):
        imbalance_before(np.full(3, np.nan), np.full(3, np.nan))
