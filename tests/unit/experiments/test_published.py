"""Published numbers of other tools, from the moments or definitions they are published with.

GrowthBook's are of gbstats, packages/stats/tests (frequentist/test_tests.py, test_gbstats.py); the
estimators are those of the Open Bandit Pipeline, obp/ope/estimators.py, spelled out here.
"""

import numpy as np
import pytest

from training.experiments.balance import sample_ratio
from training.experiments.estimates import effect_of
from training.experiments.logged import Candidates, log_candidates
from training.experiments.off_policy import (
    direct,
    doubly_robust,
    ips,
    shrunk_doubly_robust,
    snips,
    switch_doubly_robust,
)
from training.experiments.rows import adjust_for_before, ratio_rows
from training.experiments.sequential import always_valid


def rows_of(n, sums, products):
    """Make n rows of as many columns, with exactly these sums and sums of products."""
    sums, products = np.array(sums), np.array(products)
    mean = sums / n
    scatter = products - n * np.outer(mean, mean)
    drawn = np.random.default_rng(0).normal(size=(n, len(sums)))
    drawn -= drawn.mean(axis=0)
    whitened = drawn @ np.linalg.inv(np.linalg.cholesky(drawn.T @ drawn)).T
    return (whitened @ np.linalg.cholesky(scatter).T + mean).T


def test_the_rows_have_the_moments_asked_for():
    rows = rows_of(50, [10.0, 20.0], [[30.0, 25.0], [25.0, 60.0]])
    np.testing.assert_allclose(rows.sum(axis=1), [10.0, 20.0])
    np.testing.assert_allclose(rows @ rows.T, [[30.0, 25.0], [25.0, 60.0]])


def test_adjusted_relative_effect_is_that_of_growthbook():
    """test_sequential_test_runs_ra: the control's mean before adjusting is the denominator."""
    control = rows_of(3000, [1396.87, 16.87], [[52377.9767, 1.0], [1.0, 527.9767]])
    treated = rows_of(3461, [2422.7, 22.7], [[134698.29, 1.0], [1.0, 1348.29]])
    adjusted = adjust_for_before((control[0], treated[0]), (control[1], treated[1]))
    effect = effect_of(*adjusted.rows, unadjusted=control[0])
    found = always_valid(effect.relative, effect.n, 5000)
    assert [effect.relative.value, effect.relative.standard_error] == pytest.approx(
        [0.50338, 0.33341], abs=6e-6
    )
    assert [found.low, found.high, found.p_value] == pytest.approx(
        [-0.50969, 1.51646, 1.0], abs=2e-5
    )


RATIO_CONTROL = (
    [485.112236689623, 679.9093275844917, 192.59138069991536, 290.1398399750233],
    [
        [2715.484666118136, 3602.146836776702, 1113.6215759318352, 1559.2878434944676],
        [3602.146836776702, 4939.424001640236, 1460.3181079276983, 2130.9404074446747],
        [1113.6215759318352, 1460.3181079276983, 460.076026390857, 634.239482353647],
        [1559.2878434944676, 2130.9404074446747, 634.239482353647, 920.9461385038898],
    ],
)
RATIO_TREATED = (
    [514.7757826608777, 705.4090874383759, 206.94157227402536, 302.54389139107326],
    [
        [2994.897482705013, 3918.1561431600717, 1237.0953021125997, 1701.0287270040265],
        [3918.1561431600717, 5291.36604146392, 1604.0759503266522, 2292.081739775257],
        [1237.0953021125997, 1604.0759503266522, 514.2903702246757, 698.4173425817908],
        [1701.0287270040265, 2292.081739775257, 698.4173425817908, 994.4506208125663],
    ],
)


def test_adjusted_ratio_is_that_of_growthbook():
    """test_two_sided_ttest_test_runs_ratio_ra, with the moments of both periods.

    Its coefficient is pooled within arms and not over all, which moves the p-value a little.
    """
    control, treated = rows_of(100, *RATIO_CONTROL), rows_of(100, *RATIO_TREATED)
    values = [ratio_rows(arm[0], arm[1]) for arm in (control, treated)]
    before = [ratio_rows(arm[2], arm[3]) for arm in (control, treated)]
    adjusted = adjust_for_before(values, before)
    found = effect_of(*adjusted.rows, unadjusted=values[0]).relative
    assert [found.value, found.standard_error, found.low, found.high] == pytest.approx(
        [-0.0007, 0.00391, -0.00841, 0.00700], abs=1e-5
    )
    assert found.p_value == pytest.approx(0.85771, abs=1e-3)


def test_a_relative_effect_of_a_control_that_earned_nothing_is_absent_after_adjusting():
    rows = np.array([-1.0, 1.0])
    assert effect_of(rows + 0.1, rows + 0.2, unadjusted=rows).relative is None


def test_sample_ratio_is_that_of_growthbook():
    """test_srm."""
    found = sample_ratio(np.array([[1000, 1200]]), np.array([[0.5, 0.5]]))
    assert round(found.p_value, 9) == 0.000020079


LOGGING = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.1, 0.8, 0.1], [0.4, 0.4, 0.2]])
TARGET = np.array([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]])
EXPECTED = np.array([[0.2, 0.4, 0.6], [0.5, 0.1, 0.3], [0.9, 0.2, 0.7], [0.3, 0.3, 0.8]])
CHOSEN, REWARD = np.array([2, 0, 1, 0]), np.array([1.0, 0.0, 0.5, 1.0])


def defined(weight_of, *, is_normalised=False):
    """Go round by round through what Open Bandit Pipeline defines."""
    total = weights = 0.0
    for logging, target, expected, chosen, reward in zip(
        LOGGING, TARGET, EXPECTED, CHOSEN, REWARD, strict=True
    ):
        weight = target[chosen] / logging[chosen]
        if weight_of is None:
            total += weight * reward
        else:
            total += float(np.average(expected, weights=target))
            total += weight_of(weight) * (reward - expected[chosen])
        weights += weight
    return total / (weights if is_normalised else len(REWARD))


def test_off_policy_values_are_those_of_the_open_bandit_pipeline():
    log = log_candidates(
        np.arange(4),
        REWARD,
        LOGGING[np.arange(4), CHOSEN],
        Candidates(chosen=CHOSEN, target=TARGET, modelled=EXPECTED),
    )
    pairs = [
        (ips(log), defined(None)),
        (snips(log), defined(None, is_normalised=True)),
        (direct(log), defined(lambda _: 0.0)),
        (doubly_robust(log), defined(lambda w: w)),
        (switch_doubly_robust(log, 2.5), defined(lambda w: w if w <= 2.5 else 0.0)),
        (shrunk_doubly_robust(log, 3.0), defined(lambda w: 3.0 * w / (w**2 + 3.0))),
    ]
    for terms, value in pairs:
        assert terms.value == pytest.approx(value)
