"""The learning offer of the sample academy, with what is true of its modules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.domain.catalogue import QUESTION, Catalogue, Module, Role
from features.encode.catalogue import CatalogueIndex, index_catalogue
from training.academy.academy import make_offer
from training.academy.catalogue import GRADED_FORMATS
from training.academy.texts import ENGLISH, Texts
from training.academy.world import World
from training.histories.catalogue import canonical
from training.simulation.parameters import Content

CLOSE_TO_TARGET = 0.02  # a ladder is climbed until a rung is as hard as the target, or nearly


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What is true of one module; levels in [0,1].

    Attributes
    ----------
    minutes
        Stated length.
    format
        Position in the academy's `FORMATS`.
    graded, pass_mark
        Whether success is judged, and from which score on.
    difficulty
        Level at which success is .75.
    skills
        Positions of the skills success rests on, with shares that sum to 1.
    effects
        For each of them how much is taught of it; 1 is a usual module of half an hour.
    needs
        (skill, level, strength) that should be there before, in other skills.
    """

    minutes: float
    format: int
    graded: bool
    pass_mark: float
    difficulty: float
    skills: tuple[tuple[int, float], ...]
    effects: tuple[float, ...]
    needs: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A catalogue and its truth, modules in the order of the index.

    Attributes
    ----------
    index
        Content in English, open at all times, without pathways and rules.
    lessons
        The truth of each module.
    appeal
        float by module, mean about 0: liking common to all.
    curricula
        Role id → rows of its curriculum, in order: the same for everyone in the role.
    targets
        Role id → (skill, target) for all it requires.
    """

    index: CatalogueIndex
    lessons: tuple[Lesson, ...]
    appeal: tuple[float, ...]
    curricula: Mapping[str, tuple[int, ...]]
    targets: Mapping[str, tuple[tuple[int, float], ...]]


def build_offer(texts: Texts, content: Content, now: datetime, rng: np.random.Generator) -> Offer:
    """Draw an offer and its truth.

    Parameters
    ----------
    texts
        The written content of the academy.
    content
        How modules differ.
    now
        Aware UTC.
    rng
        Source of randomness.
    """
    described, world = make_offer(texts, now, rng)
    index = index_catalogue(_open_content(described))
    rows = world.module_ids.positions(index.module_ids)
    effects = rng.lognormal(0.0, content.effect_spread, len(rows))
    effects *= (world.minutes[rows] / content.usual_minutes) ** content.length_power
    return Offer(
        index=index,
        lessons=tuple(
            _lesson(index, world, int(row), float(effect), content)
            for row, effect in zip(rows, effects, strict=True)
        ),
        appeal=tuple(world.truth.appeal[rows].tolist()),
        curricula={role.role_id: write_curriculum(role, index) for role in index.catalogue.roles},
        targets={
            role_id: tuple(zip(asked.skill.tolist(), asked.target.tolist(), strict=True))
            for role_id, asked in index.role_targets.items()
        },
    )


def _open_content(catalogue: Catalogue) -> Catalogue:
    """Leave out questions, translations, and what comes or goes with the calendar."""
    kept = tuple(
        replace(module, mandatory=False)
        for module in catalogue.modules
        if module.kind != QUESTION
        and module.language == ENGLISH
        and module.active_from is None
        and module.active_until is None
    )
    return canonical(replace(catalogue, modules=kept))


def _lesson(
    index: CatalogueIndex, world: World, row: int, effect: float, content: Content
) -> Lesson:
    module_id = world.module_ids.ids[row]
    module = index.modules[index.module_ids.index_of[module_id]]
    shares = world.truth.modules_by_skills[row]
    skills = sorted(np.flatnonzero(shares).tolist(), key=lambda k: -shares[k])
    own = index.skill_ids.positions(world.skill_ids.ids[k] for k in skills).tolist()
    return Lesson(
        minutes=float(world.minutes[row]),
        format=int(world.format[row]),
        graded=module.format in GRADED_FORMATS,
        pass_mark=module.pass_mark,
        difficulty=float(world.truth.difficulty[row]),
        skills=tuple(zip(own, shares[skills].tolist(), strict=True)),
        effects=tuple(effect * content.second_share ** min(place, 1) for place in range(len(own))),
        needs=tuple(_needs(index, world, module, own[0])),
    )


def _needs(
    index: CatalogueIndex, world: World, module: Module, own: int
) -> list[tuple[int, float, float]]:
    """Read prerequisites as levels of other skills; in its own skill difficulty says it all."""
    needs = []
    for link in module.prerequisites:
        if link.requires_skill_id is not None:
            skill = index.skill_ids.index_of[link.requires_skill_id]
            needs.append((skill, link.min_mastery or 0.0, link.strength))
        elif link.requires_module_id in index.module_ids:
            before = index.modules[index.module_ids.index_of[str(link.requires_module_id)]]
            skill = index.skill_ids.index_of[before.skills[0].skill_id]
            level = world.truth.difficulty[world.module_ids.index_of[before.module_id]]
            needs.append((skill, float(level), link.strength))
    return [need for need in needs if need[0] != own]


def write_curriculum(role: Role, index: CatalogueIndex) -> tuple[int, ...]:
    """Return the rows of a role's curriculum in order, as a learning department would write it.

    What everyone must know first, then skill by skill, the weightiest first; in each skill the
    ladder from its first rung up to the one that is as hard as the role's target. Modules that
    others ask for come before them.
    """
    asked = sorted(role.requirements, key=lambda each: (each.weight >= 1, -each.weight))
    wished = [row for each in asked for row in _climb(each.skill_id, each.target, index)]
    ordered: dict[int, None] = {}
    for row in wished:
        _add_after_needed(row, index, ordered)
    return tuple(ordered)


def _climb(skill_id: str, target: float, index: CatalogueIndex) -> list[int]:
    ladder = sorted(
        (_rung(module.module_id), row)
        for row, module in enumerate(index.modules)
        if module.skills and module.skills[0].skill_id == skill_id
    )
    rows: list[int] = []
    for _, row in ladder:
        rows.append(row)
        stated = index.modules[row].difficulty
        if stated is not None and stated >= target - CLOSE_TO_TARGET:
            break
    return rows


def _rung(module_id: str) -> int:
    return int(module_id.rpartition("-")[2])


def _add_after_needed(row: int, index: CatalogueIndex, ordered: dict[int, None]) -> None:
    for link in index.modules[row].prerequisites:
        needed = index.module_ids.index_of.get(link.requires_module_id or "")
        if link.is_hard and needed is not None and needed not in ordered:
            _add_after_needed(needed, index, ordered)
    ordered[row] = None
