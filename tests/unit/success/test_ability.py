import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.encode.ability import (
    ANCHORS,
    attenuation,
    judgement_scores,
    mean_information,
    posterior,
    response_scores,
    sigmoid,
)


def test_without_evidence_the_posterior_is_the_prior() -> None:
    mode, variance = posterior(np.zeros((1, len(ANCHORS))), 0.4, 0.8)
    assert mode[0] == pytest.approx(0.4)
    assert variance[0] == pytest.approx(0.8)


@given(
    st.lists(st.tuples(st.booleans(), st.floats(-2.0, 2.0)), min_size=1, max_size=30),
    st.floats(0.3, 3.0),
)
def test_the_mode_is_near_the_exact_one(
    responses: list[tuple[bool, float]], variance: float
) -> None:
    success = np.array([float(win) for win, _ in responses])
    difficulty = np.array([hard for _, hard in responses])
    grid = np.linspace(-6.0, 6.0, 4001)
    logits = grid[:, None] - difficulty
    likelihood = (success * logits - np.logaddexp(0.0, logits)).sum(axis=1)
    exact = grid[np.argmax(likelihood - grid**2 / (2.0 * variance))]
    scores = response_scores(success, difficulty).sum(axis=0)[None, :]
    assert posterior(scores, 0.0, variance)[0][0] == pytest.approx(exact, abs=0.06)


def test_a_win_raises_ability_and_every_response_lowers_doubt() -> None:
    prior = posterior(np.zeros((1, len(ANCHORS))), 0.0, 1.0)
    won = posterior(response_scores(np.array([1.0]), np.array([0.0])), 0.0, 1.0)
    lost = posterior(response_scores(np.array([0.0]), np.array([0.0])), 0.0, 1.0)
    assert lost[0] < prior[0] < won[0]
    assert won[1] < prior[1]
    assert won[0][0] == pytest.approx(-lost[0][0])


def test_a_judgement_and_the_prior_meet_by_their_precisions() -> None:
    mode, variance = posterior(judgement_scores(np.array([2.0]), np.array([0.5])), 0.0, 1.0)
    assert mode[0] == pytest.approx(4.0 / 3.0)
    assert variance[0] == pytest.approx(1.0 / 3.0)


def test_doubt_draws_probabilities_towards_even_odds() -> None:
    assert attenuation(np.array([0.0]))[0] == 1.0
    assert sigmoid(attenuation(np.array([2.0])) * 1.0)[0] < sigmoid(np.array([1.0]))[0]


def test_the_information_in_a_judgement_is_its_precision() -> None:
    scores = judgement_scores(np.array([2.0]), np.array([0.5]))
    assert mean_information(scores, 0.0, 1.0)[0] == pytest.approx(2.0)


def test_the_information_in_a_response_is_its_mean_over_the_distribution() -> None:
    ability = np.linspace(-12.0, 12.0, 100_001)
    density = np.exp(-0.5 * (ability - 0.5) ** 2 / 1.5)
    p = sigmoid(ability - 0.3)
    exact = float((density * p * (1.0 - p)).sum() / density.sum())
    scores = response_scores(np.array([1.0]), np.array([0.3]))
    assert mean_information(scores, 0.5, 1.5)[0] == pytest.approx(exact, rel=0.02)


def test_a_surprise_moves_the_mode_and_takes_no_information_away() -> None:
    known = response_scores(np.array([1.0] * 82 + [0.0] * 18), np.zeros(100)).sum(axis=0)[None, :]
    surprise = known + response_scores(np.array([1.0]), np.array([4.0]))
    assert posterior(surprise, 0.0, 1.5)[1] > posterior(known, 0.0, 1.5)[1]
    assert mean_information(surprise, 0.0, 1.5) > mean_information(known, 0.0, 1.5)
