"""Estimators by hand and against a known truth, SLOPE by hand, and logs that are refused."""

import numpy as np
import pytest

from features.domain.errors import CannotTellError, InvalidValueError, ReplayRefusedError
from training.experiments.logged import Candidates, Logged, log_candidates, support_of
from training.experiments.off_policy import (
    SHRINKAGES,
    choose_shrinkage,
    direct,
    doubly_robust,
    ips,
    replay,
    shrunk_doubly_robust,
    snips,
    standard_error,
    switch_doubly_robust,
)
from training.experiments.slope import NEARNESS, slope

# Weights are 2, 0.5 and 4; model errors 0.5, −0.25 and 0.5.
LOGGED = Logged(
    learner=np.array([0, 0, 1]),
    reward=np.array([1.0, 0.0, 1.0]),
    propensity=np.array([0.25, 0.5, 0.2]),
    target=np.array([0.5, 0.25, 0.8]),
    modelled_logged=np.array([0.5, 0.25, 0.5]),
    modelled_target=np.array([0.6, 0.3, 0.6]),
)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (ips(LOGGED), 6.0 / 3),
        (snips(LOGGED), 6.0 / 6.5),
        (direct(LOGGED), 1.5 / 3),
        (doubly_robust(LOGGED), (1.5 + 1.0 - 0.125 + 2.0) / 3),
        (switch_doubly_robust(LOGGED, 2.0), (1.5 + 1.0 - 0.125) / 3),
        # λw/(w² + λ) at λ = 4: 8/8, 2/4.25 and 16/20.
        (shrunk_doubly_robust(LOGGED, 4.0), (1.5 + 0.5 - 0.25 * 2 / 4.25 + 0.4) / 3),
        (shrunk_doubly_robust(LOGGED, np.inf), (1.5 + 1.0 - 0.125 + 2.0) / 3),
    ],
)
def test_values_are_those_computed_by_hand(terms, expected):
    assert terms.value == pytest.approx(expected)


def test_weights_of_nought_cannot_be_normalised():
    elsewhere = Logged(**(vars(LOGGED) | {"target": np.zeros(3)}))
    assert ips(elsewhere).value == 0.0
    with pytest.raises(CannotTellError, match="nothing that was logged"):
        _ = snips(elsewhere).value
    assert "is worth 0 recommendations" in support_of(elsewhere).refusal


def test_no_shrinkage_at_all_is_refused_since_it_is_the_direct_method():
    with pytest.raises(InvalidValueError, match="shrinkage"):
        shrunk_doubly_robust(LOGGED, 0.0)


def test_learners_are_the_unit_of_doubt():
    """Sums 2 and 4 about 2·rows: errors (2 + 0 − 4)/3 and (4 − 2)/3."""
    assert standard_error(LOGGED, ips(LOGGED)) == pytest.approx(np.sqrt(2 * 2 * (2 / 3) ** 2) / 1)
    alone = Logged(**(vars(LOGGED) | {"learner": np.zeros(3, dtype=np.int64)}))
    with pytest.raises(CannotTellError):
        standard_error(alone, ips(alone))


def test_slope_goes_on_while_estimates_agree():
    assert slope(np.array([1.0, 1.1, 1.2]), np.array([0.5, 0.3, 0.1])) == 2
    assert slope(np.array([1.2, 1.0, 1.1]), np.array([0.1, 0.5, 0.3])) == 0


def test_slope_stops_before_the_first_that_disagrees():
    edge = 0.1 + NEARNESS * 0.5
    assert slope(np.array([0.0, edge - 1e-9]), np.array([0.5, 0.1])) == 1
    assert slope(np.array([0.0, edge + 1e-9]), np.array([0.5, 0.1])) == 0
    assert slope(np.array([0.0, 9.0, 0.0]), np.array([0.5, 0.1, 0.05])) == 0


@pytest.mark.parametrize(("values", "widths"), [([], []), ([np.nan], [1.0])])
def test_slope_needs_numbers(values, widths):
    with pytest.raises(InvalidValueError):
        slope(np.array(values), np.array(widths))


def test_support_is_by_hand():
    found = support_of(LOGGED)
    assert found.effective_n == pytest.approx(6.5**2 / 20.25)
    assert found.mean_weight == pytest.approx(6.5 / 3)
    assert found.overlap == pytest.approx(2.5 / 3)
    assert (found.n, found.n_learners, found.largest_weight) == (3, 2, 4.0)


def of_weights(propensity, target) -> Logged:
    n = len(propensity)
    return Logged(
        learner=np.arange(n),
        reward=np.ones(n),
        propensity=propensity,
        target=target,
        modelled_logged=np.zeros(n),
        modelled_target=np.zeros(n),
    )


@pytest.mark.parametrize(
    ("propensity", "target", "said"),
    [
        (np.ones(2_000), np.ones(2_000), "deterministic"),
        (np.full(900, 0.5), np.full(900, 0.5), "worth 900 recommendations"),
        (np.full(2_000, 0.5), np.full(2_000, 0.53), "mean weight is 1.060"),
        (np.full(2_000, 0.5), np.zeros(2_000), "worth 0"),
    ],
)
def test_a_log_that_cannot_answer_is_refused_with_the_reason(propensity, target, said):
    with pytest.raises(ReplayRefusedError, match=said):
        replay(of_weights(propensity, target), np.random.default_rng(0))


def test_one_learner_cannot_tell():
    log = of_weights(np.full(2_000, 0.5), np.full(2_000, 0.5))
    one = Logged(**(vars(log) | {"learner": np.zeros(2_000, dtype=np.int64)}))
    with pytest.raises(CannotTellError, match="one learner"):
        replay(one, np.random.default_rng(0))


@pytest.mark.parametrize(
    "bad",
    [
        {"propensity": np.array([0.0, 0.5, 0.5])},
        {"target": np.array([1.1, 0.5, 0.5])},
        {"reward": np.array([np.nan, 0.5, 0.5])},
        {"modelled_target": np.zeros(2)},
    ],
)
def test_bad_logs_are_named(bad):
    with pytest.raises(InvalidValueError, match=next(iter(bad))):
        Logged(**(vars(LOGGED) | bad))


def test_an_empty_log_cannot_tell():
    with pytest.raises(CannotTellError, match="nothing is logged"):
        of_weights(np.array([]), np.array([]))


def test_candidates_give_what_the_estimators_need():
    target = np.array([[0.2, 0.8], [1.0, 0.0]])
    modelled = np.array([[0.5, 0.25], [0.1, 0.9]])
    log = log_candidates(
        np.array([0, 1]),
        np.array([1.0, 0.0]),
        np.array([0.5, 0.5]),
        Candidates(chosen=np.array([1, 0]), target=target, modelled=modelled),
    )
    np.testing.assert_allclose(log.target, [0.8, 1.0])
    np.testing.assert_allclose(log.modelled_logged, [0.25, 0.1])
    np.testing.assert_allclose(log.modelled_target, [0.3, 0.1])
    with pytest.raises(InvalidValueError, match="sum to 1"):
        log_candidates(
            np.array([0]),
            np.array([1.0]),
            np.array([0.5]),
            Candidates(chosen=np.array([0]), target=np.array([[0.5]]), modelled=np.zeros((1, 1))),
        )


def simulated(rng: np.random.Generator, n: int = 6_000) -> tuple[Logged, float]:
    """Five candidates of known worth; the model knows the worth of all but the best."""
    worth = np.array([0.1, 0.2, 0.3, 0.4, 0.8])
    logging = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
    target = np.array([0.05, 0.1, 0.15, 0.3, 0.4])
    chosen = rng.choice(5, size=n, p=logging)
    log = log_candidates(
        rng.integers(300, size=n),
        (rng.random(n) < worth[chosen]).astype(np.float64),
        logging[chosen],
        Candidates(
            chosen=chosen,
            target=np.tile(target, (n, 1)),
            modelled=np.tile(np.append(worth[:4], 0.5), (n, 1)),
        ),
    )
    return log, float(worth @ target)


def test_doubly_robust_intervals_cover_the_truth_and_err_less_than_inverse_propensities():
    rng = np.random.default_rng(0)
    covered, errors = [], []
    for _ in range(60):
        log, truth = simulated(rng)
        found = replay(log, rng, n_resamples=200)
        robust = found.values["dr"]
        covered.append(robust.low <= truth <= robust.high)
        errors.append([robust.value - truth, found.values["ips"].value - truth])
        assert robust.gain == pytest.approx(robust.value - found.logged_value)
        assert robust.gain_low < robust.gain < robust.gain_high
    assert np.mean(covered) >= 0.9
    own, rival = np.mean(np.square(errors), axis=0)
    assert own < rival


def test_slope_leaves_a_biased_shrinkage_alone():
    """The model is wrong about the best candidate, and 30,000 rows show that shrinking adds it."""
    log, truth = simulated(np.random.default_rng(1), 30_000)
    chosen = choose_shrinkage(log)
    least = shrunk_doubly_robust(log, 1.0).value
    assert abs(shrunk_doubly_robust(log, chosen).value - truth) < abs(least - truth)


def test_shrinking_leaves_usual_weights_alone():
    """A log without rare weights is read as the doubly robust estimator reads it."""
    log, _ = simulated(np.random.default_rng(1))
    chosen = choose_shrinkage(log)
    assert chosen >= SHRINKAGES[0] * np.quantile(log.weight, 0.95) ** 2
    shrunk = log.weight / (log.weight**2 / chosen + 1.0)
    assert np.mean(shrunk >= log.weight / 1.1 - 1e-12) >= 0.95
    never = of_weights(np.full(3, 0.5), np.zeros(3))
    assert choose_shrinkage(never) == np.inf


def test_the_same_seed_gives_the_same_intervals():
    log, _ = simulated(np.random.default_rng(2))
    first, second = (replay(log, np.random.default_rng(9), 60) for _ in range(2))
    assert first == second
