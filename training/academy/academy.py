"""The sample academy: a believable company's learning, and the truth behind it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from features.domain.catalogue import Catalogue, Pathway, Rule
from features.domain.errors import InvalidValueError
from features.domain.history import Assignment, Evidence, Learner, Outcome
from features.encode.ids import IdMap
from training.academy.behaviour import simulate
from training.academy.catalogue import build_catalogue
from training.academy.company import Company
from training.academy.crowd import gather_crowd
from training.academy.events import Interactions, tell_events
from training.academy.habits import draw_sequence
from training.academy.judgements import judge_skills, measure_work
from training.academy.model import LearnerModel
from training.academy.module_truth import draw_module_truth
from training.academy.obligations import draw_assignments
from training.academy.people import hire_staff
from training.academy.portraits import Portraits, find_portraits
from training.academy.prose import ask_about
from training.academy.texts import Texts, narrow_texts, read_texts
from training.academy.truth import Truth
from training.academy.world import World, build_world

FEWEST_LEARNERS = 100

SMALL_SKILLS = frozenset(
    {
        "spreadsheets",
        "sql",
        "statistics",
        "data-visualisation",
        "call-handling",
        "complaints",
        "warehouse-picking",
        "manual-handling",
        "feedback",
        "presenting",
        "data-protection",
        "workplace-safety",
        "respect",
    }
)
SMALL_ROLES = frozenset(
    {"data-analyst", "care-adviser", "warehouse-associate", "team-leader", "head-of-department"}
)


@dataclass(frozen=True, kw_only=True)
class Academy:
    """A company as a history folder would hold it, and the truth that no folder holds.

    Attributes
    ----------
    now
        Aware UTC: the present of this company.
    catalogue
        Modules (content, then questions), skills, roles, pathways and rules.
    learners, assignments, evidence, outcomes
        Rows of the tables of the same names.
    interactions
        Rows of the table as parallel arrays.
    portraits
        Three learners worth looking at.
    truth
        What is really so.
    """

    now: datetime
    catalogue: Catalogue
    learners: tuple[Learner, ...]
    assignments: tuple[Assignment, ...]
    evidence: tuple[Evidence, ...]
    outcomes: tuple[Outcome, ...]
    interactions: Interactions
    portraits: Portraits
    truth: Truth

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """Pathways, which are no table of a history folder."""
        return self.catalogue.pathways

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Rules, which are no table of a history folder."""
        return self.catalogue.rules


def generate_academy(
    *,
    n_learners: int = 2000,
    seed: int,
    now: datetime,
    size: Literal["full", "small"] = "full",
) -> Academy:
    """Make up a company, let its people learn for eighteen months, and record it.

    The same arguments give the same academy.

    Parameters
    ----------
    n_learners
        How many people, leaders included; at least 100.
    seed
        Of all randomness.
    now
        Aware; the end of the eighteen months, to the second.
    size
        "full" has about 300 modules and 64 skills, "small" about 70 and 13.

    Raises
    ------
    InvalidValueError
        If there are too few learners or `now` has no time zone.
    """
    if n_learners < FEWEST_LEARNERS:
        raise InvalidValueError(f"n_learners is {n_learners}: it must be {FEWEST_LEARNERS} or more")
    if now.tzinfo is None:
        raise InvalidValueError("now has no time zone: pass an aware datetime")
    # One thread: the products are small, and sums come out the same on every machine.
    with threadpool_limits(limits=1):
        return _generate(n_learners, seed, now.astimezone(UTC).replace(microsecond=0), size)


def _generate(n_learners: int, seed: int, now: datetime, size: str) -> Academy:
    texts = read_texts()
    if size == "small":
        texts = narrow_texts(texts, SMALL_SKILLS, SMALL_ROLES)
    offering, hiring, learning, recording = np.random.default_rng(seed).spawn(4)
    model = LearnerModel()
    catalogue, world = make_offer(texts, now, offering)
    staff = hire_staff(texts, n_learners, now, hiring)
    assignments = draw_assignments(catalogue, staff, now, hiring)
    company = Company(catalogue=catalogue, staff=staff, assignments=assignments, now=now)
    crowd = gather_crowd(company, world, model, hiring)
    simulation = simulate(world, crowd, model, now.timestamp(), learning)
    learners = staff.learners
    return Academy(
        now=now,
        catalogue=catalogue,
        learners=learners,
        assignments=assignments,
        evidence=judge_skills(learners, crowd, simulation, world.skill_ids, model, recording),
        outcomes=measure_work(learners, crowd, simulation, recording),
        interactions=tell_events(simulation.episodes, world, now.timestamp(), recording),
        portraits=find_portraits(company, world, crowd, simulation),
        truth=Truth(
            learner_ids=IdMap(learner.learner_id for learner in learners),
            model=model,
            world=world,
            crowd=crowd,
            simulation=simulation,
        ),
    )


def small_academy(seed: int, now: datetime) -> Academy:
    """Return an academy of 120 learners and about 70 modules, made in less than a second."""
    return generate_academy(n_learners=120, seed=seed, now=now, size="small")


def make_offer(texts: Texts, now: datetime, rng: np.random.Generator) -> tuple[Catalogue, World]:
    """Return the catalogue as described, and as it really is.

    Parameters
    ----------
    texts
        The written content.
    now
        Aware UTC; some modules end before it, some begin after it.
    rng
        Source of randomness.
    """
    skill_ids = IdMap(skill.skill_id for skill in texts.skills)
    modules = (*texts.modules, *ask_about(texts.modules))
    truth = draw_module_truth(modules, skill_ids, rng)
    catalogue = build_catalogue(texts, modules, truth.difficulty, now, rng)
    sequence = draw_sequence(texts, texts.modules, rng)
    return catalogue, build_world(catalogue, truth, skill_ids, sequence)
