"""`waymark tune`: a search for hyper-parameters that validation learners rank and predict by."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from features.settings import read_settings
from features.store.registry import Registry
from training.cli.console import (
    JsonFlag,
    SeedOption,
    err,
    named_failures,
    out,
    print_json,
    require_writable,
    table_of,
)
from training.cli.reading import read_histories
from training.histories.data import TrainingData
from training.model_settings import FORMAT, leaves_of, read_document
from training.models import RANKING, SUCCESS
from training.tuning.objective import objective_of
from training.tuning.space import searched
from training.tuning.tune import Plan, Tuned, outcome_of
from training.tuning.tune import Progress as Made
from training.tuning.tune import tune as tune_half

STOPPED = 130  # what shells give a command that was stopped from the keyboard
MEASURES = {"ndcg_at_10": "NDCG@10", "log_loss": "log loss"}


def tune(
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="A history folder; the database otherwise."),
    ] = None,
    only: Annotated[
        str | None, typer.Option(help=f"Only one half: {RANKING} or {SUCCESS}.")
    ] = None,
    trials: Annotated[
        int, typer.Option(help="Trials of each half in all, with those made before.", min=1)
    ] = 30,
    timeout: Annotated[
        float | None,
        typer.Option(help="Begin no trial of a half after this many minutes.", min=0),
    ] = None,
    study: Annotated[
        str, typer.Option(help="The study's name; one that exists is continued.")
    ] = "default",
    resume: Annotated[
        bool, typer.Option("--resume/--restart", help="Continue the study, or begin it anew.")
    ] = True,
    seed: SeedOption = 0,
    out_file: Annotated[
        Path, typer.Option("--out", help="The settings, as JSON; `train --settings` takes them.")
    ] = Path("settings.json"),
    *,
    json_output: JsonFlag = False,
) -> None:
    """Search for hyper-parameters on validation learners; stop and go on at any time."""
    if only not in (None, RANKING, SUCCESS):
        raise typer.BadParameter(f"must be {RANKING} or {SUCCESS}", param_hint="--only")
    with named_failures():
        require_writable(out_file)
        document = read_document(out_file) if out_file.exists() else {"format": FORMAT}
        settings = read_settings()
        data = read_histories(folder, settings, quiet=json_output)
        registry = Registry(settings.tracking_uri, settings.model_name)
        plan = Plan(
            study=study,
            n_trials=trials,
            seed=seed,
            data_hash=data.data_hash,
            seconds=None if timeout is None else timeout * 60.0,
            restart=not resume,
        )
        outcomes: dict[str, Any] = {}
        for half in (RANKING, SUCCESS) if only is None else (only,):
            outcomes[half] = _tune_half(half, data, plan, registry, document, quiet=json_output)
        out_file.write_text(json.dumps(document, indent=2) + "\n")
    if json_output:
        print_json({"settings_file": str(out_file), **outcomes})
    else:
        out.print(
            f"{out_file} holds the outcome: `waymark train --settings {out_file}`.",
            soft_wrap=True,
            highlight=False,
        )


def _tune_half(
    half: str,
    data: TrainingData,
    plan: Plan,
    registry: Registry,
    document: dict[str, Any],
    *,
    quiet: bool,
) -> dict[str, Any]:
    """Tune one half, show what came of it, and put it into the document of settings."""
    with err.status(f"{half}: preparing …"):
        objective = objective_of(half, data, plan.seed)
        default = objective.default
    with _stopped_in_words(), _bar(half, plan, quiet=quiet) as bar:
        tuned = tune_half(objective, plan, registry, bar.show)
    outcome = outcome_of(tuned, plan, objective)
    document["tuned"] = document.get("tuned", {}) | {half: outcome}
    if tuned.verdict.adopted:
        document[half] = asdict(tuned.settings)
    else:
        document.pop(half, None)
    if not quiet:
        _print_outcome(tuned, default, half, MEASURES[objective.metric])
    return outcome | {"settings": leaves_of(tuned.settings if tuned.verdict.adopted else default)}


def _print_outcome(tuned: Tuned, default: Any, half: str, measure: str) -> None:
    made = f"{half}: {tuned.n_trials} trials, {tuned.n_stopped_early} of them stopped early"
    if tuned.best == tuned.default:
        out.print(f"{made}. None was better than the default settings: they stay.", highlight=False)
        return
    before, best = searched(half, default), searched(half, tuned.settings)
    rows: list[tuple[str, ...]] = [
        (name, f"{before[name]:.4g}", f"{best[name]:.4g}") for name in best
    ]
    out.print(table_of(made, ("setting", "default", "best"), rows))
    verdict = tuned.verdict
    out.print(
        f"{measure} on the learners searched with: {tuned.best:.4f}, default {tuned.default:.4f}.\n"
        f"On {verdict.n_learners:,} other validation learners, who had no part in the choice: "
        f"{verdict.best:.4f}, default {verdict.default:.4f} (p = {verdict.p_value:.3f}).\n"
        + (
            "The best settings are adopted."
            if verdict.adopted
            else "They are not better beyond chance there: the default settings stay."
        ),
        soft_wrap=True,
        highlight=False,
    )


class _Bar:
    """One bar of trials, with the best so far beside it."""

    def __init__(self, progress: Progress, half: str, n_trials: int) -> None:
        self._progress = progress
        self._task = progress.add_task(half, total=n_trials, best="the default first")

    def show(self, made: Made) -> None:
        """Move the bar to what was made."""
        best = (
            "the default first"
            if made.best is None
            else f"best {made.best:.4f}, default {made.default:.4f}"
        )
        self._progress.update(self._task, completed=made.n_done, best=best)


@contextmanager
def _bar(half: str, plan: Plan, *, quiet: bool) -> Iterator[_Bar]:
    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[best]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=quiet, speed_estimate_period=3600) as progress:
        yield _Bar(progress, half, plan.n_trials)


@contextmanager
def _stopped_in_words() -> Iterator[None]:
    """Say how to go on where the user stops the search."""
    try:
        yield
    except KeyboardInterrupt as error:
        words = [word for word in sys.argv[1:] if word != "--restart"]
        err.print(
            "stopped: finished trials are kept, the one at work begins again. Resume with\n"
            f"  waymark {shlex.join(words)}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
        raise typer.Exit(STOPPED) from error
