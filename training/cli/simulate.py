"""`waymark simulate`: a closed loop of learners with known truth under several policies."""

import json
from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from training.cli.console import (
    JsonFlag,
    SeedOption,
    err,
    named_failures,
    print_json,
    require_writable,
)
from training.cli.simulation_tables import print_simulation
from training.simulation.plot import plot_simulation
from training.simulation.policies import PolicyName
from training.simulation.report import write_document
from training.simulation.simulate import LearnerModelName, Outcomes, Plan
from training.simulation.simulate import simulate as run

FEWEST_TAUGHT_FROM, MOST_TAUGHT_FROM = 300, 1_000


class ModelChoice(StrEnum):
    """Which learner models."""

    IRT = "irt"
    BKT = "bkt"
    BOTH = "both"


def simulate(
    learners: Annotated[int, typer.Option(help="Learners judged, for each seed.", min=2)] = 100,
    seeds: Annotated[
        int, typer.Option(help="How many worlds: offers, histories, learners.", min=1)
    ] = 1,
    model: Annotated[ModelChoice, typer.Option(help="How learners learn.")] = ModelChoice.BOTH,
    policy: Annotated[
        list[PolicyName] | None, typer.Option(help="Only these policies; repeatable.")
    ] = None,
    taught_from: Annotated[
        int | None,
        typer.Option(
            help="Learners whose histories the models are fitted on; by default as many as are "
            f"judged, between {FEWEST_TAUGHT_FROM} and {MOST_TAUGHT_FROM:,}.",
            min=20,
        ),
    ] = None,
    seed: SeedOption = 0,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write the result as JSON to this file.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the result as a PNG to this file.")
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Let simulated learners learn under several policies, and compare what became of them."""
    started = perf_counter()
    models = list(LearnerModelName) if model is ModelChoice.BOTH else [LearnerModelName(model)]
    plan = Plan(
        n_learners=learners,
        n_taught_from=taught_from or min(max(learners, FEWEST_TAUGHT_FROM), MOST_TAUGHT_FROM),
        seeds=range(seed, seed + seeds),
        models=models,
        policies=[each for each in PolicyName if policy is None or each in policy],
    )
    with named_failures():
        require_writable(out_file)
        require_writable(picture, "--picture")
        outcomes = _run(plan, quiet=json_output)
    document = write_document(plan, outcomes, perf_counter() - started)
    if out_file is not None:
        out_file.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    if picture is not None:
        plot_simulation(document, picture)
    if json_output:
        print_json(document)
    else:
        print_simulation(document)


def _run(plan: Plan, *, quiet: bool) -> Outcomes:
    """Simulate, with one bar for the models that are fitted and one for the learners."""
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet) as progress:
        bars: dict[str, TaskID] = {}

        def show(what: str, n_done: int, n: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what, total=n)
            progress.update(bars[what], completed=n_done)

        return run(plan, show)
