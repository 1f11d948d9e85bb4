"""`waymark train`: from histories to a registered challenger."""

from pathlib import Path
from typing import Annotated

import typer

from features.settings import Settings, read_settings
from features.store.registry import Registry
from training.cli.console import (
    JsonFlag,
    SeedOption,
    SettingsOption,
    err,
    model_settings,
    named_failures,
    now,
    out,
    print_json,
    reading_bars,
    workspace_of,
)
from training.cli.report_tables import print_report
from training.histories.data import TrainingData, read_folder_data, read_store_data
from training.stopwatch import Stopwatch
from training.train import Trained
from training.train import train as train_models


def train(
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="A history folder; the database otherwise."),
    ] = None,
    seed: SeedOption = 0,
    settings_file: SettingsOption = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Train from the database or a folder, track the run, and register the snapshot."""
    with named_failures():
        settings = read_settings()
        hyperparameters = model_settings(settings_file, settings)
        stopwatch = Stopwatch()
        with stopwatch.measuring("reading"):
            data = read_histories(folder, settings, quiet=json_output)
        registry = Registry(settings.tracking_uri, settings.model_name)
        with err.status("opening the tracking store …") as status:
            trained = train_models(
                data,
                registry,
                seed=seed,
                now=now(),
                settings=hyperparameters,
                report=status.update,
            )
    if json_output:
        parts = stopwatch.seconds | trained.document["seconds_by_part"]
        print_json(document_of(trained) | {"seconds_by_part": parts})
    else:
        print_report(dict(trained.document))
        out.print(
            f"Version {trained.version} of {settings.model_name} is the challenger "
            f"(run {trained.run_id}). `waymark promote` puts it to the gate."
        )


def document_of(trained: Trained) -> dict[str, object]:
    """Return what `train --json` prints."""
    return {
        "run_id": trained.run_id,
        "version": trained.version,
        "checksum": trained.checksum,
        **trained.document,
    }


def read_histories(folder: Path | None, settings: Settings, *, quiet: bool) -> TrainingData:
    """Read the folder named, else the database of the settings."""
    if folder is None:
        with workspace_of(settings) as workspace:
            return read_store_data(workspace)
    with reading_bars(quiet=quiet) as progress:
        return read_folder_data(folder, now=now(), progress=progress)
