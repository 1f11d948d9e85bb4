from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.domain.errors import InvalidValueError
from features.domain.instants import EPOCH, from_microseconds, parse_instant, to_microseconds
from training.histories.instants import (
    FIRST_MICROSECOND,
    LAST_MICROSECOND,
    parse_instants,
    seconds_to_microseconds,
)

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DAY = 86_400_000_000
# A day away from the first and last year, so that no zone leads out of them.
INSTANTS = st.builds(
    lambda microseconds, zone: from_microseconds(microseconds).astimezone(zone),
    st.integers(FIRST_MICROSECOND + DAY, LAST_MICROSECOND - DAY),
    ZONES,
)
ISO_8601 = st.builds(
    lambda at, separator: at.isoformat(separator).replace("+00:00", "Z"),
    INSTANTS,
    st.sampled_from(["T", " "]),
)
SECONDS = st.one_of(
    st.integers(-(10**10), 10**11).map(str),
    st.floats(-(10**10), 10**11).map(repr),
)
WRONG = st.sampled_from(
    [
        "",
        "soon",
        "nan",
        "inf",
        "-inf",
        "1e300",
        "2026-03-01",
        "2026-03-01T09:00:00",
        "2026-02-30T00:00Z",
    ]
)


def one_by_one(cells):
    instants, wrong = [], {}
    for row, cell in enumerate(cells):
        try:
            instants.append(None if cell is None else to_microseconds(parse_instant(cell)))
        except InvalidValueError as error:
            instants.append(None)
            wrong[row] = error.detail
    return instants, wrong


@given(st.lists(ISO_8601 | st.none()))
def test_texts_with_a_zone_are_read_as_the_domain_reads_them(cells):
    instants, reasons = parse_instants(pa.array(cells, pa.string()))
    assert (instants.to_pylist(), reasons) == one_by_one(cells)


@given(st.lists(SECONDS | st.none()))
def test_unix_seconds_are_read_as_the_domain_reads_them(cells):
    instants, reasons = parse_instants(pa.array(cells, pa.string()))
    assert (instants.to_pylist(), reasons) == one_by_one(cells)


@given(st.lists(ISO_8601 | SECONDS | WRONG | st.none()))
def test_a_mixture_with_mistakes_is_read_as_the_domain_reads_it(cells):
    instants, reasons = parse_instants(pa.array(cells, pa.string()))
    assert (instants.to_pylist(), reasons) == one_by_one(cells)


@given(st.lists(st.floats(-(10**10), 10**11), min_size=1))
def test_seconds_are_rounded_as_timedelta_rounds_them(seconds):
    expected = [to_microseconds(EPOCH + timedelta(seconds=one)) for one in seconds]
    assert seconds_to_microseconds(np.array(seconds)).tolist() == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pa.array([0, 17, None]), [0, 17_000_000, None]),
        (pa.array([1772355600.5]), [1_772_355_600_500_000]),
        (pa.array(["2026-03-01T09:00:00+02:00"]), [1_772_348_400_000_000]),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([], pa.string()), []),
    ],
)
def test_numbers_texts_and_nothing_are_read(cells, expected):
    instants, reasons = parse_instants(cells)
    assert instants.to_pylist() == expected
    assert instants.type == pa.int64()
    assert reasons == {}


def test_each_wrong_cell_has_its_own_reason():
    _, reasons = parse_instants(pa.array(["2026-03-01T09:00:00", "17", "soon", "1e300"]))
    assert reasons == {
        0: "'2026-03-01T09:00:00' has no time zone: end it with Z or +hh:mm",
        2: "'soon' is neither ISO 8601 nor Unix seconds",
        3: "'1e300' is out of range for an instant",
    }


def test_the_ends_of_the_calendar_are_in_range():
    last = datetime.max.replace(tzinfo=UTC)
    instants, reasons = parse_instants(pa.array([last.isoformat(), "0001-01-01T00:00:00Z"]))
    assert instants.to_pylist() == [
        to_microseconds(last),
        to_microseconds(datetime.min.replace(tzinfo=UTC)),
    ]
    assert reasons == {}


def test_timestamps_are_taken_as_they_are_whatever_their_unit_and_zone():
    instants = pa.array([1_772_355_600_123_456_789, None], pa.timestamp("ns", "Asia/Tokyo"))
    values, reasons = parse_instants(instants)
    assert values.to_pylist() == [1_772_355_600_123_456, None]
    assert reasons == {}
