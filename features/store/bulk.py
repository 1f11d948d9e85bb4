"""Many rows at once, for import and training; memory stays the same for any number of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from features.store import bulk_postgresql, bulk_sqlite
from features.store.bulk_plan import Plan
from features.store.catalogue import CatalogueRepository
from features.store.tables import CATALOGUE_TABLES


class Bulk:
    """Bulk operations within one transaction.

    Values are the domain's (datetime, frozenset, dict, bool, None); an instant may also be given
    as whole microseconds since 1970. Columns left out get their default where they have one.
    Writes to the catalogue's tables raise its revision; the caller checks `require_acyclic`, and
    adds bare modules and learners, since rows name what they like.
    """

    def __init__(self, connection: Connection, catalogue: CatalogueRepository) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._dialect = bulk_sqlite if connection.dialect.name == "sqlite" else bulk_postgresql

    def insert_new(
        self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> int:
        """Insert rows whose key is new, numbered in order of arrival; of equal keys the first wins.

        Parameters
        ----------
        table
            Its key is its unique constraint, or else its primary key.
        columns
            What each row holds, in this order.
        rows
            Read once, as a stream.

        Returns
        -------
        int
            How many were new.
        """
        return self._write(Plan.of(table, columns, ()), self._dialect.insert_new, rows)

    def upsert(
        self,
        table: Table,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        keep: Sequence[str] = (),
    ) -> int:
        """Insert rows or overwrite those with the same primary key; of equal keys the last wins.

        Parameters
        ----------
        table
            One whose rows are told apart by their primary key.
        columns
            What each row holds; what a stored row has in other columns stays.
        rows
            Read once, as a stream.
        keep
            Those of `columns` that only new rows take; stored rows keep theirs.

        Returns
        -------
        int
            How many writes were needed: 0 where all was stored so already.
        """
        return self._write(Plan.of(table, columns, keep), self._dialect.upsert, rows)

    def read_columns(
        self, table: Table, columns: Sequence[str], order_by: Sequence[str]
    ) -> Iterator[dict[str, list[Any]]]:
        """Stream a table in chunks of rows, each chunk as one list per column.

        Yields
        ------
        dict of str to list
            Values as they are stored: instants in whole microseconds since 1970, truth as
            True/False or 1/0, None where absent. Not for columns of JSON, which drivers give
            as text or as objects.
        """
        statement = select(*(table.c[name] for name in columns))
        ordered = statement.order_by(*(table.c[name] for name in order_by))
        sql = str(ordered.compile(dialect=self._connection.dialect))
        for rows in self._dialect.stream(self._connection, sql):
            yield dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))

    def _write(
        self,
        plan: Plan,
        write: Callable[[Connection, Plan, Iterator[Sequence[Any]]], int],
        rows: Iterable[Sequence[Any]],
    ) -> int:
        is_catalogue = plan.table in CATALOGUE_TABLES
        if is_catalogue:
            self._catalogue.hold()
        n_written = write(self._connection, plan, plan.stored(rows, self._connection.dialect))
        if is_catalogue and n_written:
            self._catalogue.raise_revision()
        return n_written
