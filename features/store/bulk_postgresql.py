"""Bulk operations on PostgreSQL: COPY into a temporary table, then one INSERT … SELECT."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import sql
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Identity,
    MetaData,
    Table,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import Insert, insert

from features.store.bulk_plan import Plan

_CHUNK_ROWS = 20_000


def insert_new(connection: Connection, plan: Plan, rows: Iterable[Sequence[Any]]) -> int:
    """Insert what is new; return how many rows were."""
    with _arrived(connection, plan, rows) as arrived:
        columns = list(plan.columns)
        if "sequence" in plan.table.c:
            columns.append(plan.table.c.sequence)
        # By key, like everyone else who inserts here, or two of them could wait for each other;
        # rows were numbered before, as they arrived.
        chosen = select(*(arrived.c[c.name] for c in columns)).order_by(
            *(arrived.c[c.name] for c in plan.key), arrived.c.arrival
        )
        statement = insert(plan.table).from_select(columns, chosen, include_defaults=False)
        return _write(connection, statement.on_conflict_do_nothing())


def upsert(connection: Connection, plan: Plan, rows: Iterable[Sequence[Any]]) -> int:
    """Insert or overwrite; return how many rows were written."""
    with _arrived(connection, plan, rows) as arrived:
        key = [arrived.c[c.name] for c in plan.key]
        last = select(func.max(arrived.c.arrival)).group_by(*key)
        chosen = select(*(arrived.c[c.name] for c in plan.columns)).order_by(*key)
        chosen = chosen.where(arrived.c.arrival.in_(last))
        statement = insert(plan.table).from_select(plan.columns, chosen, include_defaults=False)
        if not plan.overwritten:
            return _write(connection, statement.on_conflict_do_nothing())
        new = [statement.excluded[c.name] for c in plan.overwritten]
        changed = statement.on_conflict_do_update(
            index_elements=plan.key,
            set_={c.name: value for c, value in zip(plan.overwritten, new, strict=True)},
            where=tuple_(*plan.overwritten).is_distinct_from(tuple_(*new)),
        )
        return _write(connection, changed)


def stream(connection: Connection, query: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a query in chunks, from a cursor that stays on the server."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor(name="waymark_stream", binary=True) as cursor:
        cursor.execute(query)
        while rows := cursor.fetchmany(_CHUNK_ROWS):
            yield rows


def _write(connection: Connection, statement: Insert) -> int:
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


@contextmanager
def _arrived(connection: Connection, plan: Plan, rows: Iterable[Sequence[Any]]) -> Iterator[Table]:
    """Have the rows in a temporary table, numbered as they arrive."""
    arrived = Table(
        "arrived",
        MetaData(),
        Column("arrival", BigInteger, Identity()),
        *(Column(c.name, c.type) for c in plan.columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    if "sequence" in plan.table.c:
        numbers = text(f"nextval(pg_get_serial_sequence('{plan.table.name}', 'sequence'))")
        arrived.append_column(Column("sequence", BigInteger, server_default=numbers))
    arrived.create(connection)
    command = sql.SQL("COPY arrived ({}) FROM STDIN").format(
        sql.SQL(", ").join(sql.Identifier(c.name) for c in plan.columns)
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)
    yield arrived
    arrived.drop(connection)
