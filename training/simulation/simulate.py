"""Seeds, learner models and policies, spread over processes."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import product
from multiprocessing import get_context

import numpy as np
from threadpoolctl import threadpool_limits

from features.domain.catalogue import Policy
from features.domain.history import LearnerHistory
from features.score.affinity import bind_affinity
from features.score.scorer import bind
from training.academy.texts import Texts, read_texts
from training.simulation.ability import AbilityMind
from training.simulation.entrants import Entrant, draw_entrants
from training.simulation.knowledge import KnowledgeMind
from training.simulation.loop import Outcome, Passage, Rules, run_together
from training.simulation.minds import Mind
from training.simulation.offer import Offer, build_offer
from training.simulation.parameters import (
    AbilityModel,
    Content,
    Entrants,
    KnowledgeModel,
    Programme,
    Questions,
    Staying,
)
from training.simulation.policies import (
    BY_AFFINITY,
    Decider,
    PolicyName,
    by_collaboration,
    by_curriculum,
    by_popularity,
)
from training.simulation.questions import write_questions
from training.simulation.sitting import Sitting
from training.simulation.teaching import Taught, teach

STARTS_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEARNERS_AT_A_TIME = 100
# Streams of randomness of one seed: the offer, those learned from, those judged, the questions.
OFFER, TAUGHT_FROM, JUDGED, QUESTIONS = 0, 1, 2, 3
# And of one learner beside the passage: choices of their own, first knowledge, exploration.
FIRST_KNOWLEDGE, EXPLORATION = 2, 3

Progress = Callable[[str, int, int], None]


class LearnerModelName(StrEnum):
    """How simulated learners learn."""

    IRT = "irt"
    BKT = "bkt"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be simulated.

    Attributes
    ----------
    n_learners, n_taught_from
        Learners judged, and learners whose histories the models are fitted on, for each seed.
    seeds
        Each draws an offer, learners to learn from and learners to judge.
    models, policies
        Which.
    own_policy
        What `ours` decides with, and `assessed`.
    questions
        What a pre-assessment asks from.
    """

    n_learners: int
    n_taught_from: int
    seeds: Sequence[int]
    models: Sequence[LearnerModelName] = tuple(LearnerModelName)
    policies: Sequence[PolicyName] = tuple(PolicyName)
    own_policy: Policy = field(default_factory=Policy)
    questions: Questions = field(default_factory=Questions)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One learner model and one seed."""

    model: LearnerModelName
    seed: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some of the learners of a cell under one policy."""

    cell: Cell
    policy: PolicyName
    first: int
    last: int


Outcomes = Mapping[tuple[Cell, PolicyName], Sequence[Outcome]]


def simulate(plan: Plan, progress: Progress = lambda *_: None) -> Outcomes:
    """Run every policy on the same learners.

    The same plan gives the same outcomes on any number of processes.

    Parameters
    ----------
    plan
        What.
    progress
        Hears what is done: "taught" or "judged", how much of it, of how much.
    """
    cells = [Cell(model=model, seed=seed) for model, seed in product(plan.models, plan.seeds)]
    workers = max(min(os.cpu_count() or 1, len(cells) * len(plan.policies)), 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        teaching = {pool.submit(_teach, plan, cell): cell for cell in cells}
        taught: dict[Cell, Taught] = dict(_finished(teaching, "taught", progress))
        judging = {
            pool.submit(_judge, plan, part, taught[part.cell]): part
            for cell in cells
            for part in _parts(plan, cell)
        }
        judged: dict[Part, list[Outcome]] = dict(_finished(judging, "judged", progress))
    return {
        (cell, policy): [
            outcome
            for part in _parts(plan, cell)
            if part.policy == policy
            for outcome in judged[part]
        ]
        for cell in cells
        for policy in plan.policies
    }


def _finished[K, R](
    futures: Mapping[Future[R], K], what: str, progress: Progress
) -> Iterator[tuple[K, R]]:
    progress(what, 0, len(futures))
    for n_done, future in enumerate(as_completed(futures), start=1):
        yield futures[future], future.result()
        progress(what, n_done, len(futures))


def _parts(plan: Plan, cell: Cell) -> list[Part]:
    return [
        Part(
            cell=cell,
            policy=policy,
            first=first,
            last=min(first + LEARNERS_AT_A_TIME, plan.n_learners),
        )
        for policy in plan.policies
        for first in range(0, plan.n_learners, LEARNERS_AT_A_TIME)
    ]


def _teach(plan: Plan, cell: Cell) -> Taught:
    with threadpool_limits(limits=1):
        texts, rules = _open(cell.seed)
        entrants = _draw(plan.n_taught_from, texts, rules, (cell.seed, TAUGHT_FROM))
        return teach(entrants, lambda each: mind_of(cell.model, each), rules, cell.seed)


def _judge(plan: Plan, part: Part, taught: Taught) -> list[Outcome]:
    with threadpool_limits(limits=1):
        texts, rules = _open(part.cell.seed)
        entrants = _draw(plan.n_learners, texts, rules, (part.cell.seed, JUDGED))
        judged = entrants[part.first : part.last]
        is_assessed = part.policy is PolicyName.ASSESSED
        sit = _sit_with(plan, part.cell.seed, rules.offer, taught) if is_assessed else None
        return run_together(
            [Passage(each, mind_of(part.cell.model, each), rules, sit) for each in judged],
            _decider(part.policy, plan.own_policy, rules.offer, taught),
            [np.random.default_rng([each.seed, EXPLORATION]) for each in judged],
        )


def _decider(name: PolicyName, own_policy: Policy, offer: Offer, taught: Taught) -> Decider:
    scorer = bind(offer.index, taught.snapshot)
    if name in {PolicyName.OURS, PolicyName.ASSESSED}:
        return Decider(scorer, own_policy)
    bare = replace(scorer, affinity=None)  # rivals bring their own
    if name is PolicyName.FIXED:
        return Decider(by_curriculum(bare, offer.curricula), BY_AFFINITY, offer.curricula)
    affinity = bind_affinity(taught.collaborative, offer.index)
    rank = by_popularity if name is PolicyName.POPULARITY else by_collaboration
    return Decider(rank(bare, affinity), BY_AFFINITY)


def _sit_with(
    plan: Plan, seed: int, offer: Offer, taught: Taught
) -> Callable[[LearnerHistory, datetime], Sitting]:
    """Return what opens a learner's pre-assessment, from one bank for the whole world of a seed."""
    bank = write_questions(offer, plan.questions, np.random.default_rng([seed, QUESTIONS]))
    scorer = bind(bank.index, taught.snapshot)
    return lambda history, now: Sitting(history, scorer, bank, plan.questions, now)


def _open(seed: int) -> tuple[Texts, Rules]:
    """Return the world of a seed: the same offer for both learner models and all policies."""
    texts = read_texts()
    offer = build_offer(texts, Content(), STARTS_AT, np.random.default_rng([seed, OFFER]))
    rules = Rules(offer=offer, programme=Programme(), staying=Staying(), starts_at=STARTS_AT)
    return texts, rules


def _draw(
    n_learners: int, texts: Texts, rules: Rules, stream: tuple[int, int]
) -> Sequence[Entrant]:
    rng = np.random.default_rng(stream)
    return draw_entrants(n_learners, rules.offer, texts, (Entrants(), rules.programme), rng)


def mind_of(model: LearnerModelName, entrant: Entrant) -> Mind:
    """Make what a learner truly can do, the same under every policy."""
    if model is LearnerModelName.IRT:
        return AbilityMind(entrant.levels, entrant.rate, AbilityModel(), Content())
    rng = np.random.default_rng([entrant.seed, FIRST_KNOWLEDGE])
    return KnowledgeMind(entrant.levels, entrant.rate, KnowledgeModel(), Content(), rng)
