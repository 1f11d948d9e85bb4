"""Many rows at once, for import and training. Values are the domain's (datetime, frozenset, dict, bool);
an instant may also be given as whole microseconds since 1970.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table


class Bulk:
    """Bulk operations on one connection."""

    def __init__(self, connection: Connection) -> None: ...

    def insert_new(
        self, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> int:
        """Insert rows whose key is new, in order of arrival (first wins); return how many."""
        raise NotImplementedError

    def upsert(self, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
        """Insert or overwrite by primary key (last wins); return how many rows were new or changed."""
        raise NotImplementedError

    def read_columns(
        self, table: Table, columns: Sequence[str], order_by: Sequence[str]
    ) -> Iterator[dict[str, list[Any]]]:
        """Stream columns in chunks, as stored: instants are whole microseconds, absent is None."""
        raise NotImplementedError
