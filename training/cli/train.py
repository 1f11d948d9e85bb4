"""`waymark train`: from histories to a registered challenger."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from features.settings import Settings, read_settings
from features.store.registry import Registry
from training.cli.console import (
    JsonFlag,
    SeedOption,
    err,
    named_failures,
    now,
    out,
    print_json,
)
from training.cli.hyperparameters import SettingsOption, model_settings
from training.cli.reading import read_histories
from training.cli.report_tables import print_report
from training.histories.data import TrainingData
from training.schedule import Conditions, Need, training_lock, training_need
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
    if_needed: Annotated[
        bool,
        typer.Option("--if-needed", help="Train only if it would pay, for a scheduler; exit 0."),
    ] = False,
    min_new_events: Annotated[
        int | None,
        typer.Option(help="With --if-needed: so many are enough; by default a tenth more.", min=1),
    ] = None,
    max_age_days: Annotated[
        float | None,
        typer.Option(help="With --if-needed: train at this age if the data has changed.", min=0),
    ] = None,
    json_output: JsonFlag = False,
) -> None:
    """Train from the database or a folder, track the run, and register the snapshot."""
    if not if_needed and (min_new_events is not None or max_age_days is not None):
        raise typer.BadParameter(
            "go with --if-needed only", param_hint="--min-new-events and --max-age-days"
        )
    age = None if max_age_days is None else timedelta(days=max_age_days)
    asked = _Asked(folder=folder, seed=seed, settings_file=settings_file, quiet=json_output)
    with named_failures():
        settings = read_settings()
        registry = Registry(settings.tracking_uri, settings.model_name)
        if if_needed:
            conditions = Conditions(min_new_events=min_new_events, max_age=age)
            need, trained = _train_if_needed(asked, settings, registry, conditions)
        else:
            need, trained = None, _train(asked, settings, registry)
    if json_output:
        print_json(_document(need, trained, asked.stopwatch))
        return
    if need is not None:
        out.print(_sentence(need), markup=False, highlight=False, soft_wrap=True)
    if trained is not None:
        print_report(dict(trained.document))
        out.print(
            f"Version {trained.version} of {settings.model_name} is the challenger "
            f"(run {trained.run_id}). `waymark promote` puts it to the gate."
        )


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What a user asked to train on, and how; the stopwatch measures the reading of it."""

    folder: Path | None
    seed: int
    settings_file: Path | None
    quiet: bool
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    def read(self, settings: Settings) -> TrainingData:
        with self.stopwatch.measuring("reading"):
            return read_histories(self.folder, settings, quiet=self.quiet)


def _train(
    asked: _Asked, settings: Settings, registry: Registry, data: TrainingData | None = None
) -> Trained:
    hyperparameters = model_settings(asked.settings_file, settings)
    known = asked.read(settings) if data is None else data
    with err.status("opening the tracking store …") as status:
        return train_models(
            known,
            registry,
            seed=asked.seed,
            now=now(),
            settings=hyperparameters,
            report=status.update,
        )


def _train_if_needed(
    asked: _Asked, settings: Settings, registry: Registry, conditions: Conditions
) -> tuple[Need, Trained | None]:
    """Decide and train under the lock, so that two schedulers do not train the same."""
    with training_lock(registry) as is_free:
        if not is_free:
            reason = "another scheduled training is under way"
            return Need(needed=False, reason=reason, version=None), None
        data = asked.read(settings)
        with err.status("comparing with the latest version …"):
            need = training_need(registry, data, conditions, now())
        return need, _train(asked, settings, registry, data) if need.needed else None


def _sentence(need: Need) -> str:
    return f"{'Training' if need.needed else 'Not training'}: {need.reason}."


def _document(need: Need | None, trained: Trained | None, reading: Stopwatch) -> dict[str, object]:
    """Return what `train --json` prints; with `--if-needed` it also says why or why not."""
    document: dict[str, object] = {}
    if trained is not None:
        parts = reading.seconds | trained.document["seconds_by_part"]
        document = document_of(trained) | {"seconds_by_part": parts}
    if need is None:
        return document
    why = {
        "trained": trained is not None,
        "reason": need.reason,
        "compared_with": need.version,
        "n_new_events": need.n_new_events,
        "drift": None if need.drift is None else need.drift.value,
    }
    return why | document


def document_of(trained: Trained) -> dict[str, object]:
    """Return what `train --json` prints of a training."""
    return {
        "run_id": trained.run_id,
        "version": trained.version,
        "checksum": trained.checksum,
        **trained.document,
    }
