"""Always-valid intervals agree with GrowthBook's, and hold at every look where fixed ones break."""

import numpy as np
import pytest
from scipy import stats

from features.domain.errors import InvalidValueError
from training.experiments.estimates import Moments, effect_of_moments
from training.experiments.results import student_difference
from training.experiments.sequential import always_valid, always_valid_p, half_width


def of_sums(n: int, total: float, squares: float) -> Moments:
    return Moments(n=n, mean=total / n, variance=(squares - total**2 / n) / (n - 1))


def of_share(n: int, hits: int) -> Moments:
    share = hits / n
    return Moments(n=n, mean=share, variance=share * (1.0 - share))


@pytest.mark.parametrize(
    ("control", "treatment", "planned_n", "expected"),
    [
        (  # gbstats, test_sequential_test_runs
            of_sums(3000, 1396.87, 52377.9767),
            of_sums(3461, 2422.7, 134698.29),
            1000,
            [0.50336, -0.55844, 1.56516],
        ),
        (  # gbstats, test_sequential_test_runs_prop
            of_share(3000, 1396),
            of_share(3461, 2422),
            5000,
            [0.50386, 0.40098, 0.60675],
        ),
    ],
)
def test_interval_is_that_of_growthbook(control, treatment, planned_n, expected):
    effect = effect_of_moments(control, treatment)
    found = always_valid(effect.relative, effect.n, planned_n)
    assert [effect.relative.value, found.low, found.high] == pytest.approx(expected, abs=6e-6)


def test_nothing_found_has_a_p_value_of_one():
    """Gbstats, test_sequential_test_runs."""
    effect = effect_of_moments(of_sums(3000, 1396.87, 52377.9767), of_sums(3461, 2422.7, 134698.29))
    assert always_valid(effect.relative, effect.n, 1000).p_value == 1.0


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("n", [10, 500, 90_000])
def test_p_value_is_alpha_where_the_interval_touches_nought(n, alpha):
    edge = half_width(0.3, n, 800, alpha)
    assert always_valid_p(edge, 0.3, n, 800, alpha) == pytest.approx(alpha)


def test_interval_is_tightest_beside_the_planned_size():
    """Against the fixed interval, over sizes: no other plan is tighter at 1,000."""
    plans = [250, 500, 1_000, 2_000, 4_000]
    widths = [float(half_width(1.0, 1_000, plan)) for plan in plans]
    assert np.argmin(widths) == plans.index(1_000)


@pytest.mark.parametrize(("n", "planned_n", "alpha"), [(0, 9, 0.05), (9, 0, 0.05), (9, 9, 1.0)])
def test_bad_sizes_and_levels_are_named(n, planned_n, alpha):
    with pytest.raises(InvalidValueError):
        always_valid(student_difference(1.0, 1.0, 9.0), n, planned_n, alpha)


def test_looking_often_breaks_fixed_intervals_and_not_these():
    """300 A/A experiments read after every ten learners an arm, from 100 to 1,000 an arm."""
    rng = np.random.default_rng(3)
    arms = rng.exponential(size=(2, 300, 1_000))
    n = np.arange(1, 1_001)
    means = np.cumsum(arms, axis=2) / n
    variances = np.cumsum(arms**2, axis=2) / n - means**2
    looks = np.arange(100, 1_001, 10) - 1
    value = (means[1] - means[0])[:, looks]
    error = np.sqrt(variances.sum(axis=0)[:, looks] / looks)
    fixed = np.any(np.abs(value) > 1.96 * error, axis=1)
    reach = half_width(error, 2 * n[looks], 2_000)
    valid = np.any(np.abs(value) > reach, axis=1)
    upper = stats.binomtest(int(valid.sum()), 300).proportion_ci(0.9).high
    assert upper <= 0.065
    assert fixed.mean() > 0.15
