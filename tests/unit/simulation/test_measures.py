"""What is measured of outcomes, against values computed by hand."""

from math import inf

import numpy as np
import pytest
from scipy import stats

from training.simulation.loop import Outcome
from training.simulation.measures import difference, estimate, gather, ratio, shares_by_week
from training.simulation.parameters import Programme


def outcome(competent: float = inf, completed: float = inf, left: float = inf) -> Outcome:
    return Outcome(
        competent_week=competent,
        completed_week=min(competent, completed),
        left_week=left,
        minutes=60.0,
        retained=0.8,
        followed_up=0.7,
        n_modules=3,
    )


def results(*weeks: float, seed: int = 0):
    return gather({seed: [outcome(competent=week) for week in weeks]}, 39.0)


def test_the_restricted_mean_counts_the_horizon_where_it_never_came():
    found = results(10.0, 20.0, inf, 50.0)
    assert estimate(found, "weeks_to_competency").value == (10 + 20 + 39 + 39) / 4


def test_the_restricted_mean_is_the_area_under_the_share_not_yet_competent():
    weeks = np.array([3.0, 10.0, 10.0, 25.0, inf])
    area = sum(np.mean(weeks > week) for week in range(39))
    assert estimate(results(*weeks), "weeks_to_competency").value == pytest.approx(area)


def test_shares_are_of_all_learners():
    found = gather(
        {0: [outcome(competent=5.0), outcome(completed=9.0), outcome(left=2.0), outcome()]}, 39.0
    )
    means = {measure: estimate(found, measure).value for measure in found.values}
    assert means["completed"] == 0.5
    assert means["competent"] == 0.25
    assert means["abandoned"] == 0.25
    assert means["minutes"] == 60.0


def test_with_few_seeds_learners_are_the_unit_of_doubt():
    found = results(10.0, 14.0, 24.0)
    half = stats.t.ppf(0.975, 2) * np.std([10, 14, 24], ddof=1) / np.sqrt(3)
    assert estimate(found, "weeks_to_competency").interval == pytest.approx([16 - half, 16 + half])


def test_with_three_seeds_seeds_are_the_unit_of_doubt():
    found = gather(
        {seed: [outcome(competent=week)] * 50 for seed, week in enumerate((10.0, 14.0, 24.0))}, 39.0
    )
    half = stats.t.ppf(0.975, 2) * np.std([10, 14, 24], ddof=1) / np.sqrt(3)
    assert estimate(found, "weeks_to_competency").interval == pytest.approx([16 - half, 16 + half])


def test_a_difference_is_paired_by_learner():
    own, rival = results(10.0, 20.0, 30.0), results(12.0, 22.0, 32.0)
    found = difference(own, rival, "weeks_to_competency")
    assert found.value == -2.0
    assert found.interval == pytest.approx([-2.0, -2.0])


def test_a_ratio_is_paired_too():
    own, rival = results(5.0, 10.0, 15.0), results(10.0, 20.0, 30.0)
    found = ratio(own, rival, "weeks_to_competency")
    assert found.value == pytest.approx(-0.5)
    assert found.interval == pytest.approx([-0.5, -0.5])


def test_there_is_no_ratio_to_nothing():
    assert ratio(results(5.0, 6.0), results(inf, inf), "completed") is None


def test_shares_by_week_rise_to_the_share_that_ever_was():
    shares = shares_by_week(np.array([0.0, 2.5, inf, 38.0]), Programme())
    assert shares[[0, 2, 3, 39]].tolist() == [0.25, 0.25, 0.5, 0.75]
