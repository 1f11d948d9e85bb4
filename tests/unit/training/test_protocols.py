"""What each protocol trains on and asks, on a log small enough to see through."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from features.domain.errors import InvalidValueError
from features.domain.history import Event
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, build_log
from training.evaluation import protocols
from training.evaluation.protocols import (
    Protocol,
    hold_out,
    hold_out_by_id,
    sample_question,
)

START = 1_700_000_000.0


def data_of(rows, parts=None, start=START):
    """Rows are (learner, module, day, score or None); learners and modules are numbers."""
    n_learners, n_modules = 1 + max(r[0] for r in rows), 1 + max(r[1] for r in rows)
    log = build_log(
        ArrivedEvents(
            learner=np.array([r[0] for r in rows], dtype=np.int32),
            module=np.array([r[1] for r in rows], dtype=np.int32),
            event=np.full(len(rows), EVENT_CODES[Event.SCORED], dtype=np.int8),
            at_seconds=np.array([start + 86_400.0 * r[2] for r in rows]),
            score=np.array([np.nan if r[3] is None else r[3] for r in rows]),
            reported_success=np.full(len(rows), -1, dtype=np.int8),
            duration_seconds=np.full(len(rows), np.nan),
        ),
        learner_ids=IdMap(f"u{k}" for k in range(n_learners)),
        module_ids=IdMap(f"m{k}" for k in range(n_modules)),
        pass_marks=np.full(n_modules, 0.5),
    )
    return SimpleNamespace(log=log, parts=None if parts is None else np.array(parts))


ROWS = [
    (0, 0, 0, 1.0),
    (0, 1, 1, 0.0),
    (0, 0, 2, 1.0),
    (1, 2, 0, 1.0),
    (1, 0, 5, 1.0),
    (2, 1, 1, None),
]


def rng():
    return np.random.default_rng(0)


def test_leave_last_asks_for_the_last_new_module_and_hides_all_its_rows():
    data = data_of([*ROWS, (0, 1, 9, 1.0)])
    holdout = hold_out(data, Protocol.LEAVE_LAST, rng())
    assert holdout.question.learner.tolist() == [0, 1]
    assert holdout.question.target.tolist() == [1, 0]
    assert holdout.question.history.of(0).tolist() == [0]
    hidden = data.log.module[~holdout.ranking_rows].tolist()
    assert hidden == [1, 1, 0]
    assert holdout.knows_learners


def test_leave_last_predicts_each_learners_last_attempt():
    data = data_of(ROWS)
    holdout = hold_out(data, Protocol.LEAVE_LAST, rng())
    asked = np.flatnonzero(holdout.asked_attempts)
    assert data.log.learner[asked].tolist() == [0, 1]
    assert data.log.at_seconds[asked].tolist() == [START + 2 * 86_400, START + 5 * 86_400]
    assert not (holdout.success_rows & holdout.asked_attempts).any()


def test_splits_keep_test_learners_out_of_training():
    data = data_of(ROWS, parts=["test", "train", "valid"])
    holdout = hold_out(data, Protocol.SPLITS, rng())
    assert set(data.log.learner[holdout.ranking_rows].tolist()) == {1, 2}
    assert set(data.log.learner[holdout.success_rows].tolist()) == {1, 2}
    assert holdout.valid.tolist() == [False, False, True]
    assert holdout.question.learner.tolist() == [0]
    assert holdout.asked_attempts.sum() == 3
    assert not holdout.knows_learners


def test_splits_without_a_table_draw_a_tenth():
    data = data_of([(k, m, m, 1.0) for k in range(40) for m in range(3)])
    holdout = hold_out(data, Protocol.SPLITS, rng())
    assert len(holdout.question.learner) == 4
    assert holdout.valid.sum() == 4
    assert not holdout.valid[holdout.question.learner].any()


def test_splits_without_test_learners_are_refused():
    with pytest.raises(InvalidValueError, match="names no learner as test"):
        hold_out(data_of(ROWS, parts=["train", "train", "train"]), Protocol.SPLITS, rng())


def test_splits_without_anybody_to_train_on_are_refused():
    with pytest.raises(InvalidValueError, match="nobody to train on"):
        hold_out(data_of(ROWS, parts=["test", "valid", "test"]), Protocol.SPLITS, rng())


def test_learners_the_splits_do_not_name_are_trained_on():
    holdout = hold_out(data_of(ROWS, parts=["test", "valid", ""]), Protocol.SPLITS, rng())
    assert set(data_of(ROWS).log.learner[holdout.success_rows].tolist()) == {1, 2}
    assert holdout.valid.tolist() == [False, True, False]


def test_learners_of_one_module_have_no_question_and_are_counted():
    data = data_of(ROWS, parts=["train", "train", "test"])
    assert hold_out(data, Protocol.SPLITS, rng()).n_without_question == 1
    assert hold_out(data, Protocol.LEAVE_LAST, rng()).n_without_question == 1


def test_where_all_few_learners_are_held_out_the_refusal_says_so():
    data = data_of([(k, m, m, 1.0) for k in range(60) for m in range(2)])
    held_out = hold_out_by_id(data, rng()).question.learner[:1]
    alone = SimpleNamespace(log=data.log.take_learners(np.arange(60) == held_out))
    with pytest.raises(InvalidValueError, match=r"\(1\) belong to the tenth that is held out"):
        hold_out_by_id(alone, rng())


def test_time_asks_for_the_first_new_module_after_the_cutoff():
    data = data_of([*ROWS, (0, 2, 8, 0.0), (0, 3, 9, 0.0)])
    cutoff = datetime.fromtimestamp(START + 4 * 86_400, UTC)
    holdout = hold_out(data, Protocol.TIME, rng(), cutoff)
    assert holdout.question.learner.tolist() == [0, 1]
    assert holdout.question.target.tolist() == [2, 0]
    assert holdout.question.history.of(0).tolist() == [0, 1]
    assert (data.log.at_seconds[holdout.ranking_rows] < cutoff.timestamp()).all()
    assert (data.log.at_seconds[holdout.asked_attempts] >= cutoff.timestamp()).all()


def test_learners_unknown_before_the_cutoff_are_asked_about_too():
    data = data_of([(0, 0, 0, 1.0), (1, 1, 9, 1.0)])
    holdout = hold_out(data, Protocol.TIME, rng(), datetime.fromtimestamp(START + 86_400, UTC))
    assert holdout.question.learner.tolist() == [1]
    assert holdout.question.history.lengths.tolist() == [0]


def test_time_refuses_ordinals():
    with pytest.raises(InvalidValueError, match="ordinals"):
        hold_out(data_of(ROWS, start=0.0), Protocol.TIME, rng())


def test_a_cutoff_outside_the_data_is_refused():
    for day in (-1, 99):
        cutoff = datetime.fromtimestamp(START + day * 86_400, UTC)
        with pytest.raises(InvalidValueError, match="one of its sides"):
            hold_out(data_of(ROWS), Protocol.TIME, rng(), cutoff)


def test_a_cutoff_goes_with_time_only():
    with pytest.raises(InvalidValueError, match="--protocol time only"):
        hold_out(data_of(ROWS), Protocol.SPLITS, rng(), datetime.fromtimestamp(START, UTC))


def test_the_same_learners_are_held_out_whatever_the_seed():
    data = data_of([(k, m, m, 1.0) for k in range(300) for m in range(2)])
    one = hold_out_by_id(data, np.random.default_rng(1))
    other = hold_out_by_id(data, np.random.default_rng(2))
    assert one.question.learner.tolist() == other.question.learner.tolist()
    assert 10 < len(one.question.learner) < 60
    assert one.valid.tolist() != other.valid.tolist()


def test_of_many_held_out_learners_those_of_the_lowest_hashes_are_asked_about(monkeypatch):
    rows = [(k, m, m, 1.0) for k in range(300) for m in range(3)]
    data = data_of(rows)
    everyone = hold_out_by_id(data, rng())
    monkeypatch.setattr(protocols, "MOST_ASKED_LEARNERS", 8)
    some = hold_out_by_id(data, rng())
    monkeypatch.setattr(protocols, "MOST_ASKED_ROWS", 12)
    fewer = hold_out_by_id(data, rng())
    asked = [set(one.question.learner.tolist()) for one in (everyone, some, fewer)]
    assert asked[0] > asked[1] > asked[2]
    assert [len(each) for each in asked[1:]] == [8, 4]
    assert set(data.log.learner[fewer.asked_attempts].tolist()) == asked[2]
    for one in (some, fewer):
        assert one.ranking_rows.tolist() == everyone.ranking_rows.tolist()
        assert one.valid.tolist() == everyone.valid.tolist()
    # With fewer learners in the data, those still there are asked about as before.
    there = np.arange(300) < 200
    monkeypatch.setattr(protocols, "MOST_ASKED_LEARNERS", 4)
    later = hold_out_by_id(data_of([row for row in rows if there[row[0]]]), rng())
    assert {k for k in asked[2] if there[k]} <= set(later.question.learner.tolist())


def test_one_held_out_learner_of_any_length_is_asked_about(monkeypatch):
    monkeypatch.setattr(protocols, "MOST_ASKED_ROWS", 1)
    data = data_of([(k, m, m, 1.0) for k in range(300) for m in range(3)])
    assert len(hold_out_by_id(data, rng()).question.learner) == 1


def test_a_sample_asks_fewer_learners_of_the_same():
    data = data_of([(k, m, m, 1.0) for k in range(50) for m in range(3)])
    holdout = hold_out(data, Protocol.LEAVE_LAST, rng())
    fewer = sample_question(holdout, 7, rng())
    assert len(fewer.question.target) == 7
    assert set(fewer.question.learner) < set(holdout.question.learner)
    assert sample_question(holdout, 500, rng()) is holdout
