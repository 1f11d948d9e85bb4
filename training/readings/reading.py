"""Reading an experiment: from the store to the results document."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from features.decide.assignment import Trial
from features.domain.experiment import LEARNER, Experiment, MetricRole
from features.experiments import require_started
from features.store.workspace import Repositories, Workspace
from training.experiments.margins import adjust_goals
from training.readings.checks import run_checks
from training.readings.compare import Comparison
from training.readings.decision import decide_experiment, is_certain
from training.readings.document import (
    ArmEffect,
    Direction,
    Funnel,
    FunnelArm,
    MetricResult,
    Results,
    Status,
)
from training.readings.gather import gather_experiment
from training.readings.observed import Observed
from training.readings.result import Measured, measure, read_metric
from training.readings.triggering import Triggering, find_triggered

# Where no size was planned: it only says where always-valid intervals are tightest.
USUAL_PLAN = 1_000


def read_experiment(workspace: Workspace, experiment_id: str, now: datetime) -> Results:
    """Read what an experiment has led to so far.

    Parameters
    ----------
    workspace
        Open.
    experiment_id
        Of an experiment that has started.
    now
        Aware UTC: outcomes that are not mature by then do not count.

    Raises
    ------
    NotFoundError
        If there is no such experiment.
    ExperimentNotRunningError
        If it has not started.
    StoreUnavailableError
        If the database does not answer.
    """
    with workspace.reading() as repositories:
        experiment = require_started(repositories, experiment_id)
        observed = gather_experiment(repositories, experiment)
        triggering = find_triggered(repositories, experiment, observed.members)
        n_eligible = _count_eligible(repositories, experiment, now)
    return results_of(experiment, observed, triggering, n_eligible, now)


def results_of(
    experiment: Experiment,
    observed: Observed,
    triggering: Triggering,
    n_eligible: int,
    now: datetime,
) -> Results:
    """Work out the results document.

    Parameters
    ----------
    experiment
        Started.
    observed, triggering
        What was seen of its learners, and whose answers it could have changed.
    n_eligible
        Learners who could take part today.
    now
        Aware UTC.
    """
    comparison = Comparison(
        members=observed.members,
        n_arms=len(experiment.variants),
        planned_n=experiment.planned_n or USUAL_PLAN,
        is_grouped=experiment.unit != LEARNER,
    )
    measured = [measure(spec, observed, now) for spec in experiment.metrics]
    metrics = _with_directions(
        [read_metric(each, observed, comparison, experiment, now) for each in measured]
    )
    funnel = _funnel(experiment, observed, measured, triggering, n_eligible)
    checks = run_checks(experiment, observed, comparison, measured)
    told = any(effect.value is not None for metric in metrics for effect in metric.effects)
    control = experiment.control.variant_id
    return Results(
        experiment_id=experiment.experiment_id,
        hypothesis=experiment.hypothesis,
        unit=experiment.unit,
        state=str(experiment.state(now)),
        status=Status.TOLD if told else Status.CANNOT_TELL_YET,
        started_at=experiment.phases[0].started_at,
        stopped_at=experiment.stopped_at,
        read_at=now,
        planned_n=comparison.planned_n,
        control=control,
        decision=decide_experiment(checks, funnel, metrics, control, comparison.planned_n),
        checks=checks,
        funnel=funnel,
        metrics=metrics,
    )


def _with_directions(metrics: Sequence[MetricResult]) -> tuple[MetricResult, ...]:
    """Adjust goals × arms by Holm, and say which way each metric moved for certain."""
    goals = [metric for metric in metrics if metric.role == MetricRole.GOAL]
    if not goals:
        return tuple(metrics)
    p_values = [
        [np.nan if each.always_valid is None else each.always_valid.p_value for each in own]
        for own in (metric.effects for metric in goals)
    ]
    adjusted = iter(adjust_goals(np.array(p_values)).tolist())
    return tuple(
        _directed(metric, next(adjusted)) if metric.role == MetricRole.GOAL else metric
        for metric in metrics
    )


def _directed(metric: MetricResult, adjusted: Sequence[float]) -> MetricResult:
    directed = [
        _direct(effect, p_adjusted, higher_is_better=metric.higher_is_better)
        for effect, p_adjusted in zip(metric.effects, adjusted, strict=True)
    ]
    return replace(metric, effects=tuple(directed))


def _direct(effect: ArmEffect, p_adjusted: float, *, higher_is_better: bool) -> ArmEffect:
    if effect.value is None:
        return effect
    direction = Direction.UNCLEAR
    if is_certain(p_adjusted):
        is_better = (effect.value > 0.0) == higher_is_better
        direction = Direction.BETTER if is_better else Direction.WORSE
    return replace(effect, p_adjusted=p_adjusted, direction=direction)


def _funnel(
    experiment: Experiment,
    observed: Observed,
    measured: Sequence[Measured],
    triggering: Triggering,
    n_eligible: int,
) -> Funnel:
    members = observed.members
    met = np.zeros(len(members), dtype=bool)
    met[observed.exposures.learner] = True
    is_mature = met.copy()
    for each in measured:
        is_mature &= each.is_mature
    arms = []
    for arm, variant in enumerate(experiment.variants):
        own = members.arm == arm
        triggered = triggering.is_triggered
        arms.append(
            FunnelArm(
                variant_id=variant.variant_id,
                n_enrolled=int(own.sum()),
                n_exposed=int((own & met).sum()),
                n_triggered=None if triggered is None else int((own & triggered).sum()),
                n_mature=int((own & is_mature).sum()),
            )
        )
    return Funnel(
        n_eligible=n_eligible,
        arms=tuple(arms),
        triggered_of=triggering.n_answers,
        triggering_note=triggering.note,
    )


def _count_eligible(repositories: Repositories, experiment: Experiment, now: datetime) -> int:
    """Count the learners of today for whom the condition holds."""
    if experiment.eligible is None:
        return repositories.learners.n_learners()
    trial = Trial(experiment=experiment)
    return sum(trial.takes(learner, now) for learner in repositories.observations.profiles())
