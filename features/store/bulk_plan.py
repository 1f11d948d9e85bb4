"""What a bulk write does to one table, worked out once for all its rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, Column, Dialect, Table, UniqueConstraint
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlalchemy.types import TypeDecorator


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A table, the columns to write and how rows are told apart.

    Attributes
    ----------
    columns
        What is written, in the table's order: what rows hold, and defaults of the rest.
    key
        Columns that tell rows apart, see `key_of`.
    overwritten
        Columns that an upsert changes in rows stored already.
    sources
        For each of `columns` its position in a row, or None for its default.
    """

    table: Table
    columns: tuple[Column[Any], ...]
    key: tuple[Column[Any], ...]
    overwritten: tuple[Column[Any], ...]
    sources: tuple[int | None, ...]

    @classmethod
    def of(cls, table: Table, given: Sequence[str], keep: Sequence[str]) -> "Plan":
        """Plan for rows that hold the columns `given`, of which `keep` are for new rows only."""
        unknown = sorted({*given, *keep} - set(table.columns.keys()))
        if unknown:
            message = f"{table.name} has no column {unknown[0]}"
            raise KeyError(message)
        key = key_of(table)
        columns = [c for c in table.columns if c.name in given or c.default is not None]
        return cls(
            table=table,
            columns=tuple(columns),
            key=key,
            overwritten=tuple(
                c for c in columns if c.name in given and c not in key and c.name not in keep
            ),
            sources=tuple(given.index(c.name) if c.name in given else None for c in columns),
        )

    def stored(self, rows: Iterable[Sequence[Any]], dialect: Dialect) -> Iterator[Sequence[Any]]:
        """Yield each row as the driver takes it: in the order of `columns`, with defaults."""
        defaults = [_default(c) for c in self.columns]
        missing = [i for i, source in enumerate(self.sources) if source is None]
        order = [0 if source is None else source for source in self.sources]
        processors = [
            (i, process)
            for i, column in enumerate(self.columns)
            if (process := _processor(column, dialect)) is not None
        ]
        for row in rows:
            values = [row[source] for source in order]
            for i in missing:
                values[i] = defaults[i]
            for i, process in processors:
                values[i] = process(values[i])
            yield values


def key_of(table: Table) -> tuple[Column[Any], ...]:
    """Return the columns that tell rows apart: of the unique constraint, or of the primary key."""
    unique = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    return tuple(unique[0].columns) if unique else tuple(table.primary_key.columns)


def _default(column: Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None


def _processor(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    kind = column.type.dialect_impl(dialect)
    # Other types need none: drivers take str, float, int, bool and None as they are.
    return kind.bind_processor(dialect) if isinstance(kind, TypeDecorator | JSON) else None
