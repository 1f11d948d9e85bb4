"""Pre-assessment: the posterior, the choice of questions, and when to stop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.decide.assess import Bank, Belief, next_question, prior_belief, update


def one_skill(*difficulty: float) -> Bank:
    return Bank(loading=np.ones((len(difficulty), 1)), difficulty=np.array(difficulty))


STANDARD = Belief(mean=np.zeros(1), covariance=np.ones((1, 1)))


def answer(prior, bank, asked, success):
    return update(prior, bank, np.array(asked, dtype=np.int64), np.array(success, dtype=float))


def test_nothing_answered_leaves_the_prior():
    after = answer(STANDARD, one_skill(0.0), [], [])
    assert np.allclose(after.mean, 0.0)
    assert np.allclose(after.covariance, 1.0)


def test_the_mode_solves_the_likelihood_equation():
    bank = one_skill(-1.0, 0.0, 0.5)
    after = answer(STANDARD, bank, [0, 1, 2], [1, 1, 0])
    p = 1 / (1 + np.exp(bank.difficulty - after.mean[0]))
    assert np.sum([1, 1, 0] - p) == pytest.approx(after.mean[0], abs=1e-8)
    assert 1 / after.covariance[0, 0] == pytest.approx(1 + np.sum(p * (1 - p)))


def test_one_skill_gets_the_question_of_greatest_information():
    bank = one_skill(-2.0, -0.4, 0.3, 1.5)
    everything = np.ones(4, dtype=bool)
    assert next_question(STANDARD, bank, everything, goal=0.4) == 2
    able = Belief(mean=np.array([1.2]), covariance=np.ones((1, 1)))
    assert next_question(able, bank, everything, goal=0.4) == 3


def test_a_wide_belief_aims_between_its_mode_and_the_middle_of_the_bank():
    bank = one_skill(-2.0, 0.0, 1.5, 3.5)
    everything = np.ones(4, dtype=bool)
    sure, unsure = (Belief(mean=np.full(1, 3.2), covariance=np.full((1, 1), v)) for v in (0.5, 8.0))
    assert next_question(sure, bank, everything, goal=0.4) == 3
    assert next_question(unsure, bank, everything, goal=0.4) == 2


def test_closed_questions_are_not_asked():
    bank = one_skill(0.0, 1.0)
    assert next_question(STANDARD, bank, np.array([False, True]), goal=0.4) == 1
    assert next_question(STANDARD, bank, np.zeros(2, dtype=bool), goal=0.4) is None


def test_a_settled_skill_asks_nothing_more():
    settled = Belief(mean=np.zeros(1), covariance=np.full((1, 1), 0.15))
    assert next_question(settled, one_skill(0.0), np.ones(1, dtype=bool), goal=0.4) is None


def test_questions_go_to_the_skill_of_most_doubt():
    belief = Belief(mean=np.zeros(2), covariance=np.diag([0.2, 1.0]))
    bank = Bank(loading=np.eye(2), difficulty=np.zeros(2))
    assert next_question(belief, bank, np.ones(2, dtype=bool), goal=0.4) == 1


def test_an_answer_carries_over_to_the_skills_before_and_after():
    precedes = np.zeros((3, 3))
    precedes[0, 1] = 1.0  # 0 before 1; 2 stands alone
    prior = prior_belief(np.zeros(3), np.ones(3), 0.0, precedes)
    bank = Bank(loading=np.eye(3), difficulty=np.zeros(3))
    after = answer(prior, bank, [1], [1])
    assert after.mean[1] > after.mean[0] > 0.1
    assert after.mean[2] == pytest.approx(0.0)
    assert after.standard_error[0] < 1.0


def test_what_is_common_carries_over_to_every_skill():
    prior = prior_belief(np.zeros(2), np.ones(2), 0.5, np.zeros((2, 2)))
    bank = Bank(loading=np.eye(2), difficulty=np.zeros(2))
    assert answer(prior, bank, [0], [0]).mean[1] < -0.1


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.booleans()), min_size=1, max_size=30),
    st.floats(0.3, 2.0),
)
def test_doubt_never_grows_with_answers(answers, spread):
    bank = one_skill(*(difficulty for difficulty, _ in answers))
    prior = Belief(mean=np.zeros(1), covariance=np.full((1, 1), spread**2))
    before = prior.standard_error[0]
    for n in range(1, len(answers) + 1):
        asked = list(range(n))
        # At the prior's mean the information of every further answer is positive.
        after = answer(prior, bank, asked, [float(right) for _, right in answers[:n]])
        assert after.standard_error[0] < prior.standard_error[0]
    assert before > 0


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_the_prior_is_a_covariance_whatever_the_links(k, seed):
    rng = np.random.default_rng(seed)
    prior = prior_belief(
        np.zeros(k), rng.uniform(0.1, 2.0, k), float(rng.random()), rng.random((k, k))
    )
    assert np.allclose(prior.covariance, prior.covariance.T)
    assert np.linalg.eigvalsh(prior.covariance).min() > 0
