"""Content that is old, and skills that no module teaches as far as they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import EPOCH, SECONDS_PER_DAY
from features.encode.catalogue import CatalogueIndex
from features.encode.gains import rise
from features.encode.level_scale import LevelScale

OLD_DAYS, OLD_RATIO = 365.0, 2.0
MARGIN = 0.05  # levels


@dataclass(frozen=True, kw_only=True)
class StaleModule:
    """A module that is out of date.

    `age_days` since it was updated, None where not known; `why` is "ended" (its time is over and
    it is still asked for) or "old".
    """

    module_id: str
    title: str
    why: str
    age_days: float | None


@dataclass(frozen=True, kw_only=True)
class UntaughtSkill:
    """A skill that roles ask for at a higher level than any module leads to.

    Attributes
    ----------
    target, role_ids
        The highest one, and the roles whose target is out of reach.
    taught
        The highest level that an active module leads to, None where none teaches the skill.
    n_modules, n_learners
        Active modules that teach it; learners in those roles.
    """

    skill_id: str
    name: str
    target: float
    taught: float | None
    n_modules: int
    n_learners: int
    role_ids: tuple[str, ...]


def stale_modules(index: CatalogueIndex, at_seconds: float) -> list[StaleModule]:
    """Return modules that are old beside the others, and those that ended but are still asked for.

    Old is what was updated longer ago than a year and than twice the median of what is active.
    """
    updated = np.array(
        [
            np.nan if one.updated_at is None else (one.updated_at - EPOCH).total_seconds()
            for one in index.modules
        ],
        dtype=np.float64,
    )
    age = (at_seconds - updated) / SECONDS_PER_DAY
    active = _is_active(index, at_seconds)
    known = age[active & ~np.isnan(age)]
    limit = max(OLD_DAYS, OLD_RATIO * float(np.median(known))) if len(known) else np.inf
    ended = (at_seconds >= index.active_until_seconds) & _still_asked_for(index)
    with np.errstate(invalid="ignore"):
        old = active & (age > limit)
    oldest_first = np.flatnonzero(old)[np.argsort(-age[old], kind="stable")]
    rows = [*np.flatnonzero(ended).tolist(), *oldest_first.tolist()]
    return [
        StaleModule(
            module_id=index.modules[row].module_id,
            title=index.modules[row].title,
            why="ended" if ended[row] else "old",
            age_days=None if np.isnan(age[row]) else float(age[row]),
        )
        for row in rows
    ]


def untaught_skills(
    index: CatalogueIndex,
    scale: LevelScale,
    at_seconds: float,
    learners_by_role: Mapping[str, int],
) -> list[UntaughtSkill]:
    """Return skills whose target in some role is out of reach, the most learners first.

    A module leads to the level at which it is passed three times in four and what completing it is
    expected to add to that.
    """
    taught, n_modules = _taught(index, scale, at_seconds)
    reach = np.where(n_modules > 0, taught + MARGIN, -np.inf)
    found = []
    beyond: dict[int, dict[str, float]] = {}
    for role_id, asked in index.role_targets.items():
        for skill, target in zip(asked.skill.tolist(), asked.target.tolist(), strict=True):
            if target > max(reach[skill], 0.0):
                beyond.setdefault(skill, {})[role_id] = target
    for skill, roles in beyond.items():
        found.append(
            UntaughtSkill(
                skill_id=index.skill_ids.ids[skill],
                name=index.skill_names[skill],
                target=max(roles.values()),
                taught=float(taught[skill]) if n_modules[skill] else None,
                n_modules=int(n_modules[skill]),
                n_learners=sum(learners_by_role.get(role_id, 0) for role_id in roles),
                role_ids=tuple(sorted(roles)),
            )
        )
    return sorted(found, key=lambda one: (-one.n_learners, one.skill_id))


def _taught(
    index: CatalogueIndex, scale: LevelScale, at_seconds: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the highest level that modules lead to, and how many do, (n_skills,) each."""
    pairs, n_skills = index.skills, len(index.skill_ids)
    teaches = _is_active(index, at_seconds) & ~index.is_question
    used = np.flatnonzero(teaches[pairs.module])
    module, skill = pairs.module[used], pairs.skill[used]
    at_module = scale.difficulty[module]
    added = (1.0 - at_module) * rise(scale.gain[module] * pairs.weight[used])
    taught = np.zeros(n_skills)
    np.maximum.at(taught, skill, at_module + added)
    return taught, np.bincount(skill, minlength=n_skills)


def _is_active(index: CatalogueIndex, at_seconds: float) -> NDArray[np.bool_]:
    return (index.active_from_seconds <= at_seconds) & (at_seconds < index.active_until_seconds)


def _still_asked_for(index: CatalogueIndex) -> NDArray[np.bool_]:
    """Mark modules that are mandatory, a step of a pathway, or required by another."""
    asked = index.is_mandatory.copy()
    named = {
        module_id
        for pathway in index.catalogue.pathways
        for step in pathway.steps
        for module_id in step.any_of
    }
    named |= {
        link.requires_module_id
        for module in index.modules
        for link in module.prerequisites
        if link.requires_module_id
    }
    asked |= np.array([module.module_id in named for module in index.modules], dtype=bool)
    return asked
