"""Sizes are those of statsmodels, clusters cost their design effect, and plans come true."""

import numpy as np
import pytest

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.power import (
    Design,
    design_effect,
    intraclass_correlation,
    minimum_detectable_effect,
    planned_size,
    power_of,
    weeks_needed,
)

PLAIN = Design(standard_deviation=1.0)


def test_sizes_effects_and_power_are_those_of_statsmodels():
    """`tt_ind_solve_power` of statsmodels 0.15: 393.4056930 an arm, and so on."""
    assert planned_size(PLAIN, 0.2) == 787
    uneven = Design(standard_deviation=1.0, treatment_share=0.75)
    assert planned_size(uneven, 0.5, power=0.9) == 227  # 56.524 × 4
    assert minimum_detectable_effect(PLAIN, 200) == pytest.approx(0.3981391138964959, rel=1e-5)
    assert power_of(PLAIN, 300, 0.3) == pytest.approx(0.7355674309302966)


def test_clusters_multiply_the_size_by_their_design_effect():
    clustered = Design(standard_deviation=1.0, design_effect=3.0)
    assert planned_size(clustered, 0.2) == pytest.approx(3 * planned_size(PLAIN, 0.2), abs=3)


def test_reading_at_every_look_costs_learners():
    always = Design(standard_deviation=1.0, always_valid=True)
    size = planned_size(always, 0.2)
    assert 1.8 < size / planned_size(PLAIN, 0.2) < 2.0
    assert minimum_detectable_effect(always, size) == pytest.approx(0.2, rel=1e-3)


def test_design_effect_is_eldridges():
    assert design_effect(np.array([10, 10]), 0.1) == pytest.approx(1.9)
    assert design_effect(np.array([5, 15]), 0.1) == pytest.approx(1.0 + (12.5 - 1.0) * 0.1)


def test_intraclass_correlation_is_that_of_the_analysis_of_variance():
    """By hand: MSB = 18, MSW = 1, m₀ = 2, so that 17/19."""
    values = np.array([0.0, np.sqrt(2), 3.0, 3.0 + np.sqrt(2), 6.0, 6.0 + np.sqrt(2)])
    assert intraclass_correlation(values, np.array([1, 1, 2, 2, 3, 3])) == pytest.approx(17 / 19)
    assert intraclass_correlation(np.array([0.0, 9.0, 0.0, 9.0]), np.array([1, 1, 2, 2])) == 0.0


def test_weeks_are_arrivals_and_maturity():
    assert weeks_needed(300, 100, maturity_days=14) == 5.0


@pytest.mark.parametrize(
    "bad",
    [
        lambda: planned_size(PLAIN, 0.0),
        lambda: planned_size(PLAIN, 0.2, power=1.0),
        lambda: Design(standard_deviation=1.0, treatment_share=1.0),
        lambda: Design(standard_deviation=1.0, design_effect=0.0),
    ],
)
def test_bad_plans_are_named(bad):
    with pytest.raises(InvalidValueError):
        bad()


@pytest.mark.parametrize(
    "unknown",
    [
        lambda: Design(standard_deviation=0.0),
        lambda: planned_size(PLAIN, 1e-9),
        lambda: power_of(PLAIN, 2, 1.0),
        lambda: weeks_needed(10, 0.0),
        lambda: design_effect(np.array([], dtype=np.int64), 0.1),
        lambda: intraclass_correlation(np.array([1.0, 2.0]), np.array([1, 1])),
        lambda: intraclass_correlation(np.array([1.0, 2.0]), np.array([1, 2])),
        lambda: intraclass_correlation(np.ones(4), np.array([1, 1, 2, 2])),
    ],
)
def test_plans_that_cannot_be_made_say_so(unknown):
    with pytest.raises(CannotTellError):
        unknown()


def test_planned_power_comes_true():
    rng = np.random.default_rng(0)
    n = planned_size(PLAIN, 0.5) // 2
    arms = rng.normal(size=(2, 2_000, n))
    value = arms[1].mean(axis=1) + 0.5 - arms[0].mean(axis=1)
    error = np.sqrt(arms.var(axis=2, ddof=1).sum(axis=0) / n)
    assert np.mean(np.abs(value) > 1.98 * error) == pytest.approx(0.8, abs=0.03)
