"""Define, start and stop experiments on the database of the settings."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from features.domain.errors import InvalidValueError
from features.domain.experiment import Component, Experiment
from features.experiment_form import read_experiment
from features.experiments import Snapshots, define, note_act, start, stop, write_experiment
from features.settings import Settings, read_settings
from features.store.registry import Registry
from features.store.workspace import Repositories
from training.cli.console import (
    JsonFlag,
    err,
    named_failures,
    now,
    out,
    print_json,
    table_of,
    workspace_of,
)

ACTOR = "command line"
PAGE = 500

ExperimentId = Annotated[str, typer.Argument(help="The experiment's id.")]


def define_experiment(
    file: Annotated[
        Path, typer.Argument(help="JSON, the body of PUT /v1/experiments/ID; - is standard input.")
    ],
    experiment_id: Annotated[
        str | None, typer.Option("--id", help="The experiment's id, where the file has none.")
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Define an experiment, or change the coverage or the weights of one that has started."""
    with named_failures():
        wanted = read_experiment(experiment_id, _read(file))
        settings = read_settings()
        snapshots = _snapshots(settings, wanted)
        found = _act(
            settings, "experiment.put", lambda each: define(each, wanted, snapshots, now())
        )
    _print(found, json_output=json_output)


def start_experiment(experiment_id: ExperimentId, *, json_output: JsonFlag = False) -> None:
    """Start an experiment; what it compares is frozen and pinned from now on."""
    with named_failures():
        settings = read_settings()
        with workspace_of(settings) as workspace, workspace.reading() as repositories:
            snapshots = _snapshots(settings, repositories.experiments.get(experiment_id))
        found = _act(
            settings, "experiment.start", lambda each: start(each, experiment_id, snapshots, now())
        )
    _print(found, json_output=json_output)


def stop_experiment(experiment_id: ExperimentId, *, json_output: JsonFlag = False) -> None:
    """Stop an experiment for good; everybody is served by default again."""
    with named_failures():
        found = _act(
            read_settings(), "experiment.stop", lambda each: stop(each, experiment_id, now())
        )
    _print(found, json_output=json_output)


def list_experiments(*, json_output: JsonFlag = False) -> None:
    """List experiments with their state and how many learners each variant has."""
    with (
        named_failures(),
        workspace_of(read_settings()) as workspace,
        workspace.reading() as repositories,
    ):
        found = _everything(repositories)
        enrolled = repositories.experiments.n_enrolled([each.experiment_id for each in found])
    if json_output:
        at = now()
        documents = [
            write_experiment(each, at) | {"enrolled": dict(enrolled[each.experiment_id])}
            for each in found
        ]
        print_json({"experiments": documents})
        return
    columns = ("experiment", "state", "unit", "variants: learners", "coverage", "phase")
    rows = [_row(each, enrolled[each.experiment_id]) for each in found]
    out.print(table_of("Experiments", columns, rows) if rows else "No experiment is defined.")


def _read(file: Path) -> Mapping[str, Any]:
    """Read a JSON object from a file or standard input."""
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text()
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise InvalidValueError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidValueError(f"{file} holds no JSON object")
    return document


def _snapshots(settings: Settings, experiment: Experiment) -> Snapshots:
    """Ask the registry what it has, where the experiment needs to know."""
    if Component.SNAPSHOT not in experiment.kinds:
        return {}
    with err.status("asking the registry …"):
        return Registry(settings.tracking_uri, settings.model_name).names()


def _act(
    settings: Settings, action: str, change: Callable[[Repositories], Experiment]
) -> Experiment:
    """Change an experiment and note it in the audit trail, both or neither."""
    with workspace_of(settings) as workspace, workspace.transaction() as repositories:
        experiment = change(repositories)
        note_act(repositories, action, experiment, ACTOR, now())
        return experiment


def _everything(repositories: Repositories) -> list[Experiment]:
    found: list[Experiment] = []
    while page := repositories.experiments.list(found[-1].experiment_id if found else None, PAGE):
        found += page
    return found


def _print(experiment: Experiment, *, json_output: bool) -> None:
    if json_output:
        print_json(write_experiment(experiment, now()))
        return
    arms = ", ".join(f"{each.variant_id} {each.weight:.0%}" for each in experiment.variants)
    out.print(
        f"Experiment {experiment.experiment_id} is {experiment.state(now())}: {arms} of "
        f"{experiment.coverage:.0%} of the units ({experiment.unit}).",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _row(experiment: Experiment, enrolled: Mapping[str, int]) -> tuple[str, ...]:
    arms = ", ".join(
        f"{each.variant_id}: {enrolled.get(each.variant_id, 0):,}" for each in experiment.variants
    )
    return (
        experiment.experiment_id,
        str(experiment.state(now())),
        experiment.unit,
        arms,
        f"{experiment.coverage:.0%}",
        str(len(experiment.phases) or "–"),
    )
