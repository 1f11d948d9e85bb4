"""Who is in which experiment, with which variant: the same on every worker, and kept for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from types import ModuleType

from features.decide.conditions import Facts, Mentions, holds, mentions
from features.decide.facts import fact_of, profile_facts
from features.domain.experiment import LEARNER, Component, Enrolment, Experiment
from features.domain.history import Learner

HASH_VERSION = 2


@dataclass(frozen=True, kw_only=True)
class Trial:
    """An experiment that has started, made ready for assigning by its present phase."""

    experiment: Experiment

    @property
    def experiment_id(self) -> str:
        """The experiment's id, which seeds its hash."""
        return self.experiment.experiment_id

    @property
    def assigns_groups(self) -> bool:
        """Whether units are groups of learners."""
        return self.experiment.unit != LEARNER

    @cached_property
    def kinds(self) -> frozenset[Component]:
        """The components it owns."""
        return self.experiment.kinds

    @cached_property
    def variant_ids(self) -> tuple[str, ...]:
        """The variants in order, the control first."""
        return tuple(each.variant_id for each in self.experiment.variants)

    @cached_property
    def ranges(self) -> Sequence[tuple[float, float]]:
        """Of each variant, the part of [0,1] whose hashes it gets.

        They begin where they would with full coverage, so that more coverage moves nobody.
        """
        phase = self.experiment.phases[-1]
        weights = [phase.weights[each] for each in self.variant_ids]
        found: Sequence[tuple[float, float]] = sdk().getBucketRanges(
            len(weights), phase.coverage, weights
        )
        return found

    def unit_of(self, learner: Learner) -> str | None:
        """Return the learner, or their group; None where the attribute is not known."""
        if not self.assigns_groups:
            return learner.learner_id
        value = fact_of(learner, self.experiment.unit)
        return None if value is None or value == "" else str(value)

    @cached_property
    def asked(self) -> Mentions:
        """What its condition speaks of."""
        return mentions(((self.experiment.eligible or "true",),))

    def takes(self, learner: Learner, now: datetime) -> bool:
        """Tell whether a learner is eligible; one of whom it cannot be told is not."""
        eligible = self.experiment.eligible
        if eligible is None:
            return True
        return holds(eligible, Facts(profile_facts(learner, now, self.asked))) is True

    def variant_of(self, unit_id: str) -> str | None:
        """Return the variant that a unit not enrolled yet gets, None where it gets none."""
        core, experiment = sdk(), self.experiment
        if experiment.namespace is not None:
            namespace = (experiment.namespace, *experiment.namespace_range)
            if not core.inNamespace(unit_id, namespace):
                return None
        place = core.chooseVariation(
            core.gbhash(self.experiment_id, unit_id, HASH_VERSION), self.ranges
        )
        return None if place < 0 else self.variant_ids[place]


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A learner's place in an experiment.

    Attributes
    ----------
    unit_id
        The learner, or their present group; the one they were enrolled with where they have none.
    phase
        The number of the phase that assigned the unit.
    enrolment
        As it is kept; None where the learner is not enrolled yet.
    is_preview
        Whether the learner only looks at the variant, outside the analysis.
    """

    trial: Trial
    variant_id: str
    unit_id: str
    phase: int
    enrolment: Enrolment | None = None
    is_preview: bool = False


def assign(
    trials: Sequence[Trial],
    learner: Learner,
    enrolled: Mapping[str, Enrolment],
    groups: Mapping[str, tuple[str, int]],
    now: datetime,
) -> tuple[Placement, ...]:
    """Place a learner in experiments.

    Whoever is enrolled keeps the variant, whatever they or the weights have become since; whoever
    joins a group gets the variant of the group. Of two experiments that own the same component the
    one the learner is enrolled in counts, else the earlier one.

    Parameters
    ----------
    trials
        Under way at `now`, the earliest first.
    learner
        Their profile.
    enrolled
        Their enrolments by experiment id.
    groups
        Experiment id → (variant id, phase) of the learner's present group, where it has one.
    now
        Aware UTC.

    References
    ----------
    The hash, its ranges and namespaces are GrowthBook's, version 2.
    """
    places: dict[str, Placement] = {}
    owned: set[Component] = set()
    for trial in sorted(trials, key=lambda each: _precedence(each, learner, enrolled)):
        if owned & trial.kinds:
            continue
        kept = enrolled.get(trial.experiment_id)
        preview = trial.experiment.preview.get(learner.learner_id)
        if preview is not None:
            place: Placement | None = _previewed(trial, learner, preview)
        elif kept is not None:
            place = _kept(trial, learner, kept)
        else:
            place = _new(trial, learner, groups.get(trial.experiment_id), now)
        if place is not None:
            places[trial.experiment_id] = place
            owned |= trial.kinds
    return tuple(places[each.experiment_id] for each in trials if each.experiment_id in places)


def _precedence(trial: Trial, learner: Learner, enrolled: Mapping[str, Enrolment]) -> int:
    if learner.learner_id in trial.experiment.preview:
        return 0
    return 1 if trial.experiment_id in enrolled else 2


def _previewed(trial: Trial, learner: Learner, variant_id: str) -> Placement:
    """Place a learner who only looks at a variant."""
    return Placement(
        trial=trial,
        variant_id=variant_id,
        unit_id=trial.unit_of(learner) or learner.learner_id,
        phase=trial.experiment.phases[-1].number,
        is_preview=True,
    )


def _kept(trial: Trial, learner: Learner, enrolment: Enrolment) -> Placement:
    """Place a learner who is enrolled, in their present group."""
    return Placement(
        trial=trial,
        variant_id=enrolment.variant_id,
        unit_id=trial.unit_of(learner) or enrolment.unit_id,
        phase=enrolment.phase,
        enrolment=enrolment,
    )


def _new(
    trial: Trial, learner: Learner, group: tuple[str, int] | None, now: datetime
) -> Placement | None:
    """Place a learner who is not enrolled yet, where the experiment has a place for them."""
    unit_id = trial.unit_of(learner)
    if unit_id is None:
        return None
    variant_id, phase = group or (trial.variant_of(unit_id), trial.experiment.phases[-1].number)
    if variant_id is None or not trial.takes(learner, now):
        return None
    return Placement(trial=trial, variant_id=variant_id, unit_id=unit_id, phase=phase)


@cache
def sdk() -> ModuleType:
    """Return the pure functions of GrowthBook's SDK.

    It loads HTTP clients that nothing here uses, at a cost of most of a second and tens of
    megabytes; they are spared those who run no experiment.
    """
    from growthbook import core  # noqa: PLC0415 - see above

    return core
