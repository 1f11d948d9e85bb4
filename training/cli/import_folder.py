"""`waymark import`: a history folder into the database."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from features.settings import read_settings
from training.cli.console import (
    JsonFlag,
    named_failures,
    now,
    out,
    print_json,
    reading_bars,
    table_of,
    workspace_of,
)
from training.histories.importing import import_folder
from training.histories.report import ImportReport


def import_histories(
    folder: Annotated[Path, typer.Argument(help="A history folder: CSV, CSV.gz or Parquet files.")],
    *,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take the good rows, write the bad ones to a file.")
    ] = False,
    json_output: JsonFlag = False,
) -> None:
    """Bring a history folder into the database; doing so again changes nothing."""
    with (
        named_failures(),
        workspace_of(read_settings()) as workspace,
        reading_bars(quiet=json_output) as progress,
    ):
        report = import_folder(workspace, folder, now=now(), skip_bad=skip_bad, progress=progress)
    if json_output:
        print_json(_document(report))
    else:
        _print(report)


def _document(report: ImportReport) -> dict[str, object]:
    return {
        "tables": {name: asdict(counts) for name, counts in report.tables.items()},
        "n_bare_modules": report.n_bare_modules,
        "unused_files": list(report.unused_files),
        "bad_rows_file": None if report.bad_rows_path is None else str(report.bad_rows_path),
        "seconds": report.seconds,
    }


def _print(report: ImportReport) -> None:
    rows = [
        (name, *(f"{n:,}" for n in asdict(counts).values()))
        for name, counts in report.tables.items()
    ]
    columns = ("table", "rows", "new", "known", "bad", "of erased learners")
    out.print(table_of(f"Imported in {report.seconds:.1f} s", columns, rows))
    if report.n_bare_modules:
        out.print(f"{report.n_bare_modules:,} modules were only named: their id is their title.")
    if report.unused_files:
        out.print(f"Not imported: {', '.join(report.unused_files)}.")
    if report.bad_rows_path is not None:
        out.print(f"The bad rows are in {report.bad_rows_path}.")
