"""Freireich's leukaemia trial (1963), as lifelines has it, and closed forms."""

import numpy as np
import pytest

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.survival import Times, compare_times, restricted_mean

TREATED = Times(
    days=np.array(
        [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], float
    ),
    happened=np.arange(21) < 9,
)
PLACEBO = Times(
    days=np.array([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], float),
    happened=np.ones(21, dtype=bool),
)


def test_restricted_means_and_log_rank_are_those_of_lifelines():
    found = compare_times(PLACEBO, TREATED, 20.0)
    assert found.treatment.value == pytest.approx(16.116526610644254)
    assert found.control.value == pytest.approx(8.428571428571429)
    assert found.log_rank_p == pytest.approx(4.168809109334522e-05)
    assert found.difference.low > 0.0


def test_without_censoring_it_is_the_mean_of_capped_times():
    capped = np.minimum(PLACEBO.days, 20.0)
    found = restricted_mean(PLACEBO, 20.0)
    assert found.value == pytest.approx(capped.mean())
    assert found.standard_error == pytest.approx(capped.std() / np.sqrt(21))
    whole = restricted_mean(PLACEBO, 30.0)
    assert whole.standard_error == pytest.approx(PLACEBO.days.std() / np.sqrt(21))


def test_variance_is_near_that_of_leaving_one_out():
    values = [
        restricted_mean(
            Times(days=np.delete(TREATED.days, i), happened=np.delete(TREATED.happened, i)), 20.0
        ).value
        for i in range(21)
    ]
    jackknife = np.sqrt(20 / 21 * np.sum((values - np.mean(values)) ** 2))
    assert restricted_mean(TREATED, 20.0).standard_error == pytest.approx(jackknife, rel=0.05)


def test_a_horizon_nobody_was_seen_up_to_cannot_tell():
    with pytest.raises(CannotTellError, match="beyond 35 days"):
        restricted_mean(TREATED, 40.0)


def test_an_empty_arm_and_an_idle_one_cannot_tell():
    nobody = Times(days=np.array([]), happened=np.array([], dtype=bool))
    with pytest.raises(CannotTellError, match="empty"):
        compare_times(nobody, TREATED, 5.0)
    with pytest.raises(CannotTellError, match="nothing happened"):
        compare_times(TREATED, TREATED, 5.0)


@pytest.mark.parametrize(
    ("days", "happened", "horizon"),
    [([-1.0], [True], 5.0), ([np.nan], [True], 5.0), ([1.0], [], 5.0), ([9.0], [True], 0.0)],
)
def test_bad_times_are_named(days, happened, horizon):
    with pytest.raises(InvalidValueError):
        restricted_mean(
            Times(days=np.array(days), happened=np.array(happened, dtype=bool)), horizon
        )
