"""What the store holds of an experiment's learners → arrays."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import DEFAULT_PASS_MARK, Catalogue
from features.domain.experiment import LEARNER, OUTCOME_METRIC, Experiment
from features.domain.history import JUDGED, Event, Learner, is_done, success_of
from features.store.workspace import Repositories
from training.readings.observed import (
    NONE,
    Exposures,
    Interactions,
    Ints,
    Judgements,
    Measurements,
    Members,
    Observed,
)

SLICED_BY = ("role_id", "department", "location", "language")
# Neither shows that a learner took a module up.
NOT_BEGUN = frozenset({Event.REGISTERED, Event.RATED, Event.WAIVED})


class Numbers(dict[str, int]):
    """Numbers ids from 0 as they come."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self)
        return number


def gather_experiment(repositories: Repositories, experiment: Experiment) -> Observed:
    """Read everything the metrics of an experiment are made of.

    Parameters
    ----------
    repositories
        Of one reading transaction.
    experiment
        Started.
    """
    members, units = _members(repositories, experiment)
    return Gathering(
        repositories=repositories,
        members=members,
        experiment_id=experiment.experiment_id,
        units=units,
    ).observe(outcomes_in(each.metric_id for each in experiment.metrics))


def gather_members(
    repositories: Repositories, members: Members, metric_ids: Iterable[str]
) -> Observed:
    """Read the same of any learners, who need not be in an experiment: then nobody met one.

    Parameters
    ----------
    repositories
        Of one reading transaction.
    members
        Who.
    metric_ids
        What is to be measured.
    """
    return Gathering(repositories=repositories, members=members).observe(outcomes_in(metric_ids))


def outcomes_in(metric_ids: Iterable[str]) -> frozenset[str]:
    """Return the names of business results among metrics."""
    return frozenset(
        each.removeprefix(OUTCOME_METRIC) for each in metric_ids if each.startswith(OUTCOME_METRIC)
    )


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """One reading of the store for some learners; `units` is the one each was enrolled in."""

    repositories: Repositories
    members: Members
    experiment_id: str | None = None
    units: Sequence[str] = ()

    def observe(self, outcomes: Collection[str]) -> Observed:
        """Read every table once."""
        catalogue = self.repositories.catalogue.load()
        modules, skills = Numbers(), Numbers()
        for module in catalogue.modules:
            modules[module.module_id]
        marks = {each.module_id: each.pass_mark for each in catalogue.modules}
        interactions, named = self._interactions(modules, marks)
        profiles = self._profiles()
        is_mandatory = np.zeros(len(modules), dtype=bool)
        mandatory = [modules[each.module_id] for each in catalogue.modules if each.mandatory]
        is_mandatory[mandatory] = True
        return Observed(
            members=self.members,
            interactions=interactions,
            judgements=self._judgements(skills),
            measurements=self._measurements(outcomes),
            exposures=self._exposures(named),
            is_mandatory=is_mandatory,
            assigned=self._assigned(modules),
            targets=_targets(catalogue, profiles, skills),
            attributes=_attributes(profiles),
        )

    def own(self, rows: Iterable[Sequence[Any]]) -> Iterable[tuple[int, Sequence[Any]]]:
        """Yield the rows of members, each behind the number of its learner."""
        number_of = {name: k for k, name in enumerate(self.members.learner_ids)}
        for row in rows:
            learner = number_of.get(row[0], NONE)
            if learner != NONE:
                yield learner, row

    def _interactions(
        self, modules: Numbers, marks: Mapping[str, float]
    ) -> tuple[Interactions, frozenset[str]]:
        """Read events, and the ids of recommendations they name."""
        rows, named = list[Sequence[Any]](), set[str]()
        stored = self.repositories.observations.interactions(self.experiment_id)
        for number, row in self.own(stored):
            _, module_id, event, at, score, success, seconds, recommendation_id = row
            mark = marks.get(module_id, DEFAULT_PASS_MARK)
            done = is_done(event, success_of(event, success, score, mark))
            rows.append(
                (
                    number,
                    modules[module_id],
                    at,
                    event not in NOT_BEGUN,
                    done and event != Event.WAIVED,
                    score if event in JUDGED else None,
                    seconds,
                )
            )
            if recommendation_id is not None:
                named.add(recommendation_id)
        learners, module, instants, begun, is_finished, points, duration = _columns(rows, 7)
        return (
            Interactions(
                learner=np.array(learners, dtype=np.int64),
                module=np.array(module, dtype=np.int64),
                at=np.array(instants, dtype=np.int64),
                is_begun=np.array(begun, dtype=bool),
                is_done=np.array(is_finished, dtype=bool),
                score=np.array(points, dtype=np.float64),
                minutes=np.array(duration, dtype=np.float64) / 60.0,
            ),
            frozenset(named),
        )

    def _judgements(self, skills: Numbers) -> Judgements:
        sources = Numbers()
        stored = self.repositories.observations.evidence(self.experiment_id)
        found = [
            (learner, skills[skill_id], sources[source], level, at)
            for learner, (_, skill_id, source, level, at) in self.own(stored)
        ]
        learner, skill, source, level, at = _columns(found, 5)
        return Judgements(
            learner=np.array(learner, dtype=np.int64),
            skill=np.array(skill, dtype=np.int64),
            source=np.array(source, dtype=np.int64),
            level=np.array(level, dtype=np.float64),
            at=np.array(at, dtype=np.int64),
        )

    def _measurements(self, outcomes: Collection[str]) -> Mapping[str, Measurements]:
        found: dict[str, list[Sequence[Any]]] = {metric: [] for metric in outcomes}
        if outcomes:
            stored = self.repositories.observations.outcomes(outcomes, self.experiment_id)
            for learner, (_, metric, value, at) in self.own(stored):
                found[metric].append((learner, value, at))
        return {metric: _measurements_of(rows) for metric, rows in found.items()}

    def _exposures(self, named: Collection[str]) -> Exposures:
        """Read exposures; events that name a recommendation follow it, as feedback does."""
        rows: list[Sequence[Any]] = []
        if self.experiment_id is not None:
            observations = self.repositories.observations
            followed = {row[0] for row in observations.followed(self.experiment_id)}.union(named)
            for learner, row in self.own(observations.exposed(self.experiment_id)):
                _, unit, _, recommendation_id, at = row
                elsewhere = unit != self.units[learner]
                rows.append((learner, at, recommendation_id in followed, elsewhere))
        learners, instants, is_followed, is_elsewhere = _columns(rows, 4)
        return Exposures(
            learner=np.array(learners, dtype=np.int64),
            at=np.array(instants, dtype=np.int64),
            is_followed=np.array(is_followed, dtype=bool),
            is_elsewhere=np.array(is_elsewhere, dtype=bool),
        )

    def _assigned(self, modules: Numbers) -> Ints:
        stored = self.repositories.observations.assigned(self.experiment_id)
        pairs = [
            learner * len(modules) + modules[row[1]]
            for learner, row in self.own(stored)
            if row[1] in modules
        ]
        return np.unique(np.array(pairs, dtype=np.int64))

    def _profiles(self) -> list[Learner]:
        """Return what is known of each member, in their order."""
        stored = self.repositories.observations.profiles(self.experiment_id)
        known = {each.learner_id: each for each in stored}
        ids = self.members.learner_ids
        return [known.get(name) or Learner(learner_id=name) for name in ids]


def _members(repositories: Repositories, experiment: Experiment) -> tuple[Members, Sequence[str]]:
    """Read who is enrolled, and the unit of each."""
    arms = {each.variant_id: place for place, each in enumerate(experiment.variants)}
    found = list(repositories.observations.enrolled(experiment.experiment_id))
    learner_ids, units, variants, phases, starts = _columns(found, 5)
    groups = Numbers()
    grouped = experiment.unit != LEARNER
    unit = [groups[name] for name in units] if grouped else range(len(learner_ids))
    members = Members(
        learner_ids=tuple(learner_ids),
        arm=np.array([arms[name] for name in variants], dtype=np.int64),
        unit=np.array(unit, dtype=np.int64),
        phase=np.array(phases, dtype=np.int64),
        start=np.array(starts, dtype=np.int64),
    )
    return members, units


def _targets(
    catalogue: Catalogue, profiles: Sequence[Learner], skills: Numbers
) -> Mapping[int, Mapping[int, float]]:
    """Return what role and goal ask of each learner: of each skill the higher target."""
    asked = {
        role.role_id: {skills[each.skill_id]: each.target for each in role.requirements}
        for role in catalogue.roles
    }
    found = {}
    for learner, profile in enumerate(profiles):
        own, goal = (asked.get(role or "", {}) for role in (profile.role_id, profile.goal_role_id))
        if own or goal:
            found[learner] = {
                skill: max(own.get(skill, 0.0), goal.get(skill, 0.0)) for skill in {*own, *goal}
            }
    return found


def _attributes(profiles: Sequence[Learner]) -> Mapping[str, NDArray[np.str_]]:
    return {
        name: np.array([getattr(profile, name) or "" for profile in profiles], dtype=np.str_)
        for name in SLICED_BY
    }


def _measurements_of(rows: Sequence[Sequence[Any]]) -> Measurements:
    learner, value, at = _columns(rows, 3)
    return Measurements(
        learner=np.array(learner, dtype=np.int64),
        value=np.array(value, dtype=np.float64),
        at=np.array(at, dtype=np.int64),
    )


def _columns(rows: Sequence[Sequence[Any]], n: int) -> Sequence[Sequence[Any]]:
    return tuple(zip(*rows, strict=True)) if rows else ((),) * n
