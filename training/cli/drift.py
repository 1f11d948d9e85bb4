"""`waymark drift`: whether live events are still what the champion was trained on."""

from pathlib import Path
from typing import Annotated

import typer

from features.domain.errors import NotFoundError
from features.settings import read_settings
from features.store.registry import CHAMPION, Registry
from training.cli.console import JsonFlag, err, named_failures, out, print_json, table_of
from training.cli.reading import read_histories
from training.drift.compare import Movement, Verdict
from training.drift.measure import Drift
from training.drift.performance import FEWEST_LEARNERS
from training.drift.versions import drift_from

ADVICE = {
    Verdict.STABLE: "stable: nothing moved by more than chance and by enough to matter.",
    Verdict.WATCH: "watch: something moved, not by enough to train again for it alone.",
    Verdict.DRIFTED: "drifted: retrain with `waymark train`, then `waymark promote`.",
}
COLUMNS = ("what", "verdict", "effect", "watch", "drifted", "p (Holm)", "moved most")


def drift(
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="A history folder of live events; the database otherwise."),
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Compare live events with the data the champion was trained on, and with its predictions."""
    with named_failures():
        settings = read_settings()
        registry = Registry(settings.tracking_uri, settings.model_name)
        with err.status("asking the registry …"):
            champion = registry.version_of(CHAMPION)
        if champion is None:
            raise NotFoundError(
                "there is no champion to compare with: `waymark train` and `waymark promote` first"
            )
        data = read_histories(folder, settings, quiet=json_output)
        with err.status("comparing …"):
            found = drift_from(registry, champion, data, all_if_none_newer=folder is not None)
    if json_output:
        print_json(found.to_document())
    else:
        print_drift(found)


def print_drift(found: Drift) -> None:
    """Print the table, what it is about, and one line that says what to do."""
    rows = [_row(movement) for movement in found.movements]
    out.print(table_of(f"Drift from version {found.version}", COLUMNS, rows))
    when = (
        "all compared, as none is told to be newer than its training data"
        if found.since is None
        else f"after {found.since:%Y-%m-%d %H:%M} UTC, compared with the last fifth before"
    )
    out.print(
        f"{found.n_events:,} events of {found.n_learners:,} learners, {when}.", soft_wrap=True
    )
    if not found.predictions_compared:
        out.print(
            f"Predictions are not compared: that takes {FEWEST_LEARNERS} learners with something "
            "to predict, held out then and live now.",
            soft_wrap=True,
        )
    out.print(ADVICE[found.verdict], markup=False, soft_wrap=True)


def _row(one: Movement) -> tuple[str, ...]:
    return (
        one.name,
        one.verdict.value,
        f"{one.effect:.3f}",
        f"≥ {one.bands[0]:g}",
        f"≥ {one.bands[1]:g}",
        f"{one.p_holm:.3f}",
        one.moved,
    )
