"""Experiments are defined, started and stopped here, by the service and the command line alike."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from features.decide.assignment import Trial
from features.decide.experiment_checks import (
    KnownParts,
    changes_of,
    check_experiment,
    check_overlaps,
    check_parts,
    check_readable,
    named_by,
    weights_of,
)
from features.domain.errors import (
    ExperimentInvalidError,
    ExperimentNotRunningError,
    ExperimentStartedError,
    NotFoundError,
)
from features.domain.experiment import (
    LEARNER,
    THAWED,
    Component,
    CoverageChange,
    Experiment,
    ExperimentState,
    Phase,
    Pinned,
    Variant,
)
from features.store.documents import to_document
from features.store.registry import CHAMPION
from features.store.workspace import Repositories

_UNDER_WAY = frozenset({ExperimentState.SCHEDULED, ExperimentState.RUNNING})

Snapshots = Mapping[str, str]
"""The version that each alias, and each version, of the registry stands for."""


def write_experiment(experiment: Experiment, now: datetime) -> dict[str, Any]:
    """Return an experiment as it was written down, with its state at `now` and its phases."""
    document: dict[str, Any] = to_document(experiment)
    document["variants"] = [
        {
            "variant_id": each.variant_id,
            "weight": each.weight,
            **{kind.value: each.component.get(kind) for kind in Component},
            "pinned": {k: v for k, v in to_document(each.pinned).items() if v is not None},
        }
        for each in experiment.variants
    ]
    return document | {"state": experiment.state(now)}


def define(
    repositories: Repositories, wanted: Experiment, snapshots: Snapshots, now: datetime
) -> Experiment:
    """Write an experiment, or change what may be changed of one that has started.

    Parameters
    ----------
    repositories
        Of a writing transaction.
    wanted
        Checked, as `ExperimentForm` makes it.
    snapshots
        What the registry knows.
    now
        Aware UTC.

    Returns
    -------
    Experiment
        As it is stored now. After the start a new coverage belongs to the present phase, and new
        weights open another one.

    Raises
    ------
    ExperimentUnknownPartError
        If variants name what does not exist.
    ExperimentStartedError
        If it has started and anything but coverage and weights differs.
    """
    repositories.experiments.hold()
    try:
        before = repositories.experiments.get(wanted.experiment_id)
    except NotFoundError:
        before = None
    if before is not None and not changes_of(before, wanted):
        return before
    if before is None or before.started_at is None:
        check_parts(wanted, _known_parts(repositories, wanted, snapshots))
        repositories.experiments.put(wanted)
        return wanted
    changed = _revised(before, wanted, now)
    repositories.experiments.put(changed)
    return changed


def start(
    repositories: Repositories, experiment_id: str, snapshots: Snapshots, now: datetime
) -> Experiment:
    """Start an experiment: what its variants name is pinned as it is now.

    One that is under way goes on as it is: what is sent again changes nothing.

    Raises
    ------
    NotFoundError
        If there is no such experiment.
    ExperimentStartedError
        If it was stopped, or its end has passed.
    ExperimentInvalidError
        If its end has passed, no metric is a goal, or learners are known and none of them has the
        attribute that is the unit.
    ExperimentUnknownPartError
        If variants name what does not exist any more.
    ExperimentOverlapError
        If it would share a component of learners with another one under way.
    """
    repositories.experiments.hold()
    found = repositories.experiments.get(experiment_id)
    if found.state(now) in _UNDER_WAY:
        return found
    if found.started_at is not None:
        raise ExperimentStartedError(
            f"experiment {experiment_id!r} {_past(found)}: it cannot start again. Define it anew "
            "under another id."
        )
    check_experiment(found)
    check_readable(found)
    _require_units(repositories, found)
    if found.ends_at is not None and found.ends_at <= now:
        raise ExperimentInvalidError({"ends_at": f"it has passed: {found.ends_at.isoformat()}"})
    check_parts(found, _known_parts(repositories, found, snapshots))
    check_overlaps(found, repositories.experiments.started(), now)
    begun = replace(
        found,
        variants=tuple(_pin(repositories, found, each, snapshots) for each in found.variants),
        started_at=now,
        phases=(_phase(found, 1, now),),
    )
    repositories.experiments.put(begun)
    return begun


def stop(repositories: Repositories, experiment_id: str, now: datetime) -> Experiment:
    """Stop an experiment for good: from the next request on nobody is served a variant.

    One that was stopped stays so, since when it was.

    Raises
    ------
    NotFoundError
        If there is no such experiment.
    ExperimentNotRunningError
        If it has not started.
    """
    repositories.experiments.hold()
    found = repositories.experiments.get(experiment_id)
    if found.stopped_at is not None:
        return found
    if found.started_at is None:
        raise ExperimentNotRunningError(
            f"experiment {experiment_id!r} {_past(found)}: it cannot be stopped."
        )
    stopped = replace(found, stopped_at=now)
    repositories.experiments.put(stopped)
    return stopped


def note_act(
    repositories: Repositories, action: str, experiment: Experiment, actor: str, now: datetime
) -> None:
    """Add to the audit trail what somebody did to an experiment, and how it stands since."""
    repositories.audit.add(
        at=now,
        actor=actor,
        action=action,
        subject=experiment.experiment_id,
        detail={
            "weights": weights_of(experiment),
            "coverage": experiment.coverage,
            "phase": len(experiment.phases),
        },
    )


def require_started(repositories: Repositories, experiment_id: str) -> Experiment:
    """Return an experiment that has started.

    Raises
    ------
    NotFoundError
        If there is none of that id.
    ExperimentNotRunningError
        If it has not started.
    """
    experiment = repositories.experiments.get(experiment_id)
    if experiment.started_at is None:
        raise ExperimentNotRunningError(
            f"experiment {experiment_id!r} has not started: there is nothing to read yet. Start it."
        )
    return experiment


def _revised(before: Experiment, wanted: Experiment, now: datetime) -> Experiment:
    """Return a started experiment with another coverage, or with weights in a new phase."""
    changes = changes_of(before, wanted)
    if before.stopped_at is not None or changes - THAWED:
        frozen = ", ".join(sorted(changes if before.stopped_at else changes - THAWED))
        raise ExperimentStartedError(
            f"experiment {before.experiment_id!r} {_past(before)}: {frozen} cannot change any "
            "more. Define it anew under another id."
        )
    present = before.phases[-1]
    if "weights" in changes:
        phases = (*before.phases, _phase(wanted, present.number + 1, now))
    else:
        change = CoverageChange(coverage=wanted.coverage, at=now)
        phases = (*before.phases[:-1], replace(present, coverages=(*present.coverages, change)))
    weights = weights_of(wanted)
    variants = tuple(replace(each, weight=weights[each.variant_id]) for each in before.variants)
    return replace(before, variants=variants, coverage=wanted.coverage, phases=phases)


def _phase(experiment: Experiment, number: int, now: datetime) -> Phase:
    return Phase(
        number=number,
        weights=weights_of(experiment),
        started_at=now,
        coverages=(CoverageChange(coverage=experiment.coverage, at=now),),
    )


def _past(experiment: Experiment) -> str:
    if experiment.stopped_at is not None:
        return f"was stopped at {experiment.stopped_at.isoformat()}"
    if experiment.started_at is not None:
        return f"started at {experiment.started_at.isoformat()}"
    return "has not started"


def _known_parts(
    repositories: Repositories, experiment: Experiment, snapshots: Snapshots
) -> KnownParts:
    """Look up what the variants name."""
    catalogue = repositories.catalogue
    read: Mapping[Component, Callable[[str], object]] = {
        Component.POLICY: catalogue.get_policy,
        Component.PATHWAY: catalogue.get_pathway,
        Component.RULES: catalogue.get_rule,
    }
    known: dict[Component, set[str]] = {Component.SNAPSHOT: set(snapshots)}
    for kind, look_up in read.items():
        found = known[kind] = set()
        for name in (
            n for each in experiment.variants if each.kind is kind for n in named_by(each)
        ):
            with suppress(NotFoundError):
                look_up(name)
                found.add(name)
    return known


def _require_units(repositories: Repositories, experiment: Experiment) -> None:
    """Refuse a unit that nobody has, such as a misspelt one: it would enrol nobody, silently."""
    if experiment.unit == LEARNER:
        return
    trial, n_learners = Trial(experiment=experiment), repositories.learners.n_learners()
    units = (trial.unit_of(each) for each in repositories.observations.profiles())
    if n_learners and not sum(unit is not None for unit in units):
        raise ExperimentInvalidError(
            {
                "unit": f"none of {n_learners:,} learners has the attribute {experiment.unit!r}: "
                "nobody could be enrolled. Spell it as the profiles do, or put the profiles first"
            }
        )


def _pin(
    repositories: Repositories, experiment: Experiment, variant: Variant, snapshots: Snapshots
) -> Variant:
    """Keep what a variant's component is now, and what is usual now of those of other arms."""
    catalogue, named = repositories.catalogue, named_by(variant)
    pinned = _pin_usual(repositories, experiment, experiment.kinds - {variant.kind}, snapshots)
    match variant.kind:
        case Component.POLICY:
            pinned = replace(pinned, policy=catalogue.get_policy(named[0]))
        case Component.SNAPSHOT:
            pinned = replace(pinned, snapshot=snapshots[named[0]])
        case Component.PATHWAY:
            pinned = replace(pinned, pathway=catalogue.get_pathway(named[0]))
        case Component.RULES:
            pinned = replace(pinned, rules=tuple(map(catalogue.get_rule, named)))
    return replace(variant, pinned=pinned)


def _pin_usual(
    repositories: Repositories,
    experiment: Experiment,
    kinds: Collection[Component],
    snapshots: Snapshots,
) -> Pinned:
    """Keep what everybody is served now; a pathway's place is taken by no other."""
    catalogue, rules = repositories.catalogue, None
    if Component.RULES in kinds:
        naming = (each for each in experiment.variants if each.kind is Component.RULES)
        named = sorted({name for each in naming for name in named_by(each)})
        rules = tuple(rule for rule in map(catalogue.get_rule, named) if rule.active)
    return Pinned(
        policies=catalogue.list_policies(None, None) if Component.POLICY in kinds else None,
        snapshot=snapshots.get(CHAMPION) if Component.SNAPSHOT in kinds else None,
        rules=rules,
    )
