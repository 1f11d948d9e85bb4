from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.encode.attempts import EvidenceLog, tabulate, tabulate_in_chunks
from features.encode.levels import LevelReading
from features.encode.signals import (
    LEARNER_SIGNALS,
    MODULE_SIGNALS,
    SIGNALS,
    SKILL_SIGNALS,
    STATE_SIGNALS,
    encode_attempts,
)
from features.encode.state import states_of

T0, DAY = 1.7e9, 86_400.0
UNREAD = LevelReading(
    level=np.zeros((1, 4)),
    shown=np.zeros((1, 4)),
    deviation=np.ones((1, 4)),
    left=np.ones((1, 4)),
    worth=np.ones((1, 3)),
)
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
@given(drawn=histories)
def test_one_learner_encodes_as_in_the_crowd(
    drawn: list, start: float, make_log, make_index, yardstick
) -> None:
    index = make_index([(0, 1), (1,), (), (2, 0)])
    log = make_log(_rows(drawn, start), n_learners=3)
    crowd = encode_attempts(tabulate(log, index), yardstick).columns
    judged = log.learner[log.success >= 0]
    for learner in range(3):
        alone = log.take_learners(np.arange(3) == learner)
        columns = encode_attempts(tabulate(alone, index), yardstick).columns
        np.testing.assert_allclose(columns, crowd[judged == learner], rtol=0, atol=1e-12)
        for name in ("learner_wins", "skill_fails", "module_wins", "skill_studies"):
            assert np.array_equal(
                columns[:, COLUMN[name]], crowd[judged == learner][:, COLUMN[name]]
            )


@pytest.mark.parametrize("start", [T0, 0.0])
@given(drawn=histories, cut=st.integers(0, 6))
def test_later_events_change_nothing(
    drawn: list, cut: int, start: float, make_log, make_index, yardstick
) -> None:
    index = make_index([(0, 1), (1,), (), (2, 0)])
    whole = make_log(_rows(drawn, start), n_learners=3)
    early = whole.take(whole.at_seconds <= start + DAY * cut)
    kept = (whole.at_seconds <= start + DAY * cut)[whole.success >= 0]
    before = encode_attempts(tabulate(early, index), yardstick).columns
    after = encode_attempts(tabulate(whole, index), yardstick).columns
    if start == 0.0 or early.is_timed:
        assert np.array_equal(before, after[kept])


judgements = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 6), st.floats(0.0, 1.0)),
    max_size=6,
)


def _evidence(drawn: list, start: float) -> EvidenceLog:
    columns = list(zip(*drawn, strict=True)) or [()] * 4
    return EvidenceLog(
        learner=np.array(columns[0], dtype=np.int32),
        skill=np.array(columns[1], dtype=np.int32),
        source=np.full(len(drawn), "performance"),
        level=np.array(columns[3], dtype=np.float64),
        at_seconds=start + DAY * np.array(columns[2], dtype=np.float64),
    )


@pytest.mark.parametrize("half_life_days", [np.inf, 3.0])
@given(drawn=histories, judged=judgements, chunk_rows=st.integers(1, 8))
def test_chunks_of_learners_encode_as_all_at_once(
    half_life_days: float,
    drawn: list,
    judged: list,
    chunk_rows: int,
    make_log,
    make_index,
    yardstick,
) -> None:
    fading = replace(yardstick, half_life_seconds=half_life_days * DAY)
    index = make_index([(0, 1), (1,), (), (2, 0)])
    log, evidence = make_log(_rows(drawn, T0), n_learners=3), _evidence(judged, T0)
    whole = encode_attempts(tabulate(log, index, evidence), fading)
    chunks = tabulate_in_chunks(log, index, evidence, chunk_rows=chunk_rows)
    parts = [encode_attempts(table, fading) for _, table in chunks]
    assert np.array_equal(np.concatenate([part.columns for part in parts]), whole.columns)
    assert np.array_equal(np.concatenate([part.previous for part in parts]), whole.previous)


@pytest.mark.parametrize("start", [T0, 0.0])
@given(drawn=histories, judged=judgements)
def test_every_bulk_row_is_the_state_read_at_its_instant(
    start: float, drawn: list, judged: list, make_log, make_index, yardstick
) -> None:
    index = make_index([(0, 1), (1,), (), (2, 0)])
    fading = replace(yardstick, half_life_seconds=3.0 * DAY)
    log, evidence = make_log(_rows(drawn, start), n_learners=3), _evidence(judged, start)
    table = tabulate(log, index, evidence if start else None)
    encoded = encode_attempts(table, fading)
    bulk = encoded.columns
    for attempt, row in enumerate(np.flatnonzero(table.is_attempt)):
        one = np.arange(3) == table.learner[row]
        own = np.flatnonzero(one[log.learner])
        at = table.at_seconds[row]
        if start:
            known = own[log.at_seconds[own] < at]
            past_evidence = evidence.take(evidence.at_seconds < at).take_learners(one)
        else:
            known, past_evidence = own[own < table.log_row[row]], None
        past = log.take(np.isin(np.arange(len(log)), known)).take_learners(one)
        known_table = replace(tabulate(past, index, past_evidence), is_timed=table.is_timed)
        state = states_of(known_table, fading, np.array([at]), UNREAD)
        assert encoded.previous[attempt] == state.previous[0]
        np.testing.assert_allclose(
            bulk[attempt, : len(LEARNER_SIGNALS)], state.learner[0], rtol=0, atol=1e-12
        )
        tags = table.skill[table.indptr[row] : table.indptr[row + 1]]
        place = slice(len(LEARNER_SIGNALS), len(LEARNER_SIGNALS) + len(SKILL_SIGNALS))
        np.testing.assert_allclose(
            bulk[attempt, place],
            state.told.signals[state.place[0, tags]].mean(axis=0),
            rtol=0,
            atol=1e-12,
        )
        own_module = state.module_signals[state.tried == table.module[row]]
        expected = own_module[0] if len(own_module) else np.zeros(len(MODULE_SIGNALS))
        first = STATE_SIGNALS.index(MODULE_SIGNALS[0])
        last = first + len(MODULE_SIGNALS)
        np.testing.assert_allclose(bulk[attempt, first:last], expected, rtol=0, atol=1e-12)


def test_counters_are_those_counted_by_hand(make_log, make_index, yardstick) -> None:
    rows = [
        (0, 0, "answered", T0, 1),
        (0, 1, "answered", T0 + DAY, 0),
        (0, 2, "completed", T0 + 2 * DAY, -1),
        (0, 0, "answered", T0 + 3 * DAY, 1),
    ]
    index = make_index([(0, 1), (1,), (0,), ()])
    last = encode_attempts(tabulate(make_log(rows), index), yardstick).columns[-1]
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
    tables = [tabulate(make_log(rows), index) for rows in (won, lost)]
    columns = [encode_attempts(table, yardstick).columns for table in tables]
    assert np.array_equal(columns[0], columns[1])


def test_with_ordinals_the_order_of_rows_counts_even_where_they_tie(
    make_log, make_index, yardstick
) -> None:
    rows = [(0, 0, "answered", 5.0, 1), (0, 1, "answered", 5.0, 1)]
    table = tabulate(make_log(rows), make_index([(0,)] * 4))
    columns = encode_attempts(table, yardstick).columns
    assert columns[1, COLUMN["learner_wins"]] == np.log(2.0)
    assert columns[1, COLUMN["learner_idle"]] == 0.0


def test_a_log_without_attempts_encodes_to_no_rows(make_log, make_index, yardstick) -> None:
    encoded = encode_attempts(tabulate(make_log([]), make_index([(0,)] * 4)), yardstick)
    assert encoded.columns.shape == (0, len(SIGNALS))
    assert len(encoded) == len(encoded.previous) == 0
