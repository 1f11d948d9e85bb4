import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.encode.attempts import tabulate
from features.encode.signals import SIGNALS, encode_attempts

T0, DAY = 1.7e9, 86_400.0
COLUMN = {name: column for column, name in enumerate(SIGNALS)}

histories = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 3),
        st.sampled_from(["answered", "completed"]),
        st.integers(0, 6),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=25,
)


def _rows(drawn: list, start: float) -> list:
    return [
        (learner, module, event, start + DAY * day, -1 if event == "completed" else win)
        for learner, module, event, day, win in drawn
    ]


@pytest.mark.parametrize("start", [T0, 0.0])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(drawn=histories)
def test_one_learner_encodes_as_in_the_crowd(
    drawn: list, start: float, make_log, make_index, yardstick
) -> None:
    index = make_index([(0, 1), (1,), (), (2, 0)])
    log = make_log(_rows(drawn, start), n_learners=3)
    crowd = encode_attempts(tabulate(log, index), yardstick)
    judged = log.learner[log.success >= 0]
    for learner in range(3):
        alone = log.take_learners(np.arange(3) == learner)
        columns = encode_attempts(tabulate(alone, index), yardstick)
        np.testing.assert_allclose(columns, crowd[judged == learner], rtol=0, atol=1e-12)
        for name in ("learner_wins", "skill_fails", "module_wins", "skill_studies"):
            assert np.array_equal(
                columns[:, COLUMN[name]], crowd[judged == learner][:, COLUMN[name]]
            )


@pytest.mark.parametrize("start", [T0, 0.0])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(drawn=histories, cut=st.integers(0, 6))
def test_later_events_change_nothing(
    drawn: list, cut: int, start: float, make_log, make_index, yardstick
) -> None:
    index = make_index([(0, 1), (1,), (), (2, 0)])
    whole = make_log(_rows(drawn, start), n_learners=3)
    early = whole.take(whole.at_seconds <= start + DAY * cut)
    kept = (whole.at_seconds <= start + DAY * cut)[whole.success >= 0]
    before = encode_attempts(tabulate(early, index), yardstick)
    after = encode_attempts(tabulate(whole, index), yardstick)
    if start == 0.0 or early.is_timed:
        assert np.array_equal(before, after[kept])


def test_counters_are_those_counted_by_hand(make_log, make_index, yardstick) -> None:
    rows = [
        (0, 0, "answered", T0, 1),
        (0, 1, "answered", T0 + DAY, 0),
        (0, 2, "completed", T0 + 2 * DAY, -1),
        (0, 0, "answered", T0 + 3 * DAY, 1),
    ]
    index = make_index([(0, 1), (1,), (0,), ()])
    last = encode_attempts(tabulate(make_log(rows), index), yardstick)[-1]
    wins = {name: np.expm1(last[COLUMN[name]]) for name in ("learner_wins", "module_wins")}
    assert wins == pytest.approx({"learner_wins": 1.0, "module_wins": 1.0})
    assert np.expm1(last[COLUMN["learner_fails"]]) == pytest.approx(1.0)
    # skill 0: one win; skill 1: one win, one failure; the completion is of skill 0 alone
    assert last[COLUMN["skill_wins"]] == pytest.approx(np.log(2.0))
    assert last[COLUMN["skill_fails"]] == pytest.approx(np.log(2.0) / 2.0)
    assert last[COLUMN["skill_gained"]] == pytest.approx(0.3 / 2.0)
    assert last[COLUMN["module_lag"]] == pytest.approx(np.log1p(3.0))
    assert last[COLUMN["module_idle"]] == pytest.approx(np.log1p(3.0))
    assert last[COLUMN["learner_idle"]] == pytest.approx(np.log1p(1.0))


def test_attempts_at_one_instant_do_not_see_one_another(make_log, make_index, yardstick) -> None:
    index = make_index([(0,)] * 4)
    won = [(0, 0, "answered", T0, 1), (0, 1, "answered", T0, 1), (0, 2, "answered", T0, 1)]
    lost = [(0, 0, "answered", T0, 0), (0, 1, "answered", T0, 0), (0, 2, "answered", T0, 1)]
    columns = [encode_attempts(tabulate(make_log(rows), index), yardstick) for rows in (won, lost)]
    assert np.array_equal(columns[0], columns[1])


def test_with_ordinals_the_order_of_rows_counts_even_where_they_tie(
    make_log, make_index, yardstick
) -> None:
    rows = [(0, 0, "answered", 5.0, 1), (0, 1, "answered", 5.0, 1)]
    columns = encode_attempts(tabulate(make_log(rows), make_index([(0,)] * 4)), yardstick)
    assert columns[1, COLUMN["learner_wins"]] == np.log(2.0)
    assert columns[1, COLUMN["learner_idle"]] == 0.0


def test_a_log_without_attempts_encodes_to_no_rows(make_log, make_index, yardstick) -> None:
    columns = encode_attempts(tabulate(make_log([]), make_index([(0,)] * 4)), yardstick)
    assert columns.shape == (0, len(SIGNALS))
