import pyarrow as pa
import pytest

from training.histories.parquet_source import refusal_of_type
from training.histories.schema import Kind


@pytest.mark.parametrize(
    ("kind", "type_"),
    [
        (Kind.ID, pa.string()),
        (Kind.ID, pa.int64()),
        (Kind.TEXT, pa.float64()),
        (Kind.TEXT, pa.bool_()),
        (Kind.LEVEL, pa.float32()),
        (Kind.LEVEL, pa.decimal128(5, 2)),
        (Kind.LEVEL, pa.string()),
        (Kind.FLAG, pa.bool_()),
        (Kind.FLAG, pa.int8()),
        (Kind.PAST_INSTANT, pa.timestamp("ns", "Europe/Paris")),
        (Kind.PAST_INSTANT, pa.int64()),
        (Kind.EVENT, pa.string()),
        (Kind.EVENT, pa.null()),
    ],
)
def test_types_that_hold_what_is_asked_for_are_taken(kind, type_):
    assert refusal_of_type(kind, type_) is None


@pytest.mark.parametrize(
    ("kind", "type_", "reason"),
    [
        (Kind.ID, pa.float64(), "has the type double, which does not hold ids"),
        (Kind.TEXT, pa.list_(pa.string()), "which does not hold text"),
        (Kind.LEVEL, pa.bool_(), "has the type bool, which does not hold numbers"),
        (Kind.FLAG, pa.date32(), "which does not hold true or false"),
        (Kind.EVENT, pa.int64(), "has the type int64, which does not hold text"),
        (Kind.PAST_INSTANT, pa.timestamp("us"), "has no time zone: store instants in UTC"),
        (Kind.INSTANT, pa.date32(), "has no time zone: store instants in UTC"),
        (Kind.INSTANT, pa.bool_(), "which does not hold instants"),
    ],
)
def test_other_types_are_refused_with_a_reason(kind, type_, reason):
    assert reason in refusal_of_type(kind, type_)
