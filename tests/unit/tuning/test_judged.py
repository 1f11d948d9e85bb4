"""The best of many trials is believed only on learners who had no part in choosing it."""

import numpy as np
import pytest
from scipy import stats

from features.domain.errors import InvalidValueError
from training.tuning.judged import Judged, compare, divide_learners


def judged(total, count=None):
    total = np.asarray(total, dtype=np.float64)
    counts = np.ones(len(total), dtype=np.int64) if count is None else np.asarray(count)
    return Judged(total=total, count=counts)


def test_the_mean_is_over_everything_asked():
    assert judged([3.0, 1.0], [3, 1]).mean == 1.0
    assert judged([3.0, 1.0], [3, 1]).take(np.array([False, True])).mean == 1.0
    assert judged([0.5, 0.0, 1.0]).mean == 0.5


def test_half_of_the_learners_search_and_the_seed_draws_them():
    one, same, other = (divide_learners(101, seed) for seed in (1, 1, 2))
    assert one.sum() == 51
    assert one.tolist() == same.tolist()
    assert one.tolist() != other.tolist()


def test_too_few_learners_are_not_divided():
    assert divide_learners(8, 0).sum() == 4
    with pytest.raises(InvalidValueError, match="only 7 validation learners can be asked"):
        divide_learners(7, 0)


def test_a_gain_beyond_chance_is_adopted_whichever_way_is_better():
    rng = np.random.default_rng(0)
    default = rng.random(200)
    better = default + 0.02 + rng.normal(0, 0.05, 200)
    assert compare(judged(better), judged(default), larger_is_better=True).adopted
    assert not compare(judged(better), judged(default), larger_is_better=False).adopted
    assert compare(judged(default), judged(better), larger_is_better=False).adopted


def test_the_p_value_is_that_of_a_paired_t_test():
    rng = np.random.default_rng(1)
    best, default = rng.random((2, 40))
    verdict = compare(judged(best), judged(default), larger_is_better=True)
    expected = stats.ttest_rel(best, default, alternative="greater").pvalue
    assert verdict.p_value == pytest.approx(expected)
    assert verdict.gain == pytest.approx(best.mean() - default.mean())
    assert verdict.n_learners == 40


def test_learners_weigh_as_often_as_they_were_asked():
    verdict = compare(
        judged([0.0, 9.0], [1, 9]), judged([1.0, 9.0], [1, 9]), larger_is_better=False
    )
    assert verdict.default == 1.0
    assert verdict.best == 0.9
    assert verdict.gain == pytest.approx(0.1)


@pytest.mark.parametrize(("gain", "p_value"), [(0.0, 1.0), (0.1, 0.0), (-0.1, 1.0)])
def test_equal_differences_need_no_test(gain, p_value):
    default = judged(np.full(20, 0.5))
    verdict = compare(judged(default.total + gain), default, larger_is_better=True)
    assert verdict.p_value == p_value


def test_noise_is_adopted_as_seldom_as_the_level_says():
    rng = np.random.default_rng(2)
    adopted = [
        compare(judged(best), judged(default), larger_is_better=True).adopted
        for best, default in rng.random((1000, 2, 30))
    ]
    assert 0.03 < np.mean(adopted) < 0.07
