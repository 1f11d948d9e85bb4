"""The wiring place of the command line."""

import typer

from training.cli import (
    card,
    content,
    demo,
    drift,
    evaluate,
    experiment,
    experiment_power,
    experiment_replay,
    experiment_results,
    import_folder,
    keys,
    lineage,
    personas,
    promote,
    retention,
    serve,
    simulate,
    train,
    tune,
)
from training.cli.console import leave_tables_whole, out, quiet_libraries
from training.memory import return_large_blocks

app = typer.Typer(
    name="waymark",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Decides which module a learner should take next, why, and what it will change. "
    "Settings are environment variables that start with WAYMARK_; docs/settings.md lists them.",
)
app.command("demo")(demo.demo)
app.command("import")(import_folder.import_histories)
app.command("train")(train.train)
app.command("evaluate")(evaluate.evaluate)
app.command("tune")(tune.tune)
app.command("promote")(promote.promote)
app.command("rollback")(promote.rollback)
app.command("drift")(drift.drift)
app.command("card")(card.card)
app.command("content")(content.content)
app.command("personas")(personas.personas)
app.command("lineage")(lineage.lineage)
app.command("retention")(retention.retention)
app.command("serve")(serve.serve)
app.command("simulate")(simulate.simulate)
app.add_typer(experiment.app, name="experiment")
experiment.app.command("results")(experiment_results.results)
experiment.app.command("power")(experiment_power.power)
experiment.app.command("replay")(experiment_replay.replay_answers)
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run the command line."""
    quiet_libraries()
    leave_tables_whole(out)
    return_large_blocks()
    app()
