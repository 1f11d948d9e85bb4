"""Holm's adjustment against values computed by hand, and its promise under the null."""

import numpy as np
import pytest

from training.holm import holm


def test_adjusted_p_values_are_those_computed_by_hand():
    # Sorted .01 .02 .04: ·3, ·2, ·1 → .03, .04, .04.
    assert holm(np.array([0.04, 0.01, 0.02])) == pytest.approx([0.04, 0.03, 0.04])


def test_no_adjusted_p_value_exceeds_one_or_falls_below_a_smaller_ones():
    # .5·2 = 1; .9·1 is raised to 1.
    assert holm(np.array([0.5, 0.9])) == pytest.approx([1.0, 1.0])


def test_an_empty_family_stays_empty():
    assert len(holm(np.zeros(0))) == 0


def test_any_rejection_under_the_null_is_rare():
    rng = np.random.default_rng(0)
    any_rejected = [(holm(rng.uniform(size=20)) < 0.05).any() for _ in range(2000)]
    assert np.mean(any_rejected) < 0.065
