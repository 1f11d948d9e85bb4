"""Which tables a folder holds, and opening them."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from features.domain.errors import HistoryFolderError
from training.histories.bad_rows import BadRows
from training.histories.csv_source import NOT_UTF8, open_csv
from training.histories.parquet_source import open_parquet, refusal_of_type
from training.histories.schema import TABLE_OF, Table
from training.histories.source import Source

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, kw_only=True, slots=True)
class TableFiles:
    """The files of a history folder.

    Attributes
    ----------
    path_of
        Table name → its file.
    ignored
        Names of further files that look like tables but are none of the contract.
    """

    path_of: Mapping[str, Path]
    ignored: tuple[str, ...]


def find_tables(folder: Path) -> TableFiles:
    """Find the tables of a folder.

    Raises
    ------
    HistoryFolderError
        If it is not a folder, holds no table, or holds two files for one table.
    """
    path_of: dict[str, Path] = {}
    ignored: list[str] = []
    for path in _files_in(folder):
        name = _table_name(path)
        if name is None:
            continue
        if name not in TABLE_OF:
            ignored.append(path.name)
            continue
        if name in path_of:
            raise HistoryFolderError(
                f"{folder} has two files for {name}: {path_of[name].name} and {path.name}. "
                "Remove one of them."
            )
        if path.is_dir():
            raise HistoryFolderError(f"{path} is a folder: {name} must be one file.")
        path_of[name] = path
    if not path_of:
        raise HistoryFolderError(
            f"{folder} holds no history table. Expected are files such as interactions.csv, "
            f"modules.csv.gz or learners.parquet; the tables are {', '.join(sorted(TABLE_OF))}."
        )
    return TableFiles(path_of=path_of, ignored=tuple(ignored))


def check_header(table: Table, path: Path, bad_rows: BadRows) -> None:
    """Note what is wrong with the columns of a file, which no row can make good."""
    with open_table(path) as source:
        if source is None:
            bad_rows.refuse_file(path.name, "the file is empty: it needs at least a header line")
        else:
            for column, reason in _wrong_columns(table, source):
                bad_rows.refuse_file(path.name, reason, line=_header_line(path), column=column)


@contextmanager
def open_checked(path: Path) -> Iterator[Source]:
    """Open a file whose header was found to be good."""
    with open_table(path) as source:
        if source is None:
            raise HistoryFolderError(f"{path.name} was emptied while it was being read.")
        yield source


def open_table(path: Path) -> AbstractContextManager[Source | None]:
    """Open a CSV or Parquet file by its name."""
    return open_parquet(path) if path.name.lower().endswith(".parquet") else open_csv(path)


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise HistoryFolderError(f"{folder} cannot be read: {error.strerror}.") from error


def _table_name(path: Path) -> str | None:
    name = path.name.lower()
    suffixes = [suffix for suffix in SUFFIXES if name.endswith(suffix)]
    return name.removesuffix(suffixes[0]) if suffixes else None


def _header_line(path: Path) -> int:
    return 0 if path.name.lower().endswith(".parquet") else 1


def _wrong_columns(table: Table, source: Source) -> Iterator[tuple[str, str]]:
    """Give the columns that cannot be taken, with the reason."""
    seen: set[str] = set()
    for number, name in enumerate(source.header, start=1):
        unusable = _wrong_name(name)
        if unusable is not None:
            yield str(number), unusable
        elif name in seen:
            yield name, "is there twice"
        elif name not in table.column_names and not table.takes_attributes:
            yield name, f"is unknown{_hint(name, table)}"
        elif name in source.types:
            reason = refusal_of_type(table.column(name).kind, source.types[name])
            if reason is not None:
                yield name, reason
        seen.add(name)
    for column in table.columns:
        if column.required and column.name not in seen:
            yield column.name, "is required and missing"


def _wrong_name(name: str) -> str | None:
    if not name:
        return "has no name"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return f"has a name that {NOT_UTF8}"
    return "has a name with a NUL character" if "\x00" in name else None


def _hint(name: str, table: Table) -> str:
    if ";" in name or "\t" in name:
        return ": separate the columns by commas"
    near = get_close_matches(name.lower(), table.column_names, n=1)
    if near:
        return f": did you mean {near[0]}?"
    return f": {table.name} takes {', '.join(table.column_names)}"
