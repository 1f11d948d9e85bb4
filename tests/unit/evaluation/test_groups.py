"""Which group a question or an attempt belongs to."""

from datetime import UTC, datetime

import numpy as np
import pytest

from training.evaluation.groups import (
    HISTORY_LENGTH,
    MODULE_POPULARITY,
    POPULARITY_BANDS,
    band_modules,
    count_earlier,
    judged_attempts,
    judged_questions,
)
from training.evaluation.protocols import Protocol, hold_out
from training.slices import MOST_VALUES


def names_of(judged, attribute):
    labels = judged.labels[attribute]
    return [labels.names[code] for code in labels.code]


def test_modules_are_banded_by_their_share_of_all_meetings():
    bands = band_modules(np.array([0, 5, 50, 30, 15]))
    assert [POPULARITY_BANDS[band] for band in bands] == [
        "not met in training",
        "tail (last 10 %)",
        "head (first 50 %)",
        "middle (next 40 %)",
        "middle (next 40 %)",
    ]


def test_attempts_at_one_instant_do_not_precede_each_other(data_of):
    data = data_of([(0, 0, 0, 1.0), (0, 1, 0, 1.0), (0, 2, 1, 1.0), (1, 0, 1, 1.0)])
    assert count_earlier(data.log).tolist() == [0, 0, 2, 0]


def test_where_only_the_order_counts_every_row_before_precedes(data_of):
    rows = [(0, 0, 0, 1.0), (0, 1, 0, 1.0), (1, 2, 0, 1.0), (1, 0, 0, 1.0)]
    assert count_earlier(data_of(rows, start=0.0).log).tolist() == [0, 1, 0, 1]


@pytest.fixture
def asked_after(data_of):
    """Give data whose last two days come after the cutoff, and what `time` holds out."""
    rows = [
        (0, 0, 0, 1.0),
        (0, 1, 1, 0.0),
        (0, 2, 8, 1.0),
        (1, 0, 0, None),
        (1, 0, 8, 1.0),
        (2, 1, 8, 0.0),
        (2, 1, 9, 1.0),
    ]
    data = data_of(rows, {"gender": ["F", "M", ""]})
    cutoff = datetime.fromtimestamp(float(data.log.at_seconds.min()) + 5 * 86_400, UTC)
    return data, hold_out(data, Protocol.TIME, np.random.default_rng(0), cutoff)


def test_questions_are_grouped_by_what_was_known_when_asked(asked_after):
    judged = judged_questions(*asked_after)
    assert judged.learner.tolist() == [0, 2]
    assert names_of(judged, "gender") == ["F", "unknown"]
    assert names_of(judged, HISTORY_LENGTH) == ["2 to 4", "0"]
    assert names_of(judged, MODULE_POPULARITY) == ["not met in training", "middle (next 40 %)"]
    assert judged.is_cold_learner.tolist() == [False, True]
    assert judged.is_cold_module.tolist() == [True, False]


def test_attempts_are_grouped_by_the_attempts_before_them(asked_after):
    judged = judged_attempts(*asked_after)
    assert judged.learner.tolist() == [0, 1, 2, 2]
    assert names_of(judged, HISTORY_LENGTH) == ["2 to 4", "0", "0", "1"]
    assert judged.is_cold_learner.tolist() == [False, True, True, False]
    assert judged.is_cold_module.tolist() == [True, False, False, False]


def test_learners_with_nothing_new_after_the_cutoff_are_counted(asked_after):
    _, holdout = asked_after
    assert holdout.n_without_question == 1


def test_attributes_of_many_values_are_named_and_not_sliced_by(data_of):
    n = MOST_VALUES + 1
    rows = [(k, m, m, 1.0) for k in range(n) for m in range(2)]
    data = data_of(rows, {"name": [f"n{k}" for k in range(n)], "same": ["x"] * n})
    judged = judged_questions(data, hold_out(data, Protocol.LEAVE_LAST, np.random.default_rng(0)))
    assert set(judged.labels) == {HISTORY_LENGTH, MODULE_POPULARITY}
    assert judged.many_valued == ("name",)
