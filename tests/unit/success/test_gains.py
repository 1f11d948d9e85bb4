from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from level_scales import T0, make_scale

from features.encode.ability import ANCHORS, LOGIT_OF_MASTERY, sigmoid
from features.encode.attempts import tabulate
from features.encode.gains import add_gains, match, rise, starting_from

SCALE = make_scale(np.array([0.4, 0.5, 0.6]), np.array([0.1, 0.2, 0.3]), n_skills=1)
BASE = np.array([[0.0]])  # logits: level .5


@pytest.fixture
def table_of(make_log, make_index):
    def make(*rows: tuple[int, str, int]):
        index = make_index([(0,), (0,), (0,)], n_skills=1)
        log = [(0, module, event, T0 + k, win) for k, (module, event, win) in enumerate(rows)]
        return tabulate(make_log(log, n_modules=3), index)

    return make


def gained(table) -> float:
    gains = add_gains(table, SCALE, BASE)
    return float(gains.at(table.by_skill.last, np.array([T0 + len(table) - 1.0]))[0, 0])


@pytest.mark.parametrize(
    ("p", "share"),
    # p²·⁴·(1 − p)⁰·⁶ is .22284 at its largest, .8.
    [(0.8, 1.0), (0.5, 0.5609), (0.2, 0.0825), (0.95, 0.6575), (0.9999, 0.0179)],
)
def test_a_module_teaches_as_far_as_its_challenge_is_right(p, share) -> None:
    ease = np.log(p / (1.0 - p))
    level = np.array(0.5 + (ease - LOGIT_OF_MASTERY) / 6.0)
    assert float(sigmoid(6.0 * (level - 0.5) + LOGIT_OF_MASTERY)) == pytest.approx(p)
    assert match(level, np.array(0.5), SCALE) == pytest.approx(share, abs=1e-4)


@given(level=st.floats(-3.0, 4.0), at=st.floats(0.05, 0.95))
def test_no_learner_takes_up_more_than_the_gain(level, at) -> None:
    share = match(np.array(level), np.array(0.5), replace(SCALE, learned_at=at))
    assert 0.0 <= share <= 1.0 + 1e-12


def test_what_failing_teaches_counts_once_a_success_shows_it(table_of) -> None:
    share = 0.2 * float(match(np.array(0.5), np.array(0.5), SCALE))
    failed, passed = (1, "failed", 0), (1, "passed", 1)
    assert gained(table_of(failed, failed)) == 0.0
    assert gained(table_of(failed, passed)) == pytest.approx(1.5 * share)
    assert gained(table_of(failed, (1, "completed", -1))) == pytest.approx(share)


def test_questions_teach_nothing(table_of) -> None:
    answered = table_of((1, "answered", 1), (1, "answered", 0))
    gains = add_gains(answered, SCALE, BASE)
    assert not gains.sums.any()


def test_a_second_module_is_taken_up_from_where_the_first_led(table_of) -> None:
    first = 0.2 * float(match(np.array(0.5), np.array(0.5), SCALE))
    level = 0.5 + float(rise(np.array(first)))
    second = 0.3 * float(match(np.array(level), np.array(0.6), SCALE))
    both = gained(table_of((1, "completed", -1), (2, "completed", -1)))
    assert both == pytest.approx(first + second, rel=1e-6)


def test_values_between_the_anchors_are_interpolated() -> None:
    by_anchor = np.vstack([ANCHORS, 2.0 * ANCHORS, ANCHORS])
    at = starting_from(by_anchor, np.array([-1.0, 2.6, 9.0]))
    assert at == pytest.approx([-1.0, 5.2, ANCHORS[-1]])
