"""INSERTs that meet rows stored already: let them be, or overwrite them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any

from sqlalchemy import Column, Connection, Table, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

# Below SQLite's limit of 32,766 parameters a statement.
IDS_PER_STATEMENT = 5_000


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], returning: Column[Any]
) -> list[Any]:
    """Insert the rows whose key is new and return one column of those.

    Rows must come sorted by that key: transactions that insert the same keys at the same time
    then wait for each other in one order, and never in a circle.
    """
    if not rows:
        return []
    statement = _insert(connection, table).on_conflict_do_nothing().returning(returning)
    return list(connection.execute(statement, list(rows)).scalars())


def overwrite(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or overwrite the one with the same primary key."""
    key = [column.name for column in table.primary_key]
    statement = _insert(connection, table)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), [row])


def number_arrivals(connection: Connection, table: Table, n_rows: int) -> list[int]:
    """Take numbers of a table's `sequence`, so that rows need not be inserted as they arrived."""
    if n_rows == 0:
        return []
    if connection.dialect.name == "postgresql":
        numbers = text(
            "SELECT nextval(pg_get_serial_sequence(:table, 'sequence'))"
            " FROM generate_series(1, :n_rows)"
        )
        return list(connection.scalars(numbers, {"table": table.name, "n_rows": n_rows}))
    last = connection.scalar(select(func.coalesce(func.max(table.c.sequence), 0)))
    return list(range(int(last or 0) + 1, int(last or 0) + 1 + n_rows))


def stored_among(connection: Connection, column: Column[str], values: Iterable[str]) -> set[str]:
    """Return those of `values` that `column` holds."""
    stored: set[str] = set()
    for some in batched(values, IDS_PER_STATEMENT):
        stored.update(connection.scalars(select(column).where(column.in_(some))))
    return stored


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
