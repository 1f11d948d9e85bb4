"""`waymark experiment power`: how large an experiment must be, from the organisation's history."""

from typing import Annotated

import typer

from features.domain.errors import InvalidValueError
from features.domain.experiment import LEARNER, METRIC_IDS, OUTCOME_METRIC
from features.settings import read_settings
from features.store.documents import to_document
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
from training.experiments.power import POWER
from training.readings.markdown import TOLD_BELOW
from training.readings.planning import PlanRequest, PlanResult, plan_experiment
from training.readings.words import number

NEEDS_EXPERIMENT = "follow_rate"
COLUMNS = ("after", "learners", "least difference that shows")


def power(
    metric: Annotated[str, typer.Option(help="The goal, such as completion_rate.")],
    effect: Annotated[
        float | None, typer.Option(help="The difference to find, in the metric's unit.")
    ] = None,
    window_days: Annotated[
        float | None, typer.Option(help="The metric's window; its usual one otherwise.", min=0.01)
    ] = None,
    unit: Annotated[
        str, typer.Option(help="learner, or the attribute whose groups are assigned.")
    ] = LEARNER,
    variants: Annotated[int, typer.Option(help="Arms, with the control.", min=2)] = 2,
    coverage: Annotated[
        float, typer.Option(help="Share of the learners that is enrolled.", min=0.001, max=1.0)
    ] = 1.0,
    target: Annotated[
        float, typer.Option("--power", help="Probability of finding it.", min=0.06, max=0.999)
    ] = POWER,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Say what size finds an effect, what can be found after some weeks, and how long it takes."""
    request = PlanRequest(
        metric_id=metric,
        window_days=window_days,
        effect=effect,
        unit=unit,
        n_arms=variants,
        coverage=coverage,
        power=target,
    )
    with named_failures():
        _require_plannable(metric)
        with workspace_of(read_settings()) as workspace, err.status("reading history …"):
            found = plan_experiment(workspace, request, now())
    if json_output:
        print_json(to_document(found))
    else:
        _print(found)


def _require_plannable(metric: str) -> None:
    known = [each for each in METRIC_IDS if each != NEEDS_EXPERIMENT]
    if metric not in known and not metric.startswith(OUTCOME_METRIC):
        why = " is known of experiments alone" if metric == NEEDS_EXPERIMENT else " is unknown"
        raise InvalidValueError(
            f"metric: {metric!r}{why}; name {', '.join(known)} or {OUTCOME_METRIC}METRIC"
        )


def _print(found: PlanResult) -> None:
    out.print(
        f"{found.metric_id} over {number(found.window_days)} days, of {found.n_learners:,} learners"
        f" of late: mean {number(found.mean)}, standard deviation "
        f"{number(found.standard_deviation)}{_narrowed(found)}.",
        soft_wrap=True,
    )
    if found.n_groups is not None:
        out.print(
            f"{found.n_groups:,} groups by {found.unit}, intraclass correlation "
            f"{found.correlation:.3f}: {found.design_effect:.1f} times as many learners; of "
            "groups it counts how many there are.",
            soft_wrap=True,
        )
    out.print(
        f"About {number(found.arrivals_per_day)} learners a day would come in, "
        f"{found.n_reachable:,} in all.",
        highlight=False,
    )
    if found.effect is not None:
        out.print(_needed(found), soft_wrap=True)
    rows: list[tuple[str, ...]] = [
        (
            f"{each.weeks} weeks",
            f"{each.n:,}",
            "–" if each.effect is None else f"±{number(each.effect)}",
        )
        for each in found.found
    ]
    out.print(table_of(f"What shows with power {found.power:g}", COLUMNS, rows))


def _narrowed(found: PlanResult) -> str:
    if found.narrowed_by > TOLD_BELOW:
        return ""
    return f"; what was before narrows intervals to {found.narrowed_by:.0%}"


def _needed(found: PlanResult) -> str:
    words = (
        f"{number(found.effect or 0.0)} takes {found.planned_n or 0:,} learners read at any time "
        f"({found.fixed_n or 0:,} if read once, at the end)"
    )
    if found.unit != LEARNER:
        words += f", that is planned_n {found.planned_units or 0:,} of {found.unit}"
    if (found.planned_n or 0) > found.n_reachable:
        return f"{words}; there are not so many: look for a larger effect, or widen the coverage."
    if found.days is None:
        return f"{words}; nobody came of late, so it cannot be said how long that takes."
    return f"{words}: about {found.days / 7:.0f} weeks, outcomes included."
