"""Effects agree with GrowthBook's and tea-tasting's published or printed numbers."""

import numpy as np
import pytest
from scipy import stats

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.estimates import (
    Moments,
    effect_of,
    effect_of_clusters,
    effect_of_moments,
)
from training.experiments.rows import adjust_for_before, cluster_rows, ratio_rows, stratified_rows

CONTROL = np.array([3.0, 5, 4, 6, 8, 2, 7, 5])
TREATED = np.array([6.0, 7, 5, 9, 8, 4, 10])
BEFORE_CONTROL = np.array([2.0, 4, 4, 5, 7, 1, 6, 6])
BEFORE_TREATED = np.array([3.0, 5, 4, 7, 6, 2, 8])
SHARES = np.array([0.25, 0.75])


def test_absolute_effect_is_that_of_growthbook():
    """Gbstats, test_two_sided_ttest."""
    effect = effect_of_moments(
        Moments(n=3407, mean=0.41, variance=3.9**2), Moments(n=3461, mean=0.70, variance=6.2**2)
    )
    assert [effect.absolute.low, effect.absolute.high] == pytest.approx(
        [0.04538, 0.53462], abs=5e-6
    )
    assert effect.absolute.p_value == pytest.approx(0.02016, abs=5e-6)


def test_relative_effect_is_that_of_growthbook():
    """Gbstats, test_two_sided_ttest, relative differences by the delta method."""
    relative = effect_of_moments(
        Moments(n=3407, mean=0.41, variance=3.9**2), Moments(n=3461, mean=0.70, variance=6.2**2)
    ).relative
    found = [relative.value, relative.standard_error, relative.low, relative.high, relative.p_value]
    assert found == pytest.approx([0.70732, 0.37879, -0.03526, 1.44989, 0.06191], abs=6e-6)


def test_mean_is_that_of_scipy_and_tea_tasting():
    effect = effect_of(CONTROL, TREATED)
    welch = stats.ttest_ind(TREATED, CONTROL, equal_var=False)
    assert effect.absolute.p_value == pytest.approx(welch.pvalue)
    assert effect.absolute.degrees == pytest.approx(welch.df)
    assert [effect.absolute.low, effect.absolute.high] == pytest.approx(
        [-0.34504335709721, 4.34504335709721]
    )


def test_adjusted_effect_is_that_of_tea_tasting():
    adjusted = adjust_for_before((CONTROL, TREATED), (BEFORE_CONTROL, BEFORE_TREATED))
    effect = effect_of(*adjusted.rows)
    found = effect.absolute
    assert effect.control == pytest.approx(5.288389513108615)
    assert [found.low, found.high] == pytest.approx([0.647696309434366, 2.116348634385858])
    assert found.p_value == pytest.approx(0.0013534781013249215)


def test_ratio_is_that_of_tea_tasting():
    effect = effect_of(
        ratio_rows(CONTROL, np.array([4.0, 6, 5, 8, 9, 3, 8, 7])),
        ratio_rows(TREATED, np.array([7.0, 9, 6, 10, 9, 6, 12])),
    )
    found = effect.absolute
    assert [effect.control, effect.treatment] == pytest.approx([0.8, 0.8305084745762712])
    assert [found.low, found.high] == pytest.approx([-0.05233649541975917, 0.11335344457230147])
    assert found.p_value == pytest.approx(0.4405537796510331)


def test_newcomers_without_a_past_are_left_as_they_are():
    before = (np.append(BEFORE_CONTROL, np.nan), BEFORE_TREATED)
    adjusted = adjust_for_before((np.append(CONTROL, 5.5), TREATED), before)
    assert adjusted.rows[0][-1] == 5.5
    assert adjusted.theta == pytest.approx(
        adjust_for_before((CONTROL, TREATED), (BEFORE_CONTROL, BEFORE_TREATED)).theta, rel=0.01
    )


@pytest.mark.parametrize("before", [3.0, np.nan])
def test_a_past_that_tells_nothing_changes_nothing(before):
    adjusted = adjust_for_before(
        (CONTROL, TREATED), (np.full(len(CONTROL), before), np.full(len(TREATED), before))
    )
    assert adjusted.theta == 0.0
    np.testing.assert_array_equal(adjusted.rows[0], CONTROL)


def test_clusters_of_one_size_are_the_means_of_clusters_with_g_less_one_degrees():
    clusters = np.repeat([7, 3, 9], 2)
    control, treated = np.array([1.0, 2, 3, 5, 2, 8]), np.array([4.0, 6, 5, 9, 2, 3])
    effect = effect_of_clusters(cluster_rows(control, clusters), cluster_rows(treated, clusters))
    means = [control.reshape(3, 2).mean(axis=1), treated.reshape(3, 2).mean(axis=1)]
    error = np.sqrt(sum(each.var(ddof=1) / 3 for each in means))
    assert effect.absolute.standard_error == pytest.approx(error)
    assert effect.absolute.degrees == 5
    assert effect.absolute.high - effect.absolute.value == pytest.approx(
        stats.t.ppf(0.975, 5) * error
    )


def test_uneven_clusters_keep_the_mean_over_learners():
    values, clusters = np.array([1.0, 2, 3, 10]), np.array([0, 0, 0, 1])
    assert cluster_rows(values, clusters).mean() == pytest.approx(4.0)


def test_relative_effect_is_absent_where_the_control_earned_nothing():
    assert effect_of(np.array([-1.0, 1.0]), np.array([1.0, 2.0])).relative is None


@pytest.mark.parametrize(
    ("control", "treated", "said"),
    [
        ([], [1.0, 2.0], "control: has 0"),
        ([1.0, 2.0], [1.0], "treatment: has 1"),
        ([1.0, 1.0], [1.0, 1.0], "no variance"),
        ([0.3, 0.3, 0.3], [0.1, 0.1, 0.1], "no variance"),
    ],
)
def test_too_little_cannot_tell(control, treated, said):
    with pytest.raises(CannotTellError, match=said):
        effect_of(np.array(control), np.array(treated))


def test_one_cluster_an_arm_cannot_tell():
    one = cluster_rows(np.array([1.0, 2.0]), np.array([4, 4]))
    with pytest.raises(CannotTellError, match="1 of the 2 learners or clusters"):
        effect_of_clusters(one, one)


def test_strata_keep_their_shares_and_their_doubt():
    """By hand: means 2 and 10 at shares .25 and .75; variances 1 and 4 ÷ 3 and 2 rows."""
    rows = stratified_rows([np.array([1.0, 2, 3]), np.array([10 - 2**0.5, 10 + 2**0.5])], SHARES)
    assert rows.mean() == pytest.approx(0.25 * 2 + 0.75 * 10)
    assert rows.var(ddof=1) / 5 == pytest.approx(0.25**2 * 1 / 3 + 0.75**2 * 4 / 2)


def test_what_is_unknown_in_strata_stays_so():
    rows = stratified_rows([np.array([1.0, np.nan]), np.array([3.0, 5.0])], SHARES)
    assert np.isnan(rows).tolist() == [False, True, False, False]
    assert np.isnan(stratified_rows([np.full(2, np.nan)] * 2, SHARES)).all()


def test_bad_strata_are_named():
    with pytest.raises(InvalidValueError, match="one for each stratum"):
        stratified_rows([np.zeros(2)], SHARES)
    with pytest.raises(CannotTellError, match="one has under two rows"):
        stratified_rows([np.zeros(2), np.zeros(1)], SHARES)


def test_bad_rows_are_named():
    with pytest.raises(InvalidValueError, match="treatment: a value"):
        effect_of(CONTROL, np.array([1.0, np.nan]))
    with pytest.raises(CannotTellError, match="denominators sum to 0"):
        ratio_rows(np.zeros(2), np.zeros(2))
    with pytest.raises(InvalidValueError, match="clusters: has 1"):
        cluster_rows(np.zeros(2), np.zeros(1, dtype=np.int64))


def test_adjusting_narrows_by_its_theoretical_factor():
    rng = np.random.default_rng(0)
    n, correlation = 4_000, 0.7
    before = [rng.normal(size=n) for _ in range(2)]
    noise = np.sqrt(1.0 - correlation**2)
    values = [correlation * each + noise * rng.normal(size=n) for each in before]
    adjusted = effect_of(*adjust_for_before(values, before).rows).absolute.standard_error
    plain = effect_of(*values).absolute.standard_error
    assert adjusted / plain == pytest.approx(noise, rel=0.05)
