"""INSERTs that meet rows stored already: let them be, or overwrite them.

Many values go to the database as one text of JSON, so that a statement is the same for any number
of them, and is made, read and planned once.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Insert,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from features.store.bulk_plan import Plan, key_of
from features.store.columns import to_json
from features.store.driver import fetch

_GIVEN = bindparam("given", type_=Text)


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], returning: Column[Any]
) -> list[Any]:
    """Insert the rows whose key is new and return one column of those.

    Rows hold the same columns each, and are numbered in the order in which they come. On
    PostgreSQL they are inserted in the order of their key: transactions that insert the same keys
    at the same time then wait for each other in one order, and never in a circle.
    """
    if not rows:
        return []
    names = tuple(map(str, rows[0]))  # without SQLAlchemy's notes on how they are quoted
    if connection.dialect.name == "postgresql":
        statement = _insert_given(table, names, returning)
        given = [dict(zip(names, row.values(), strict=True)) for row in rows]
        return list(connection.scalars(statement, {"given": to_json(given)}).all())
    plan, sql = _insert_one(table, names, returning)
    # SQLAlchemy would take longer over each row than the database does.
    driver: Any = connection.connection.driver_connection
    values = plan.stored(([*row.values()] for row in rows), connection.dialect)
    return [one for row in values for (one,) in driver.execute(sql, row)]


def overwrite(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row, or overwrite the one with the same primary key."""
    key = [column.name for column in table.primary_key]
    is_postgresql = connection.dialect.name == "postgresql"
    statement = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    changed = {name: statement.excluded[name] for name in row if name not in key}
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed), [row])


def stored_among(connection: Connection, column: Column[str], values: Iterable[str]) -> set[str]:
    """Return those of `values` that `column` holds."""
    asked = list(values)
    if not asked:
        return set()
    statement = _stored_among(column, connection.dialect.name)
    return {one for (one,) in fetch(connection, statement, {"given": to_json(asked)})}


@cache
def _stored_among(held: Column[str], dialect: str) -> Select[str]:
    if dialect == "postgresql":
        given = select(func.json_array_elements_text(cast(_GIVEN, JSON)))
        # An array, so that the index is asked whatever the planner thinks of the JSON.
        return select(held).where(held == any_(func.array(given.scalar_subquery())))
    return select(held).where(held.in_(select(column("value")).select_from(func.json_each(_GIVEN))))


@cache
def _insert_one(table: Table, names: tuple[str, ...], returning: Column[Any]) -> tuple[Plan, str]:
    """Return SQLite's INSERT of one row, and how its values are made."""
    plan = Plan.of(table, names, ())
    keys = [one.name for one in plan.columns]
    statement = sqlite.insert(table).on_conflict_do_nothing().returning(returning)
    return plan, str(statement.compile(dialect=sqlite.dialect(), column_keys=keys))


@cache
def _insert_given(table: Table, names: tuple[str, ...], returning: Column[Any]) -> Insert:
    """Return PostgreSQL's INSERT of a JSON list of objects, one member a column."""
    members = [column(name, table.c[name].type) for name in names]
    given = func.json_to_recordset(cast(_GIVEN, JSON)).table_valued(*members, name="given")
    chosen = select(given.render_derived(with_types=True))
    if "sequence" in table.c and "sequence" not in names:
        names = (*names, "sequence")
        sequence = func.pg_get_serial_sequence(table.name, "sequence")
        chosen = chosen.add_columns(func.nextval(sequence).label("sequence"))
    numbered = chosen.cte("numbered").prefix_with("MATERIALIZED")
    by_key = [numbered.c[one.name] for one in key_of(table)]
    return (
        postgresql.insert(table)
        .from_select(names, select(numbered).order_by(*by_key))
        .on_conflict_do_nothing()
        .returning(returning)
    )
