"""What makes an experiment impossible to carry out, or not to be trusted."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime

from features.decide.conditions import check_condition, names_in
from features.decide.facts import PROFILE_FACTS
from features.domain.errors import (
    ExperimentInvalidError,
    ExperimentOverlapError,
    ExperimentUnknownPartError,
    InvalidValueError,
)
from features.domain.experiment import (
    METRIC_IDS,
    OUTCOME_METRIC,
    Component,
    Experiment,
    ExperimentState,
    MetricRole,
    MetricSpec,
    Pinned,
    Variant,
)

FEWEST_VARIANTS = 2
WEIGHTS_TOLERANCE = 1e-6
MOST_WINDOW_DAYS = 3_650
HOW_TO_ADD = {
    Component.POLICY: "Put the policy first, by PUT /v1/policies/ID.",
    Component.SNAPSHOT: "Train the snapshot first, by `waymark train`.",
    Component.PATHWAY: "Put the pathway first, by PUT /v1/pathways/ID.",
    Component.RULES: "Put the rules first, by PUT /v1/rules/ID.",
}
# Of a profile, what is no group: one value a learner, or many.
NO_UNITS = frozenset({"learner_id", "hired_at", "needs", "mentor", "tenure_days"})
# What does not say what is compared: when it is, for whom, and where it stands.
SETTLED_AT_START = frozenset({"started_at", "stopped_at", "phases"})
UNDER_WAY = frozenset({ExperimentState.SCHEDULED, ExperimentState.RUNNING})


KnownParts = Mapping[Component, Collection[str]]
"""Of each kind, what a variant may name."""


def check_experiment(experiment: Experiment) -> None:
    """Refuse an experiment that contradicts itself.

    Raises
    ------
    ExperimentInvalidError
        With every field at fault: fewer than two variants, ids that repeat, weights that do not
        sum to 1, a variant with no or several components, a range, share, size or date out of
        place, an `eligible` that cannot be read or speaks of more than learner attributes, a unit
        that is no group, an unknown metric, a guardrail without margin, a preview of an unknown
        variant.
    """
    errors = {
        name: detail
        for problems in (_of_variants, _of_reach, _of_eligible, _of_metrics, _of_preview)
        for name, detail in problems(experiment)
    }
    if errors:
        raise ExperimentInvalidError(errors)


def check_readable(experiment: Experiment) -> None:
    """Refuse to start an experiment that could never be decided.

    Raises
    ------
    ExperimentInvalidError
        If none of its metrics is a goal.
    """
    if not any(each.role is MetricRole.GOAL for each in experiment.metrics):
        raise ExperimentInvalidError(
            {
                "metrics": "none of them is a goal: say before the start what is to move, such as "
                '{"metric_id": "completion_rate", "role": "goal"}'
            }
        )


def check_parts(experiment: Experiment, known: KnownParts) -> None:
    """Refuse an experiment whose variants name what does not exist.

    Raises
    ------
    ExperimentUnknownPartError
        Listing every culprit.
    """
    unknown = [
        f"variant {variant.variant_id!r} names {kind.value} {name!r}"
        for variant in experiment.variants
        if (kind := variant.kind) is not None
        for name in named_by(variant)
        if name not in known.get(kind, ())
    ]
    if unknown:
        hints = " ".join(HOW_TO_ADD[kind] for kind in sorted(experiment.kinds))
        if Component.SNAPSHOT in experiment.kinds:
            snapshots = sorted(known.get(Component.SNAPSHOT, ()))
            hints += f" Snapshots known here: {', '.join(snapshots) or 'none'}."
        raise ExperimentUnknownPartError(
            f"experiment {experiment.experiment_id!r} names what does not exist: "
            f"{'; '.join(unknown)}. {hints}"
        )


def check_overlaps(experiment: Experiment, others: Iterable[Experiment], now: datetime) -> None:
    """Refuse to start an experiment beside others that it would have to share learners with.

    Two that own a component of the same kind must be of one namespace; two of one namespace must
    assign the same unit and have disjoint ranges.

    Parameters
    ----------
    experiment
        About to start.
    others
        Experiments; those not under way at `now`, and the same one, do not count.
    now
        Aware UTC.

    Raises
    ------
    ExperimentOverlapError
        Listing every culprit.
    """
    clashes = [
        clash
        for other in others
        if other.experiment_id != experiment.experiment_id and other.state(now) in UNDER_WAY
        for clash in _clashes(experiment, other)
    ]
    if clashes:
        raise ExperimentOverlapError(
            f"experiment {experiment.experiment_id!r} cannot run beside others: "
            f"{'; '.join(clashes)}. Give both one namespace, the same unit and disjoint ranges, "
            "or stop the other first."
        )


def changes_of(before: Experiment, after: Experiment) -> frozenset[str]:
    """Return the fields in which two definitions of an experiment differ.

    A change of weights alone is called `weights`, any other of the variants `variants`.
    """
    kept = [
        each.name
        for each in fields(Experiment)
        if each.name not in SETTLED_AT_START | {"variants"}
        and getattr(before, each.name) != getattr(after, each.name)
    ]
    if _bare(before.variants) != _bare(after.variants):
        kept.append("variants")
    elif weights_of(before) != weights_of(after):
        kept.append("weights")
    return frozenset(kept)


def weights_of(experiment: Experiment) -> dict[str, float]:
    """Return the weight of each variant by its id."""
    return {each.variant_id: each.weight for each in experiment.variants}


def named_by(variant: Variant) -> tuple[str, ...]:
    """Return the ids that a variant's component names."""
    named = next(iter(variant.component.values()), ())
    return (named,) if isinstance(named, str) else tuple(named)


def _bare(variants: Iterable[Variant]) -> list[Variant]:
    return [replace(each, weight=0.0, pinned=Pinned()) for each in variants]


def _of_variants(experiment: Experiment) -> Iterator[tuple[str, str]]:
    variants = experiment.variants
    if len(variants) < FEWEST_VARIANTS:
        yield "variants", f"there are {len(variants)}: a comparison takes a control and another"
    counts = Counter(each.variant_id for each in variants)
    repeated = sorted(variant_id for variant_id, n in counts.items() if n > 1)
    if repeated:
        yield "variants.variant_id", f"given more than once: {', '.join(repeated)}"
    total = sum(each.weight for each in variants)
    if variants and abs(total - 1.0) > WEIGHTS_TOLERANCE:
        weights = ", ".join(f"{each.variant_id} {each.weight}" for each in variants)
        yield "variants.weight", f"the weights ({weights}) sum to {total:.9g}: they must sum to 1"
    for place, each in enumerate(variants):
        if not 0.0 <= each.weight <= 1.0:
            yield f"variants.{place}.weight", f"{each.weight} is not between 0 and 1"
        if len(each.component) > 1:
            yield f"variants.{place}", f"it changes {' and '.join(each.component)}: name one"
        if not each.component and place:
            kinds = ", ".join(Component)
            yield f"variants.{place}", f"only the control, the first, may do without {kinds}"


def _of_reach(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if not 0.0 <= experiment.coverage <= 1.0:
        yield "coverage", f"{experiment.coverage} is not between 0 and 1"
    low, high = experiment.namespace_range
    if not 0.0 <= low < high <= 1.0:
        yield "namespace_range", f"[{low}, {high}] is no range within [0, 1]"
    if experiment.namespace is None and (low, high) != (0.0, 1.0):
        yield "namespace_range", "it goes with a namespace"
    if experiment.unit in NO_UNITS:
        yield "unit", f"{experiment.unit!r} makes no groups: name learner, department, manager_id …"
    if experiment.planned_n is not None and experiment.planned_n < 1:
        yield "planned_n", f"{experiment.planned_n} units cannot be planned"
    starts_at, ends_at = experiment.starts_at, experiment.ends_at
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        yield "ends_at", "it is not after starts_at"


def _of_eligible(experiment: Experiment) -> Iterator[tuple[str, str]]:
    if experiment.eligible is None:
        return
    try:
        check_condition(experiment.eligible)
    except InvalidValueError as error:
        yield "eligible", error.detail
        return
    unknown = sorted(names_in(experiment.eligible) - PROFILE_FACTS - {"learner"})
    if unknown:
        known = ", ".join(sorted(PROFILE_FACTS))
        said = f"unknown facts: {', '.join(unknown)}. Known are {known}, and learner.NAME for any"
        yield "eligible", f"{said} other attribute"


def _of_metrics(experiment: Experiment) -> Iterator[tuple[str, str]]:
    counts = Counter((each.metric_id, each.role) for each in experiment.metrics)
    for (metric_id, role), n in counts.items():
        if n > 1:
            yield "metrics", f"{metric_id} is a {role} {n} times"
    for place, each in enumerate(experiment.metrics):
        for name, detail in _of_metric(each):
            yield f"metrics.{place}.{name}", detail


def _of_metric(metric: MetricSpec) -> Iterator[tuple[str, str]]:
    outcome = metric.metric_id.removeprefix(OUTCOME_METRIC)
    if metric.metric_id not in METRIC_IDS and outcome in ("", metric.metric_id):
        known = ", ".join(METRIC_IDS)
        yield "metric_id", f"{metric.metric_id!r} is unknown: {known} or {OUTCOME_METRIC}METRIC"
    if metric.role is MetricRole.GUARDRAIL and metric.margin is None:
        yield "margin", "a guardrail needs one: how much worse is still borne"
    if metric.margin is not None and metric.margin < 0:
        yield "margin", f"{metric.margin} is negative"
    if metric.window_days is not None and not 0 < metric.window_days <= MOST_WINDOW_DAYS:
        yield "window_days", f"{metric.window_days:g} is not above 0 and at most {MOST_WINDOW_DAYS}"


def _of_preview(experiment: Experiment) -> Iterator[tuple[str, str]]:
    known = {each.variant_id for each in experiment.variants}
    for learner_id, variant_id in sorted(experiment.preview.items()):
        if variant_id not in known:
            yield f"preview.{learner_id}", f"there is no variant {variant_id!r}"


def _clashes(one: Experiment, other: Experiment) -> Iterator[str]:
    shared = sorted(one.kinds & other.kinds)
    if one.namespace is None or one.namespace != other.namespace:
        if shared:
            yield (
                f"{other.experiment_id!r} owns {', '.join(shared)} of learners too, and the two "
                "are not of one namespace"
            )
        return
    if one.unit != other.unit:
        yield (
            f"{other.experiment_id!r} assigns {other.unit} and not {one.unit} in namespace "
            f"{one.namespace!r}"
        )
    elif max(one.namespace_range[0], other.namespace_range[0]) < min(
        one.namespace_range[1], other.namespace_range[1]
    ):
        yield (
            f"{other.experiment_id!r} has the range {list(other.namespace_range)} of namespace "
            f"{one.namespace!r}, which overlaps {list(one.namespace_range)}"
        )
