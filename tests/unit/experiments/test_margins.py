"""Guardrails hold only when shown to, whichever way is good; goals share one error."""

import numpy as np
import pytest

from features.domain.errors import InvalidValueError
from training.experiments.margins import Guardrail, adjust_goals, non_inferiority
from training.experiments.results import student_difference


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.0, Guardrail.HELD), (-1.5, Guardrail.UNKNOWN), (-5.0, Guardrail.BROKEN)],
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_verdict_mirrors_with_the_direction(value, verdict, sign):
    difference = student_difference(sign * value, 0.5, 1e9)
    found = non_inferiority(difference, 2.0, higher_is_better=sign > 0)
    assert found.verdict is verdict


def test_p_value_is_that_of_the_shifted_test():
    """z = (−1 + 2)/0.5 = 2, so that p = 1 − Φ(2)."""
    found = non_inferiority(student_difference(-1.0, 0.5, np.inf), 2.0, higher_is_better=True)
    assert found.p_value == pytest.approx(0.0227501319)


def test_a_wider_interval_may_leave_it_unknown():
    found = non_inferiority(
        student_difference(0.0, 0.5, 1e9), 2.0, higher_is_better=True, interval=(-2.5, 2.5)
    )
    assert found.verdict is Guardrail.UNKNOWN


@pytest.mark.parametrize("margin", [-0.1, float("nan")])
def test_bad_margins_are_named(margin):
    with pytest.raises(InvalidValueError, match="margin"):
        non_inferiority(student_difference(0.0, 1.0, 9.0), margin, higher_is_better=True)


def test_goals_and_arms_are_one_family():
    found = adjust_goals(np.array([[0.01, np.nan], [0.04, 0.03]]))
    np.testing.assert_allclose(found, [[0.04, np.nan], [0.09, 0.09]])
