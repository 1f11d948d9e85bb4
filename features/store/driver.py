"""What every request asks of the database, and records: statements run on its driver.

SQLAlchemy makes and compiles each once; to run one it takes longer than a database may to answer.
What a driver raises is named as SQLAlchemy's own errors are, see `features.store.failures`.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
import psycopg
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Dialect,
    Float,
    Insert,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.types import TypeEngine

from features.store.columns import to_json

type Rows = list[tuple[Any, ...]]
type Reader = Callable[[Any], Any]
type Lookup = Callable[[ColumnElement[str]], Sequence[Select[Any]]]
"""What is asked about one key: for that key, as an expression, the statements."""

type Statement = Select[Any] | Insert

_FAILURES = (psycopg.Error, sqlite3.Error)
_NOTHING: Mapping[str, Any] = {}
_DIALECTS: Mapping[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named", json_deserializer=orjson.loads),
    "postgresql": postgresql.dialect(),  # type: ignore[no-untyped-call]
}


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as text, and what turns its columns, by position, into what their types hold."""

    sql: str
    readers: tuple[tuple[int, Reader], ...]

    def read(self, rows: Sequence[Sequence[Any]]) -> Rows:
        if not rows:
            return []
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        for place, read in self.readers:
            columns[place] = map(read, columns[place])
        return list(zip(*columns, strict=True))


def fetch(
    connection: Connection, statement: Statement, values: Mapping[str, Any] = _NOTHING
) -> Rows:
    """Run a statement and return its rows.

    Parameters
    ----------
    connection
        In a transaction.
    statement
        A constant, since it is compiled once and kept; what it is told are its parameters.
    values
        For each parameter, as the driver takes it.
    """
    compiled = _compile(statement, connection.dialect.name)
    return compiled.read(_run(connection, compiled.sql, values))


def fetch_each(
    connection: Connection,
    lookup: Lookup,
    keys: Sequence[str],
    values: Mapping[str, Any] = _NOTHING,
) -> dict[str, list[Rows]]:
    """Look several things up about each key: on PostgreSQL all at once, since each waits for it.

    Parameters
    ----------
    connection
        In a transaction.
    lookup
        A constant, as a statement is of `fetch`.
    keys
        What is asked about, each once.
    values
        For each parameter of the statements, as the driver takes it.

    Returns
    -------
    dict
        For each key, the rows of each statement.
    """
    if connection.dialect.name == "sqlite":
        apart = _compile_apart(lookup)
        return {
            key: [one.read(_run(connection, one.sql, {**values, "key": key})) for one in apart]
            for key in keys
        }
    sql, together = _compile_together(lookup)
    found = _run(connection, sql, {**values, "given": to_json(keys)})
    return {
        key: [one.read(rows or ()) for one, rows in zip(together, answers, strict=True)]
        for key, *answers in found
    }


def execute_each(
    connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run a statement without rows of its own, a constant, for each row of values."""
    compiled = _compile(statement, connection.dialect.name)
    driver: Any = connection.connection.driver_connection
    try:
        if len(rows) == 1:  # for many psycopg sets up a pipeline, which costs as much as a row
            driver.execute(compiled.sql, rows[0])
        else:
            driver.cursor().executemany(compiled.sql, rows)
    except _FAILURES as error:
        _note_broken(connection, error)
        raise


def _run(connection: Connection, sql: str, values: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    driver: Any = connection.connection.driver_connection
    try:
        rows: Sequence[Sequence[Any]] = driver.execute(sql, values).fetchall()
    except _FAILURES as error:
        _note_broken(connection, error)
        raise
    return rows


def _note_broken(connection: Connection, error: Any) -> None:
    """See to it that a connection that is none any more is not used again."""
    if connection.dialect.is_disconnect(error, connection.connection.driver_connection, None):
        connection.invalidate(error)


@cache
def _compile(statement: Statement, dialect: str) -> _Compiled:
    return _Compiled(sql=_text(statement, dialect), readers=_readers(statement, dialect))


@cache
def _compile_apart(lookup: Lookup) -> list[_Compiled]:
    return [_compile(each, "sqlite") for each in lookup(bindparam("key", type_=Text))]


@cache
def _compile_together(lookup: Lookup) -> tuple[str, list[_Compiled]]:
    """Return a statement that answers with one row a key, and in it a list of lists a lookup."""
    keys = func.json_array_elements_text(cast(bindparam("given", type_=Text), JSON))
    given = keys.table_valued("key").render_derived()
    statements = lookup(given.c.key)
    together = select(given.c.key, *(_as_json(each.correlate(given)) for each in statements))
    return _text(together, "postgresql"), [_compile(each, "postgresql") for each in statements]


def _as_json(statement: Select[Any]) -> ColumnElement[Any]:
    rows = statement.subquery()
    return select(func.json_agg(func.json_build_array(*rows.columns))).scalar_subquery()


def _text(statement: Statement, dialect: str) -> str:
    return str(statement.compile(dialect=_DIALECTS[dialect]))


def _readers(statement: Statement, dialect: str) -> tuple[tuple[int, Reader], ...]:
    readers = [_reader(column.type, dialect) for column in statement.exported_columns]
    return tuple((place, read) for place, read in enumerate(readers) if read is not None)


def _reader(kind: TypeEngine[Any], dialect: str) -> Reader | None:
    """Return what turns what the driver gives into what a type holds, None where it is that."""
    if isinstance(kind, Float):
        return _to_float if dialect == "postgresql" else None
    return kind.dialect_impl(_DIALECTS[dialect]).result_processor(_DIALECTS[dialect], None)


def _to_float(figure: float | None) -> float | None:
    """Read a figure of JSON, which writes 1.0 as 1."""
    return None if figure is None else float(figure)
