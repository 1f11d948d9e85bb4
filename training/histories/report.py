"""What an import did, table by table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class TableReport:
    """The rows of one table: every row read is counted in exactly one of the others.

    Attributes
    ----------
    n_read
        Rows in the file.
    n_new
        Rows that were not stored before or, of what may change, were stored with other content.
    n_duplicates
        Rows that say nothing new: stored before, or standing earlier in the file.
    n_bad
        Rows skipped because they are wrong.
    n_erased
        Rows skipped because they are about an erased learner.
    """

    n_read: int
    n_new: int
    n_duplicates: int
    n_bad: int
    n_erased: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    tables
        Table name → what became of its rows.
    n_bare_modules
        Modules that were only named and now exist with their id as title.
    unused_files
        Table files that are not imported: `splits`, which only `evaluate` reads, and files whose
        names are no table of the contract.
    bad_rows_path
        Where bad rows were written; None if there were none.
    seconds
        How long it took.
    """

    tables: Mapping[str, TableReport]
    n_bare_modules: int
    unused_files: tuple[str, ...]
    bad_rows_path: Path | None
    seconds: float
