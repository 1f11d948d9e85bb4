"""Bulk operations on SQLite: one prepared statement, driven by the rows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, or_
from sqlalchemy.dialects.sqlite import Insert, insert

from features.store.bulk_plan import Plan

_CHUNK_ROWS = 20_000
_CACHE_KIB = 128 * 1024


def insert_new(connection: Connection, plan: Plan, rows: Iterable[Sequence[Any]]) -> int:
    """Insert what is new; return how many rows were."""
    return _execute(connection, plan, insert(plan.table).on_conflict_do_nothing(), rows)


def upsert(connection: Connection, plan: Plan, rows: Iterable[Sequence[Any]]) -> int:
    """Insert or overwrite; return how many rows were written."""
    statement = insert(plan.table)
    changes = {column.name: statement.excluded[column.name] for column in plan.overwritten}
    if not changes:
        return insert_new(connection, plan, rows)
    differs = or_(*(c.is_distinct_from(statement.excluded[c.name]) for c in plan.overwritten))
    return _execute(
        connection,
        plan,
        statement.on_conflict_do_update(index_elements=plan.key, set_=changes, where=differs),
        rows,
    )


def stream(connection: Connection, sql: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a query in chunks."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
        while rows := cursor.fetchmany(_CHUNK_ROWS):
            yield rows
    finally:
        cursor.close()


def _execute(
    connection: Connection, plan: Plan, statement: Insert, rows: Iterable[Sequence[Any]]
) -> int:
    names = [column.name for column in plan.columns]
    sql = str(statement.compile(dialect=connection.dialect, column_keys=names))
    driver: Any = connection.connection.driver_connection
    # Ids arrive in no order, so inserting them touches all of the index: keep it in memory.
    (cache,) = driver.execute("PRAGMA cache_size").fetchone()
    driver.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    before = driver.total_changes
    try:
        driver.executemany(sql, rows)
    finally:
        driver.execute(f"PRAGMA cache_size = {cache}")
    return int(driver.total_changes - before)
