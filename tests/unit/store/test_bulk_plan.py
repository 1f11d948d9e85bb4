from datetime import UTC, datetime

import pytest
from sqlalchemy.dialects import sqlite

from features.store import tables
from features.store.bulk_plan import Plan

DIALECT = sqlite.dialect()


def names(columns):
    return [column.name for column in columns]


def test_rows_are_put_into_the_tables_order_with_defaults():
    plan = Plan.of(tables.modules, ["title", "module_id"], keep=())
    assert names(plan.columns) == ["module_id", "title", "pass_mark", "mandatory", "accessibility"]
    assert list(plan.stored([("One", "m1")], DIALECT)) == [["m1", "One", 0.5, False, "[]"]]


def test_only_columns_given_are_overwritten():
    plan = Plan.of(tables.modules, ["module_id", "title", "difficulty"], keep=["title"])
    assert names(plan.key) == ["module_id"]
    assert names(plan.overwritten) == ["difficulty"]


def test_a_journals_key_is_its_unique_constraint():
    plan = Plan.of(tables.interactions, ["event_id"], keep=())
    assert names(plan.key) == ["event_id"]


def test_instants_are_taken_as_datetime_or_as_microseconds():
    plan = Plan.of(tables.outcomes, ["at"], keep=())
    at = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert list(plan.stored([(at,), (5,), (None,)], DIALECT)) == [[1_000_000], [5], [None]]


def test_an_unknown_column_is_named():
    with pytest.raises(KeyError, match="modules has no column colour"):
        Plan.of(tables.modules, ["module_id", "colour"], keep=())
