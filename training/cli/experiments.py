"""`waymark experiment` and its commands."""

import typer

from training.cli import (
    experiment,
    experiment_power,
    experiment_replay,
    experiment_results,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Experiments: define, start, stop and list them.",
)
app.command("define")(experiment.define_experiment)
app.command("start")(experiment.start_experiment)
app.command("stop")(experiment.stop_experiment)
app.command("list")(experiment.list_experiments)
app.command("results")(experiment_results.results)
app.command("power")(experiment_power.power)
app.command("replay")(experiment_replay.replay_answers)
