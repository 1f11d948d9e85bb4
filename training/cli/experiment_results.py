"""`waymark experiment results`: what an experiment has led to so far, and what to do."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markdown import Markdown

from features.settings import read_settings
from features.store.documents import to_document
from training.cli.console import (
    JsonFlag,
    err,
    named_failures,
    now,
    out,
    print_json,
    require_writable,
    workspace_of,
)
from training.readings.markdown import write_markdown
from training.readings.pictures import plot_results
from training.readings.reading import read_experiment


def results(
    experiment_id: Annotated[str, typer.Argument(help="The experiment.")],
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw effects over time, sizes and the funnel as a PNG to this file."),
    ] = None,
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown as it is written.")
    ] = False,
    json_output: JsonFlag = False,
) -> None:
    """Read an experiment: effects with intervals, what they rest on, and one line that decides."""
    with named_failures():
        require_writable(picture, "--picture")
        with workspace_of(read_settings()) as workspace, err.status("reading …"):
            found = read_experiment(workspace, experiment_id, now())
    if picture is not None:
        plot_results(found, picture)
    if json_output:
        print_json(to_document(found))
    elif markdown:
        sys.stdout.write(write_markdown(found))
    else:
        out.print(Markdown(write_markdown(found)))
