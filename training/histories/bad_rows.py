"""Rows that cannot be taken: collected with file, line, column and reason, and refused as a whole.

Errors are data here; they become one exception when everything has been looked at.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from features.domain.errors import HistoryFolderError

N_LISTED = 100
MAX_SHOWN_LENGTH = 60
REPORT_HEADER = ("file", "line", "column", "reason", "row")


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """Why a row, or with `line` 0 a whole file, cannot be taken.

    `line` is the line on which the row starts; in Parquet, which has no lines, the row's number
    from 1. `column` is "" where the reason concerns the whole row.
    """

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = f"{place} column {self.column}" if self.column else place
        return f"{where}: {self.reason}"


class BadRowsError(HistoryFolderError):
    """A folder with bad rows; the first 100 are listed in the text and in `bad_rows`."""

    def __init__(self, detail: str, bad_rows: Sequence[BadRow], n_bad_rows: int) -> None:
        super().__init__(detail)
        self.bad_rows = tuple(bad_rows)
        self.n_bad_rows = n_bad_rows


class BadRows:
    """Collects the bad rows of one folder, and writes them to a file where they may be skipped.

    Parameters
    ----------
    folder
        Whose rows they are.
    report_path
        Where bad rows go if the good ones are to be taken without them; None refuses the folder
        as soon as `require_acceptable` is asked. The file is written only if there are bad rows.
    """

    def __init__(self, folder: Path, report_path: Path | None = None) -> None:
        self.folder = folder
        self.report_path = report_path
        self.first: list[BadRow] = []
        self.n_by_file: Counter[str] = Counter()
        self._faulty_files: list[BadRow] = []
        self._stack = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def n_bad(self) -> int:
        """How many rows are bad."""
        return sum(self.n_by_file.values())

    @property
    def written_path(self) -> Path | None:
        """The file the bad rows went to, None if there is none."""
        return self.report_path if self._writer is not None else None

    @property
    def is_refused(self) -> bool:
        """Whether what was found so far rules out taking anything."""
        return bool(self._faulty_files) or (self.n_bad > 0 and self.report_path is None)

    def add(self, bad_row: BadRow, row_text: Callable[[], str]) -> None:
        """Note a bad row; its text is written beside the reason if bad rows are skipped."""
        self.n_by_file[bad_row.file] += 1
        if len(self.first) < N_LISTED:
            self.first.append(bad_row)
        if self.report_path is not None:
            self._write(self.report_path, bad_row, row_text())

    def refuse_file(self, file: str, reason: str, *, line: int = 0, column: str = "") -> None:
        """Note that a file cannot be taken at all, whether or not bad rows are skipped."""
        self._faulty_files.append(BadRow(file=file, line=line, column=column, reason=reason))

    def require_acceptable(self) -> None:
        """Refuse the folder if a file is at fault, or a row that may not be skipped.

        Raises
        ------
        BadRowsError
            With the first 100 bad rows and how many there are.
        """
        if not self.is_refused:
            return
        if self._faulty_files:
            listed, n_bad = self._faulty_files, len(self._faulty_files)
            what = f"cannot be read ({counted(n_bad, 'fault')}), nothing was taken"
        else:
            listed, n_bad = self.first, self.n_bad
            what = (
                f"holds {counted(n_bad, 'bad row')}, nothing was taken. "
                "Correct them, or import the good rows with --skip-bad"
            )
        lines = [f"{self.folder} {what}:", *map(str, listed[:N_LISTED])]
        if n_bad > N_LISTED:
            lines.append(f"… and {n_bad - N_LISTED:,} more")
        raise BadRowsError("\n".join(lines), listed[:N_LISTED], n_bad)

    def _write(self, path: Path, bad_row: BadRow, row_text: str) -> None:
        if self._writer is None:
            self._writer = csv.writer(_open_report(path, self._stack), lineterminator="\n")
            self._writer.writerow(REPORT_HEADER)
        self._writer.writerow(
            (bad_row.file, bad_row.line, bad_row.column, bad_row.reason, row_text)
        )


def as_csv_line(cells: Iterable[object]) -> str:
    """Return cells as one line of CSV, without its line end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(["" if cell is None else cell for cell in cells])
    return line.getvalue()


def shown(value: object) -> str:
    """Return a cell for an error text, cut off where it is long."""
    text = str(value)
    return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}…"


def counted(n: int, noun: str) -> str:
    """Return "1 row", "2 rows"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _open_report(path: Path, stack: ExitStack) -> io.TextIOBase:
    try:
        # Bytes that were not UTF-8 are written as they were.
        file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise HistoryFolderError(
            f"The bad rows cannot be written to {path} ({error.strerror}): "
            "start from a folder that can be written to."
        ) from error
    return stack.enter_context(file)


def report_path_for(folder: Path, *, skip_bad: bool, chosen: Path | None = None) -> Path | None:
    """Return where bad rows are written: `chosen`, else FOLDER-bad-rows.csv where one works."""
    if not skip_bad:
        return None
    return chosen or Path(f"{folder.resolve().name}-bad-rows.csv")
