"""What all commands share: output, errors, progress and where things are."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.domain.errors import InvalidValueError, WaymarkError
from features.settings import Settings
from features.store.workspace import Workspace

JsonFlag = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output instead of text.")
]
SeedOption = Annotated[int, typer.Option(help="Seed of every random choice.", min=0)]

WIDER_THAN_ANY_TABLE = 240

out = Console()
err = Console(stderr=True)


def now() -> datetime:
    """Return the present instant; the only clock of the command line."""
    return datetime.now(UTC)


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON object to standard output."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")


@contextmanager
def workspace_of(settings: Settings) -> Iterator[Workspace]:
    """Open the workspace the settings name and close it afterwards."""
    workspace = Workspace.open(settings.database_url)
    try:
        yield workspace
    finally:
        workspace.close()


def require_writable(path: Path | None, option: str = "--out") -> None:
    """Refuse before the work and not after it."""
    if path is not None and path.is_dir():
        raise InvalidValueError(f"{option} {path} is a folder: name a file")
    if path is not None and not path.parent.is_dir():
        raise InvalidValueError(f"{option} {path}: the folder {path.parent} does not exist")


@contextmanager
def named_failures() -> Iterator[None]:
    """Turn a named error into a line on standard error and exit code 1."""
    try:
        yield
    except WaymarkError as error:
        err.print(f"[bold red]{error.code}[/]: ", end="", highlight=False)
        err.print(error.detail, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def leave_tables_whole(console: Console, environment: Mapping[str, str] = os.environ) -> None:
    """Wrap and cut nothing in a file or a pipe, which have no width, unless COLUMNS gives one."""
    if not console.is_terminal and "COLUMNS" not in environment:
        console.width = WIDER_THAN_ANY_TABLE


def quiet_libraries() -> None:
    """Keep the chatter of libraries off the screen; their errors still show."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"mlflow\.|implicit\.")


class ReadingBars:
    """One bar a table on standard error; how long a table is shows only at its end."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def advance(self, table: str, n_rows: int) -> None:
        """Count `n_rows` more rows of `table`; a table that begins ends the one before."""
        if table not in self._bars:
            self.finish()
            self._bars[table] = self._progress.add_task(table, total=None)
        self._progress.advance(self._bars[table], n_rows)

    def finish(self) -> None:
        """Fill the bars of all tables read so far."""
        for bar in self._bars.values():
            done = self._progress.tasks[bar].completed
            self._progress.update(bar, total=max(done, 1), completed=max(done, 1))


@contextmanager
def reading_bars(*, quiet: bool) -> Iterator[ReadingBars]:
    """Show how many rows were read, or nothing where the output is for a program."""
    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(),
        TextColumn("{task.completed:>12,.0f} rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet) as progress:
        bars = ReadingBars(progress)
        yield bars
        bars.finish()


def table_of(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    """Build a table: the first column left-aligned and cut where too long, others to the right."""
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for position, column in enumerate(columns):
        first = position == 0
        table.add_column(column, justify="left" if first else "right", no_wrap=first)
    for row in rows:
        table.add_row(*row)
    return table
