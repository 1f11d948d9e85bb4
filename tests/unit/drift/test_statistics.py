"""Measures of distance against values computed by hand, and what they do where nothing moved."""

import math

import numpy as np
import pytest

from training.drift.statistics import (
    effective_size,
    homogeneity_p,
    index_by_chance,
    jensen_shannon,
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    rate_distances,
    share_above_p,
    stability_index,
)


def counts(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_the_stability_index_is_the_one_computed_by_hand():
    # (.6−.5)·ln(.6/.5) + (.4−.5)·ln(.4/.5) = .1·.182322 + .1·.223144 = .0405465
    index = stability_index(counts(50, 50), counts(60, 40), 1e9, 1e9)
    assert index == pytest.approx(0.0405465, abs=1e-6)


def test_the_continuity_correction_is_half_an_observation_a_cell():
    # p = (10 + .5)/(10 + 1) of 10 in one cell; q the other way round: q − p = 10/11, ratio 21.
    index = stability_index(counts(10, 0), counts(0, 10), 10, 10)
    assert index == pytest.approx(2 * (10 / 11) * math.log(21))


def test_equal_shares_have_no_distance():
    same = counts(10, 30, 60)
    assert stability_index(same, 7 * same, 1e6, 1e6) == pytest.approx(0, abs=1e-9)
    assert jensen_shannon(same, 7 * same) == pytest.approx(0, abs=1e-7)
    assert kolmogorov_smirnov(same, 7 * same) == 0
    assert homogeneity_p(same, 7 * same, 100, 700) == pytest.approx(1)


def test_the_index_by_chance_is_cells_less_one_by_both_sizes():
    assert index_by_chance(11, 100, 200) == pytest.approx(10 * 0.015)


def test_the_index_of_samples_of_one_distribution_is_what_chance_explains():
    rng = np.random.default_rng(0)
    p = np.full(10, 0.1)
    found = [
        stability_index(rng.multinomial(800, p), rng.multinomial(400, p), 800, 400)
        for _ in range(2000)
    ]
    assert np.mean(found) == pytest.approx(index_by_chance(10, 800, 400), rel=0.05)


def test_jensen_shannon_of_disjoint_histograms_is_one():
    assert jensen_shannon(counts(1, 0), counts(0, 1)) == pytest.approx(1)


def test_jensen_shannon_is_the_one_computed_by_hand():
    # p = (1, 0), q = (.5, .5), m = (.75, .25): ½ log2(1/.75) + ½(½ log2(.5/.75) + ½ log2(.5/.25))
    divergence = 0.5 * math.log2(1 / 0.75) + 0.25 * (math.log2(2 / 3) + 1)
    assert jensen_shannon(counts(1, 0), counts(1, 1)) == pytest.approx(math.sqrt(divergence))


def test_pearsons_test_is_the_one_computed_by_hand():
    # 2×2 table 60 40 / 40 60: χ² = 200·(60·60 − 40·40)²/100⁴ = 8, one degree of freedom.
    assert homogeneity_p(counts(60, 40), counts(40, 60), 100, 100) == pytest.approx(
        0.0046777, rel=1e-3
    )


def test_with_one_cell_there_is_nothing_to_differ_in():
    assert homogeneity_p(counts(5), counts(9), 5, 9) == 1


def test_the_largest_gap_of_cumulative_shares():
    # Cumulative .2 .5 1 against .5 .9 1: gaps .3 .4 0.
    assert kolmogorov_smirnov(counts(2, 3, 5), counts(5, 4, 1)) == pytest.approx(0.4)


def test_the_p_value_of_a_distance_is_kolmogorovs():
    # √(100·100/200)·.1923 = 1.36, the 5 % point of Kolmogorov's distribution (1.358).
    assert kolmogorov_smirnov_p(0.19205, 100, 100) == pytest.approx(0.05, abs=0.001)


def test_learners_alike_in_size_count_as_many_as_they_are():
    assert effective_size(np.array([5, 5, 5, 5])) == 4


def test_one_learner_with_most_rows_counts_for_hardly_more_than_one():
    # (91 + 9·1)²/(91² + 9) = 10000/8290
    assert effective_size(np.array([91] + [1] * 9)) == pytest.approx(10_000 / 8290)


def test_nobody_is_worth_nothing():
    assert effective_size(np.zeros(0, dtype=np.int64)) == 0


def test_a_rate_that_moved_gives_cohens_h():
    # 2·asin√.8 − 2·asin√.5 = .643501
    effect, p_value = rate_distances(
        (counts(1e6), counts(5e5)), (counts(1e6), counts(8e5)), 1.0, 1.0
    )
    assert effect == pytest.approx(0.643501, abs=1e-3)
    assert p_value == 0


def test_rates_of_few_attempts_say_nothing():
    none = (counts(4), counts(4))
    assert rate_distances(none, (counts(4), counts(0)), 1.0, 1.0) == (0.0, 1.0)


def test_rates_that_did_not_move_are_significant_at_the_nominal_rate():
    rng = np.random.default_rng(1)
    tried = np.full(10, 400.0)
    p_values = [
        rate_distances(
            (tried, rng.binomial(400, 0.7, 10).astype(float)),
            (tried, rng.binomial(400, 0.7, 10).astype(float)),
            1.0,
            1.0,
        )[1]
        for _ in range(1000)
    ]
    assert 0.03 < np.mean(np.array(p_values) < 0.05) < 0.08


def test_the_probability_of_a_share_is_binomial():
    # P(at least 1 of 3 | .5) = 1 − .125
    assert share_above_p(1 / 3, 3, 0.5) == pytest.approx(0.875)
    assert share_above_p(0.5, 0, 0.5) == 1
