from datetime import UTC, datetime

import pyarrow as pa
import pytest

from training.histories.cells import ARROW_TYPES, parse_cells
from training.histories.schema import Kind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        (Kind.ID, ["u1", None, "Jürgen 7"], ["u1", None, "Jürgen 7"]),
        (Kind.ID, ["x" * 200], ["x" * 200]),
        (Kind.ID, ["ü" * 200], ["ü" * 200]),
        (Kind.TEXT, ["a\nb", " "], ["a\nb", " "]),
        (Kind.LEVEL, ["0", "1", ".25", "1e-1", None], [0.0, 1.0, 0.25, 0.1, None]),
        (Kind.LEVEL, ["-0", " 0.5 "], [0.0, 0.5]),
        (Kind.AMOUNT, ["0", "12.5"], [0.0, 12.5]),
        (Kind.VALUE, ["-3", "1e6"], [-3.0, 1e6]),
        (Kind.COUNT, ["0", "3", "2.0", None], [0, 3, 2, None]),
        (Kind.FLAG, ["true", "FALSE", "1", "0", "Yes", "no", None], [True, False] * 3 + [None]),
        (Kind.EVENT, ["completed", None], ["completed", None]),
        (Kind.PART, ["train", "valid", "test"], ["train", "valid", "test"]),
        (Kind.WORDS, ["captions; transcript"], ["captions; transcript"]),
        (Kind.INSTANT, ["2099-01-01T00:00:00Z"], [4_070_908_800_000_000]),
        (Kind.PAST_INSTANT, ["2026-03-01T12:05:00Z"], [1_772_366_700_000_000]),
    ],
)
def test_good_cells_become_values(kind, cells, expected):
    values, reasons = parse_cells(kind, pa.array(cells, pa.string()), NOW)
    assert values.to_pylist() == expected
    assert values.type == ARROW_TYPES[kind]
    assert reasons == {}


@pytest.mark.parametrize(
    ("kind", "cell", "reason"),
    [
        (Kind.ID, "x" * 201, f"is longer than 200 characters: {'x' * 60}…"),
        (Kind.ID, "  ", "is blank"),
        (Kind.ID, "a\x00b", "holds a NUL character"),
        (Kind.TEXT, "a\x00b", "holds a NUL character"),
        (Kind.LEVEL, "1.3", "1.3 is outside [0,1]"),
        (Kind.LEVEL, "-0.1", "-0.1 is outside [0,1]"),
        (Kind.LEVEL, "NaN", "NaN is not a finite number"),
        (Kind.LEVEL, "inf", "inf is not a finite number"),
        (Kind.LEVEL, "high", "high is not a finite number"),
        (Kind.AMOUNT, "-5", "-5 is negative"),
        (Kind.AMOUNT, "-inf", "-inf is not a finite number"),
        (Kind.VALUE, "1,5", "1,5 is not a finite number"),
        (Kind.COUNT, "1.5", "1.5 is not a whole number below 2³¹"),
        (Kind.COUNT, "2147483648", "2147483648 is not a whole number below 2³¹"),
        (Kind.COUNT, "-1", "-1 is negative"),
        (Kind.COUNT, "first", "first is not a finite number"),
        (Kind.FLAG, "maybe", "'maybe' is not true or false"),
        (Kind.EVENT, "Completed", "'Completed' is not one of registered, started, progressed"),
        (Kind.PART, "dev", "'dev' is not one of train, valid, test"),
        (Kind.INSTANT, "2026-03-01T09:00:00", "has no time zone"),
        (Kind.PAST_INSTANT, "2026-03-01T12:05:01Z", "is more than five minutes in the future"),
        (Kind.PAST_INSTANT, "1772366701", "1772366701 is more than five minutes in the future"),
    ],
)
def test_a_wrong_cell_is_named_with_its_reason_and_spares_its_neighbours(kind, cell, reason):
    good = {Kind.EVENT: "passed", Kind.PART: "test"}.get(kind, "1")
    values, reasons = parse_cells(kind, pa.array([good, cell, None]), NOW)
    assert list(reasons) == [1]
    assert reason in reasons[1]
    assert values[0].is_valid
    assert not values[2].is_valid


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        (Kind.ID, pa.array([7, None]), ["7", None]),
        (Kind.TEXT, pa.array([True, False]), ["true", "false"]),
        (Kind.LEVEL, pa.array([0, 1]), [0.0, 1.0]),
        (Kind.LEVEL, pa.array([0.5], pa.float32()), [0.5]),
        (Kind.COUNT, pa.array([3.0, None]), [3, None]),
        (Kind.FLAG, pa.array([True, None]), [True, None]),
        (Kind.FLAG, pa.array([1, 0]), [True, False]),
        (Kind.PAST_INSTANT, pa.array([17]), [17_000_000]),
        (Kind.EVENT, pa.array([None], pa.null()), [None]),
    ],
)
def test_typed_cells_become_values(kind, cells, expected):
    values, reasons = parse_cells(kind, cells, NOW)
    assert values.to_pylist() == expected
    assert values.type == ARROW_TYPES[kind]
    assert reasons == {}


def test_a_typed_number_out_of_range_is_refused():
    _, reasons = parse_cells(Kind.LEVEL, pa.array([0.5, float("nan"), 1.5]), NOW)
    assert reasons == {1: "nan is not a finite number", 2: "1.5 is outside [0,1]"}
