"""A hand-made catalogue and a scorer whose answers are given, for tests of deciding."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from features.domain.catalogue import (
    Catalogue,
    Module,
    ModuleSkill,
    Policy,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
)
from features.domain.history import Assignment, Event, Interaction, Learner, LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import CatalogueIndex, index_catalogue
from features.encode.learner import LearnerArrays
from features.score.scores import Scores, Standing

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def module(module_id: str, skill: str | None = None, **fields) -> Module:
    tags = (ModuleSkill(skill_id=skill),) if skill else ()
    return Module(module_id=module_id, title=f"About {module_id}", skills=tags, **fields)


def needs(module_id: str, strength: float = 1.0) -> Prerequisite:
    return Prerequisite(requires_module_id=module_id, strength=strength)


def event(module_id: str, what: str = "completed", days_ago: float = 10, **fields) -> Interaction:
    at = NOW - timedelta(days=days_ago)
    event_id = f"{module_id}-{what}-{days_ago}"
    return Interaction(
        event_id=event_id, learner_id="ada", module_id=module_id, event=Event(what), at=at, **fields
    )


def owes(module_id: str, days: float | None = None) -> Assignment:
    due_at = None if days is None else NOW + timedelta(days=days)
    return Assignment(learner_id="ada", module_id=module_id, due_at=due_at)


def catalogue_of(*modules: Module, **targets: float) -> Catalogue:
    """Role `analyst` asks for the skills given as keyword arguments."""
    skills = sorted({tag.skill_id for m in modules for tag in m.skills} | set(targets))
    requirements = tuple(RoleRequirement(skill_id=s, target=t) for s, t in targets.items())
    return Catalogue(
        modules=tuple(sorted(modules, key=lambda m: m.module_id)),
        skills=tuple(Skill(skill_id=s, name=s.title()) for s in skills),
        roles=(Role(role_id="analyst", name="Analyst", requirements=requirements),),
    )


@dataclass
class GivenScores:
    """A scorer that answers what it was told, by module and skill id."""

    index: CatalogueIndex
    affinity: dict[str, float] = field(default_factory=dict)
    p_success: dict[str, float] = field(default_factory=dict)
    mastery: dict[str, float] = field(default_factory=dict)
    mastery_shown: dict[str, float] = field(default_factory=dict)
    gain: float = 0.2
    new: frozenset[str] = frozenset()
    affinity_basis: str = "history"
    version: str | None = "7"

    def score(self, history: LearnerHistory, arrays: LearnerArrays, now_seconds: float) -> Scores:
        module_ids, skill_ids = self.index.module_ids, self.index.skill_ids
        mastery = np.array([self.mastery.get(s, 0.3) for s in skill_ids])
        n_skills = len(skill_ids)
        standing = Standing(
            mastery=mastery,
            standard_error=np.full(n_skills, 0.1),
            n_evidence=np.zeros(n_skills, dtype=np.int64),
            last_evidence_at_seconds=np.full(n_skills, -np.inf),
        )
        p_success = np.array([self.p_success.get(m, 0.75) for m in module_ids])
        return Scores(
            affinity=np.array([self.affinity.get(m, 0.5) for m in module_ids]),
            affinity_basis=self.affinity_basis,
            is_new=np.array([m in self.new for m in module_ids], dtype=bool),
            p_success=p_success,
            standing=standing,
            mastery_shown=np.array(
                [
                    self.mastery_shown.get(s, level)
                    for s, level in zip(skill_ids, mastery, strict=True)
                ]
            ),
            expected_mastery=np.minimum(mastery[self.index.skills.skill] + self.gain, 1.0),
        )


def scorer_of(catalogue: Catalogue, **given) -> GivenScores:
    return GivenScores(index=index_catalogue(catalogue), **given)


def request(*interactions: Interaction, learner: Learner | None = None, assignments=(), **context):
    history = LearnerHistory(
        learner=learner or Learner(learner_id="ada", role_id="analyst"),
        interactions=interactions,
        assignments=tuple(assignments),
    )
    return DecisionRequest(history=history, context=RequestContext(**context), now=NOW)


GREEDY = Policy(exploration=0.0, diversity=0.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)
