"""`waymark evaluate`: every model and baseline on held-out learners, modules or time."""

import json
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer

from features.domain.errors import InvalidValueError
from features.domain.instants import parse_instant
from features.settings import read_settings
from training.cli.console import (
    JsonFlag,
    SeedOption,
    err,
    named_failures,
    now,
    print_json,
    reading_bars,
    require_writable,
)
from training.cli.hyperparameters import SettingsOption, model_settings
from training.cli.report_tables import print_report
from training.evaluation.protocols import Protocol, hold_out, sample_question
from training.evaluation.report import measure, write_report
from training.histories.data import read_folder_data
from training.models import BOTH, RANKING, SUCCESS, Task, fit_models, judge_models


def evaluate(
    folder: Annotated[Path, typer.Option("--from", help="A history folder.")],
    protocol: Annotated[Protocol, typer.Option(help="How histories are held out.")],
    only: Annotated[
        str | None, typer.Option(help=f"Only one half: {RANKING} or {SUCCESS}.")
    ] = None,
    cutoff: Annotated[
        str | None,
        typer.Option(
            help="For `time`: an instant (ISO 8601 with zone, or Unix seconds). "
            "The 80 % quantile of the instants otherwise."
        ),
    ] = None,
    learners: Annotated[
        int | None,
        typer.Option(help="Ask for the next module of only this many held-out learners.", min=1),
    ] = None,
    seed: SeedOption = 0,
    settings_file: SettingsOption = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write the result as JSON to this file.")
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Train on the train part only and report every model and baseline on the rest."""
    if only not in (None, RANKING, SUCCESS):
        raise typer.BadParameter(f"must be {RANKING} or {SUCCESS}", param_hint="--only")
    if cutoff is not None and protocol is not Protocol.TIME:
        raise typer.BadParameter(
            f"goes with --protocol {Protocol.TIME} only", param_hint="--cutoff"
        )
    started = perf_counter()
    with named_failures():
        require_writable(out_file)
        settings = model_settings(settings_file, read_settings())
        with reading_bars(quiet=json_output) as progress:
            data = read_folder_data(folder, now=now(), progress=progress)
        rng = np.random.default_rng(seed)
        holdout = hold_out(data, protocol, rng, _instant(cutoff))
        if learners is not None:
            holdout = sample_question(holdout, learners, rng)
        with err.status("fitting …") as status:
            task = Task(
                data=data,
                holdout=holdout,
                seed=seed,
                parts=BOTH if only is None else frozenset({only}),
                settings=settings,
                report=status.update,
            )
            models = fit_models(task)
            judgement = judge_models(models, task)
        document = write_report(protocol, task, models, judgement, measure(started, perf_counter()))
        if out_file is not None:
            out_file.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    if json_output:
        print_json(document)
    else:
        print_report(document, task.parts)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except InvalidValueError as error:
        raise typer.BadParameter(error.detail, param_hint="--cutoff") from error
