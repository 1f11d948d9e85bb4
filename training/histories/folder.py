"""A history folder, open for reading: its short tables whole, interactions as a stream."""

from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Protocol

from training.histories.bad_rows import BadRows
from training.histories.files import TableFiles, check_header, find_tables, open_checked
from training.histories.relations import (
    RELATIONS,
    first_of_each_key,
    looping_rows,
    repeated_keys,
)
from training.histories.rows import Rows, check_rows, concat_rows, leave_out
from training.histories.schema import INTERACTIONS, TABLE_OF, TABLES


class Progress(Protocol):
    """Hears how far reading has come."""

    def advance(self, table: str, n_rows: int) -> None:
        """`n_rows` more rows of `table` were read."""


class HistoryFolder:
    """Reads the tables of one folder, checking every row.

    Parameters
    ----------
    folder
        Where the files are.
    now
        Nothing may have happened more than five minutes after it.
    bad_rows
        Takes the rows that cannot be taken.
    progress
        Hears of every batch read.

    Raises
    ------
    HistoryFolderError
        If there is no table, a file is damaged or a header is wrong.
    """

    def __init__(
        self, folder: Path, *, now: datetime, bad_rows: BadRows, progress: Progress | None = None
    ) -> None:
        self.folder = folder
        self.now = now
        self.bad_rows = bad_rows
        self.progress = progress
        self.files: TableFiles = find_tables(folder)
        self.n_read: Counter[str] = Counter()
        for name, path in self.files.path_of.items():
            check_header(TABLE_OF[name], path, bad_rows)
        bad_rows.require_acceptable()

    def __contains__(self, name: object) -> bool:
        return name in self.files.path_of

    def path_of(self, name: str) -> Path:
        """Return the file of a table."""
        return self.files.path_of[name]

    def n_bad(self, name: str) -> int:
        """Return how many rows of a table are bad so far."""
        return self.bad_rows.n_by_file[self.path_of(name).name]

    def stream(self, name: str) -> Generator[Rows]:
        """Read a table in batches of checked rows; nothing if the folder does not have it."""
        if name not in self:
            return
        table, path = TABLE_OF[name], self.path_of(name)
        self.n_read[name] = 0
        with open_checked(path) as source:
            for raw in source.batches:
                self.n_read[name] += raw.n_read
                yield check_rows(table, path.name, raw, self.now, self.bad_rows)
                if self.progress is not None:
                    self.progress.advance(name, raw.n_read)

    def read_described(self) -> Mapping[str, Rows]:
        """Read every table but the interactions; tables that are not there are empty."""
        return {table.name: self._read(table.name) for table in TABLES if table is not INTERACTIONS}

    def _read(self, name: str) -> Rows:
        """Read a whole table and check its rows beside each other."""
        table = TABLE_OF[name]
        file = self.path_of(name).name if name in self else ""
        with closing(self.stream(name)) as batches:
            rows = concat_rows(table, file, list(batches))
        if table.is_journal:
            return rows.take(first_of_each_key(rows))
        rows = leave_out(rows, repeated_keys(rows), self.bad_rows)
        if name in RELATIONS:
            rows = leave_out(rows, looping_rows(rows), self.bad_rows)
        return rows
