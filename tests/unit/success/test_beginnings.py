"""Signals are those of the moment an attempt began: how long it took tells how it ended."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.encode.attempts import EvidenceLog, tabulate
from features.encode.signals import SIGNALS, encode_attempts

T0, HOUR, DAY = 1.7e9, 3_600.0, 86_400.0
SKILLS_OF = [(0, 1), (1,), (), (2, 0)]
NAN = float("nan")
PASSED = (0, 0, "passed", T0, 1)
TRIED = (0, 1, "answered", T0 + DAY, 0)


@pytest.fixture
def columns_of(make_log, make_index, yardstick):
    fading = replace(yardstick, half_life_seconds=3.0 * DAY)

    def read(rows, durations=None, n_learners=1):
        log = make_log(rows, durations=durations, n_learners=n_learners)
        return encode_attempts(tabulate(log, make_index(SKILLS_OF)), fading).columns

    return read


def days_idle(columns) -> float:
    return float(np.expm1(columns[-1, SIGNALS.index("learner_idle")]))


@given(
    event=st.sampled_from(["passed", "failed", "answered"]),
    waited=st.floats(0.0, 40.0 * DAY),
    took=st.tuples(st.floats(0.0, 9.0 * DAY), st.floats(0.0, 9.0 * DAY)),
)
def test_how_long_the_last_attempt_took_tells_nothing(event, waited, took, columns_of):
    begun = T0 + DAY + 1.0 + waited
    quick, slow = (
        columns_of([PASSED, TRIED, (0, 0, event, begun + each, 1)], [NAN, 60.0, each])
        for each in took
    )
    np.testing.assert_allclose(quick, slow, rtol=0, atol=1e-9)


history = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["answered", "completed"]), st.integers(0, 1)),
    max_size=12,
)


@given(drawn=history, module=st.integers(0, 3), took=st.floats(0.0, 1.0), is_told=st.booleans())
def test_an_attempt_is_encoded_in_bulk_as_it_is_asked_about_when_it_begins(
    drawn, module, took, is_told, make_log, make_index, model
):
    bound = model.bind(make_index(SKILLS_OF))
    past = [
        (0, what, event, T0 + DAY * day, -1 if event == "completed" else win)
        for day, (what, event, win) in enumerate(drawn)
    ]
    begun = T0 + DAY * len(drawn)
    ended = (0, module, "answered", begun + DAY * took, 1)
    rows = [ended] if is_told else [(0, module, "started", begun, -1), ended]
    unknown = [NAN] * (len(past) + len(rows) - 1)
    whole = make_log([*past, *rows], durations=[*unknown, DAY * took if is_told else NAN])
    online = bound.learner_states(make_log(past), np.array([begun]))
    bulk = bound.predict_attempts(whole)[-1]
    np.testing.assert_allclose(bound.log_odds(online)[0, module], bulk, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("rows", "duration", "days"),
    [
        pytest.param([], NAN, 2.0, id="nothing known"),
        pytest.param([], 6.0 * HOUR, 1.75, id="duration"),
        pytest.param([], 3.0 * DAY, 0.0, id="longer than since the row before"),
        pytest.param([(2, "started", T0 + 1.5 * DAY)], NAN, 0.5, id="start"),
        pytest.param([(2, "started", T0 + DAY)], NAN, 0.0, id="start right after the row before"),
        pytest.param([(2, "started", T0 + 0.5 * DAY)], NAN, 2.0, id="start before another attempt"),
        pytest.param([(3, "started", T0 + 1.5 * DAY)], NAN, 2.0, id="start of another module"),
        pytest.param(
            [(2, "started", T0 + 1.5 * DAY), (2, "started", T0 + 2.5 * DAY)],
            NAN,
            1.5,
            id="the later of two starts",
        ),
        pytest.param([(2, "started", T0 + 1.5 * DAY)], HOUR, 0.5, id="work over two days"),
        pytest.param([(2, "started", T0 + 2.9 * DAY)], DAY, 1.0, id="work before the last start"),
        pytest.param([(2, "viewed", T0 + 1.5 * DAY)], NAN, 2.0, id="a view is no start"),
        pytest.param([(2, "viewed", T0 + 2.5 * DAY)], DAY, 1.0, id="a view in between"),
    ],
)
def test_when_an_attempt_began(rows, duration, days, columns_of):
    between = [(0, module, event, at, -1) for module, event, at in rows]
    events = [PASSED, TRIED, *between, (0, 2, "answered", T0 + 3.0 * DAY, 1)]
    durations = [NAN] * (len(events) - 1) + [duration]
    assert days_idle(columns_of(events, durations)) == pytest.approx(days, abs=1e-9)


def test_starts_of_other_learners_are_not_ones_own(columns_of):
    rows = [PASSED, (0, 2, "answered", T0 + DAY, 1), (1, 2, "started", T0, -1)]
    others = [(1, 0, "passed", T0, 1), (1, 2, "answered", T0 + DAY, 1)]
    columns = columns_of([*rows, *others], n_learners=2)
    assert days_idle(columns[:2]) == pytest.approx(1.0)
    assert days_idle(columns) == 0.0


def test_answers_at_one_instant_began_each_by_its_own_duration(columns_of):
    answers = [(0, module, "answered", T0 + DAY, 1) for module in (1, 2)]
    columns = columns_of([PASSED, *answers], [NAN, HOUR, 12.0 * HOUR])
    assert days_idle(columns[:2]) == pytest.approx(23.0 / 24.0)
    assert days_idle(columns) == pytest.approx(0.5)


def test_nothing_begins_before_a_judgement_that_is_known(make_log, make_index, yardstick):
    log = make_log([(0, 0, "answered", T0 + DAY, 1)], durations=[DAY])
    evidence = EvidenceLog(
        learner=np.array([0], dtype=np.int32),
        skill=np.array([0], dtype=np.int32),
        source=np.array(["manager"]),
        level=np.array([0.5]),
        at_seconds=np.array([T0 + 0.5 * DAY]),
    )
    table = tabulate(log, make_index(SKILLS_OF), evidence)
    assert table.begun_at_seconds.tolist() == [T0 + 0.5 * DAY, T0 + 0.5 * DAY]
    assert np.all(np.isfinite(encode_attempts(table, yardstick).columns))


def test_ordinals_know_no_durations(columns_of):
    rows = [(0, 0, "answered", 1.0, 1), (0, 1, "answered", 2.0, 1)]
    assert np.array_equal(columns_of(rows, [NAN, 0.5]), columns_of(rows))
