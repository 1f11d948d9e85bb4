"""A simulated experiment: learners with known truth, assigned and served by the code that serves.

Learners learn for some weeks as everybody does, then the experiment begins. Every answer goes
through `features.decide` with the policy of the learner's variant and is recorded as the service
records it, so that results and replays read a store that nobody made up. What is made up is how
learners learn: `training.simulation.loop` and its parameters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from features.decide.arms import policy_of_arm
from features.decide.assignment import Trial, assign
from features.decide.decide import decide
from features.domain.catalogue import Policy
from features.domain.experiment import Enrolment, Experiment, Exposure
from features.domain.history import Evidence, Interaction, Learner
from features.domain.recommendation import DecisionRequest, Recommendation, RequestContext
from features.experiments import define, start
from features.score.scorer import Scorer, bind
from features.store.workspace import Repositories, Workspace
from training.academy.texts import read_texts
from training.simulation.entrants import Entrant, draw_entrants
from training.simulation.loop import DAYS_PER_WEEK, Asking, Passage, Rules
from training.simulation.minds import Mind
from training.simulation.offer import Offer, build_offer
from training.simulation.parameters import Content, Entrants, Programme, Staying
from training.simulation.simulate import LearnerModelName, mind_of

OFFER, LEARNERS, EXPLORATION, JUDGING = 0, 1, 2, 3
JUDGING_ERROR = 0.05  # levels, standard deviation


@dataclass(frozen=True, kw_only=True)
class TrialPlan:
    """What is to be simulated.

    Attributes
    ----------
    n_learners
        How many.
    seed
        Of everything.
    weeks_before, weeks_after
        How long they learn before the experiment starts, and from then on.
    starts_at
        When the experiment starts, aware UTC.
    """

    n_learners: int
    seed: int
    weeks_before: int
    weeks_after: int
    starts_at: datetime


def simulate_trial(
    workspace: Workspace, wanted: Experiment, policies: Iterable[Policy], plan: TrialPlan
) -> Experiment:
    """Define and start an experiment in an empty workspace, and let learners pass through it.

    Parameters
    ----------
    workspace
        Empty.
    wanted
        The experiment, of policies, on learners.
    policies
        What its variants name, and the default.
    plan
        Whom, how long and when.

    Returns
    -------
    Experiment
        As it was started.
    """
    texts = read_texts()
    begun_at = plan.starts_at - timedelta(weeks=plan.weeks_before)
    rng = np.random.default_rng([plan.seed, OFFER])
    offer = build_offer(texts, Content(), begun_at, rng)
    programme = replace(Programme(), n_weeks=plan.weeks_before + plan.weeks_after)
    rules = Rules(offer=offer, programme=programme, staying=Staying(), starts_at=begun_at)
    learners = draw_entrants(
        plan.n_learners,
        offer,
        texts,
        (Entrants(), programme),
        np.random.default_rng([plan.seed, LEARNERS]),
    )
    with workspace.transaction() as repositories:
        _describe(repositories, offer, policies)
        define(repositories, wanted, {}, begun_at)
        experiment = start(repositories, wanted.experiment_id, {}, plan.starts_at)
    scorer = bind(offer.index, None)
    for entrant in learners:
        mind = mind_of(LearnerModelName.IRT, entrant)
        served = _Served(entrant, scorer, experiment, plan)
        passage = Passage(entrant, mind, rules)
        test = _Test(entrant=entrant, mind=mind, offer=offer, seed=plan.seed)
        before = test.take(0.0, begun_at)
        passage.run(served)
        last_day = programme.n_weeks * DAYS_PER_WEEK - 1.0
        after = test.take(last_day, begun_at + timedelta(days=last_day))
        with workspace.transaction() as repositories:
            served.write(repositories, passage.events, offer)
            repositories.events.add_evidence([*before, *after])
    return experiment


def _describe(repositories: Repositories, offer: Offer, policies: Iterable[Policy]) -> None:
    catalogue = offer.index.catalogue
    for skill in catalogue.skills:
        repositories.catalogue.put_skill(skill)
    for module in catalogue.modules:
        repositories.catalogue.put_module(module)
    for role in catalogue.roles:
        repositories.catalogue.put_role(role)
    for policy in policies:
        repositories.catalogue.put_policy(policy)


class _Served:
    """Serves one learner as the service does, and keeps what it would record."""

    def __init__(
        self, entrant: Entrant, scorer: Scorer, experiment: Experiment, plan: TrialPlan
    ) -> None:
        self._learner = Learner(learner_id=entrant.learner_id, role_id=entrant.role_id)
        self._pace, self._scorer, self._starts_at = entrant.pace, scorer, plan.starts_at
        self._experiment = experiment
        self._placements = assign(
            (Trial(experiment=experiment),), self._learner, {}, {}, plan.starts_at
        )
        self._rng = np.random.default_rng([plan.seed, EXPLORATION, entrant.seed])
        self._given: list[tuple[str, Recommendation]] = []

    def choose(self, asking: Asking) -> int | None:
        """Return the row of the module that leads the answer, None where there is none."""
        module_ids = self._scorer.index.module_ids
        context = RequestContext(exclude=frozenset(module_ids.ids[row] for row in asking.barred))
        placements = self._placements if asking.now >= self._starts_at else ()
        request = DecisionRequest(history=asking.history, context=context, now=asking.now)
        answer = decide(request, self._scorer, policy_of_arm(placements), self._rng)
        if not answer.items:
            return None
        self._given.append((str(UUID(bytes=self._rng.bytes(16))), answer))
        return module_ids.index_of[answer.items[0].module_id]

    def write(
        self, repositories: Repositories, events: Sequence[Interaction], offer: Offer
    ) -> None:
        """Record answers, exposures, and events that name the answer they followed."""
        repositories.learners.put(self._learner)
        for recommendation_id, answer in self._given:
            repositories.recommendations.add(
                recommendation_id,
                answer,
                context={"limit": 1},
                answer={"items": [{"module_id": answer.items[0].module_id}]},
            )
        self._expose(repositories)
        repositories.events.add(list(self._told(events, offer)))

    def _expose(self, repositories: Repositories) -> None:
        met = [each for each in self._given if each[1].served_at >= self._starts_at]
        for placement in self._placements if met else ():
            common = {
                "experiment_id": self._experiment.experiment_id,
                "learner_id": self._learner.learner_id,
                "unit_id": placement.unit_id,
                "variant_id": placement.variant_id,
            }
            first = Enrolment(**common, phase=placement.phase, at=met[0][1].served_at)
            repositories.experiments.enrol([first])
            repositories.experiments.add_exposures(
                [
                    Exposure(**common, recommendation_id=recommendation_id, at=answer.served_at)
                    for recommendation_id, answer in met
                ]
            )

    def _told(self, events: Sequence[Interaction], offer: Offer) -> Iterator[Interaction]:
        """Give events the time they took and the answer they came from: the last before them."""
        given = iter([*self._given, None])
        current, following = None, next(given)
        for event in events:
            while following is not None and following[1].served_at < event.at:
                current, following = following, next(given)
            row = offer.index.module_ids.index_of[event.module_id]
            yield replace(
                event,
                duration_seconds=60.0 * self._pace * offer.lessons[row].minutes,
                recommendation_id=None if current is None else current[0],
            )


@dataclass(frozen=True, kw_only=True)
class _Test:
    """Judges the skills that a learner's role asks for, with an error."""

    entrant: Entrant
    mind: Mind
    offer: Offer
    seed: int

    def take(self, day: float, at: datetime) -> list[Evidence]:
        """Return what is judged on a day; days of one mind never fall."""
        rng = np.random.default_rng([self.seed, JUDGING, self.entrant.seed, round(day)])
        return [
            Evidence(
                learner_id=self.entrant.learner_id,
                skill_id=self.offer.index.skill_ids.ids[skill],
                level=float(np.clip(self.mind.level(skill, day) + error, 0.0, 1.0)),
                source="assessment",
                at=at,
            )
            for skill, _ in self.offer.targets[self.entrant.role_id]
            for error in [rng.normal(scale=JUDGING_ERROR)]
        ]
