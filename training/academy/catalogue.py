"""The catalogue of the sample academy: modules, skills and roles, as the company describes them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from features.domain.catalogue import (
    QUESTION,
    Catalogue,
    Module,
    ModuleSkill,
    Pathway,
    Prerequisite,
    Role,
    RoleRequirement,
    Rule,
    Skill,
    SkillEdge,
)
from training.academy.model import Floats
from training.academy.pathways import narrow_pathways, narrow_rules
from training.academy.prose import describe
from training.academy.texts import ENGLISH, QUESTION_FORMAT, LinkText, ModuleText, Texts

_OFFICES = ("Sales", "Marketing", "Finance", "Technology", "Product", "People", "Executive Office")

# Whom a compulsory module is for; an empty tuple means everyone.
COMPULSORY: dict[str, tuple[str, ...]] = {
    "data-protection-1": (),
    "business-conduct-1": _OFFICES,
    "cyber-awareness-2": (*_OFFICES, "Customer Care"),
    "respect-1": (),
    "workplace-safety-1": ("Operations", "Customer Care"),
}

# What every role asks for, unless it asks for more.
EVERYONE = {
    "data-protection": 0.30,
    "cyber-awareness": 0.30,
    "business-conduct": 0.25,
    "respect": 0.25,
    "workplace-safety": 0.20,
}
WEIGHT_FOR_EVERYONE = 0.5

SECONDARY_WEIGHT = 0.4
GRADED_FORMATS = frozenset({"course", "simulation", "quiz", QUESTION_FORMAT})

_ROUND_MINUTES = {"course": 5, "workshop": 30}
_MINUTES = {
    "video": (3, 14),
    "article": (3, 12),
    "podcast": (18, 40),
    "quiz": (8, 25),
    "simulation": (20, 50),
    "course": (40, 200),
    "workshop": (90, 240),
    QUESTION_FORMAT: (3, 3),
}
_PASS_MARKS = {"course": 0.7, "simulation": 0.6, "quiz": 0.8}
_ALL_NEEDS = ("captions", "transcript", "screen_reader")
_P_COVERED = {
    "video": (0.90, 0.70, 0.60),
    "article": (1.00, 1.00, 0.95),
    "podcast": (0.75, 0.80, 0.90),
    "quiz": (1.00, 1.00, 0.90),
    "simulation": (0.70, 0.60, 0.40),
    "course": (0.90, 0.80, 0.75),
    "workshop": (0.50, 0.50, 0.80),
    QUESTION_FORMAT: (1.00, 1.00, 1.00),
}
_SHARE_AUTHORED = 0.9
_AUTHORING_ERROR = 0.05
_N_RETIRED, _N_UPCOMING = 5, 4
_OLDEST_UPDATE_DAYS = 1_000


def build_catalogue(
    texts: Texts,
    modules: Sequence[ModuleText],
    difficulty: Floats,
    now: datetime,
    rng: np.random.Generator,
) -> Catalogue:
    """Describe the company's learning offer.

    Parameters
    ----------
    texts
        The written content.
    modules
        Content and questions, in order of the catalogue.
    difficulty
        float64, (n_modules,), true levels in [0,1]; what the authors state is near them.
    now
        Aware UTC; updates lie before it, some modules begin after it.
    rng
        Source of randomness.
    """
    prerequisites = _prerequisites(texts)
    described = [
        _module(text, float(level), prerequisites.get(text.module_id, ()), now, rng)
        for text, level in zip(modules, difficulty, strict=True)
    ]
    module_ids = {text.module_id for text in modules}
    pathways, rules = narrow_pathways(module_ids), narrow_rules(module_ids)
    return Catalogue(
        modules=_limit_in_time(described, _indispensable(texts, pathways, rules), now, rng),
        skills=_skills(texts),
        skill_edges=tuple(
            SkillEdge(skill_id=first, precedes_skill_id=then, strength=strength)
            for first, then, strength in texts.edges
        ),
        roles=_roles(texts),
        pathways=pathways,
        rules=rules,
    )


def is_compulsory(text: ModuleText) -> bool:
    """Tell whether the module, or the one it translates, is compulsory for someone."""
    return text.format != QUESTION_FORMAT and text.origin_id in COMPULSORY


def _module(
    text: ModuleText,
    difficulty: float,
    prerequisites: tuple[Prerequisite, ...],
    now: datetime,
    rng: np.random.Generator,
) -> Module:
    stated = float(np.clip(difficulty + rng.normal(0.0, _AUTHORING_ERROR), 0.02, 0.98))
    is_question = text.format == QUESTION_FORMAT
    graded = {"quiz": "assessment", QUESTION_FORMAT: QUESTION}
    secondary = (ModuleSkill(skill_id=text.also, weight=SECONDARY_WEIGHT),) if text.also else ()
    age = timedelta(days=int(rng.integers(20, _OLDEST_UPDATE_DAYS)))
    return Module(
        module_id=text.module_id,
        title=text.title,
        description=describe(text, rng),
        format=text.format,
        kind=graded.get(text.format, "content"),
        duration_minutes=_minutes(text, rng),
        difficulty=round(stated, 2) if is_question or rng.random() < _SHARE_AUTHORED else None,
        pass_mark=_PASS_MARKS.get(text.format, 0.5),
        language=text.language,
        mandatory=is_compulsory(text),
        accessibility=_accessibility(text.format, rng),
        version=f"{rng.integers(1, 4)}.{rng.integers(0, 6)}",
        updated_at=now.replace(hour=9, minute=0, second=0, microsecond=0) - age,
        url=f"https://academy.fernhill.example/modules/{text.module_id}",
        skills=(ModuleSkill(skill_id=text.skill_id), *secondary),
        prerequisites=prerequisites,
    )


def _minutes(text: ModuleText, rng: np.random.Generator) -> float:
    """Return a length usual for the format; courses are longer on higher rungs."""
    shortest, longest = _MINUTES[text.format]
    if text.format == "course":
        longest = shortest + (longest - shortest) * (text.level + 1) // 6
    step = _ROUND_MINUTES.get(text.format, 1)
    return float(round(rng.integers(shortest, longest, endpoint=True) / step) * step)


def _accessibility(module_format: str, rng: np.random.Generator) -> frozenset[str]:
    covered = rng.random(len(_ALL_NEEDS)) < _P_COVERED[module_format]
    return frozenset(need for need, has in zip(_ALL_NEEDS, covered, strict=True) if has)


def _prerequisites(texts: Texts) -> dict[str, tuple[Prerequisite, ...]]:
    """Return written prerequisites, and softly each rung after the one below it."""
    result: dict[str, tuple[Prerequisite, ...]] = {}
    for link in texts.links:
        result[link.module_id] = (*result.get(link.module_id, ()), _prerequisite(link))
    known = {text.module_id for text in texts.modules}
    for text in texts.modules:
        written = result.get(text.module_id, ())
        below = _one_below(text, known)
        if below and below not in {each.requires_module_id for each in written}:
            soft = Prerequisite(requires_module_id=below, strength=0.5)
            result[text.module_id] = (*written, soft)
        if text.language != ENGLISH:
            result[text.module_id] = _translated(
                result.get(text.module_id, ()), result.get(text.origin_id, ()), text, known
            )
    return result


def _prerequisite(link: LinkText) -> Prerequisite:
    return Prerequisite(
        requires_module_id=link.requires_module_id,
        requires_skill_id=link.requires_skill_id,
        min_mastery=link.min_mastery,
        strength=link.strength,
    )


def _one_below(text: ModuleText, known: set[str]) -> str | None:
    """Return the module on the rung below, in the same language, if there is one."""
    skill_id, _, number = text.origin_id.rpartition("-")
    suffix = "" if text.language == ENGLISH else f"-{text.language}"
    below = f"{skill_id}-{int(number) - 1}{suffix}"
    return below if below in known else None


def _translated(
    own: tuple[Prerequisite, ...],
    of_origin: tuple[Prerequisite, ...],
    text: ModuleText,
    known: set[str],
) -> tuple[Prerequisite, ...]:
    """Return hard prerequisites as the original has them, on modules in the same language."""
    hard = tuple(
        Prerequisite(requires_module_id=f"{each.requires_module_id}-{text.language}")
        for each in of_origin
        if each.is_hard and f"{each.requires_module_id}-{text.language}" in known
    )
    taken = {each.requires_module_id for each in hard}
    return (*hard, *(each for each in own if each.requires_module_id not in taken))


def _indispensable(
    texts: Texts, pathways: tuple[Pathway, ...], rules: tuple[Rule, ...]
) -> frozenset[str]:
    """Return modules that must stay on offer because something else counts on them."""
    return frozenset(
        {module_id for step in _steps(pathways) for module_id in step}
        | {m for rule in rules for m in (*rule.assign, *rule.require, *rule.boost)}
        | {link.requires_module_id for link in texts.links if link.requires_module_id}
        | {text.module_id for text in texts.modules if is_compulsory(text)}
        | {text.module_id for text in texts.modules if text.language != ENGLISH}
    )


def _steps(pathways: tuple[Pathway, ...]) -> list[tuple[str, ...]]:
    return [step.any_of for pathway in pathways for step in pathway.steps]


def _limit_in_time(
    modules: list[Module], kept: frozenset[str], now: datetime, rng: np.random.Generator
) -> tuple[Module, ...]:
    """Retire a few modules in the past year and let a few begin in the next two months."""
    free = [
        position
        for position, module in enumerate(modules)
        if module.kind != QUESTION and module.module_id not in kept
    ]
    chosen = rng.choice(free, size=_N_RETIRED + _N_UPCOMING, replace=False)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    limited = list(modules)
    for position in chosen[:_N_RETIRED]:
        until = today - timedelta(days=int(rng.integers(20, 360)))
        limited[position] = replace(limited[position], active_until=until)
    for position in chosen[_N_RETIRED:]:
        begins = today + timedelta(days=int(rng.integers(7, 60)))
        limited[position] = replace(limited[position], active_from=begins)
    return tuple(limited)


def _skills(texts: Texts) -> tuple[Skill, ...]:
    areas = tuple(Skill(skill_id=area_id, name=name) for area_id, name in texts.areas.items())
    leaves = tuple(
        Skill(skill_id=skill.skill_id, name=skill.name, parent_id=skill.area_id)
        for skill in texts.skills
    )
    return (*areas, *leaves)


def _roles(texts: Texts) -> tuple[Role, ...]:
    known = {skill.skill_id for skill in texts.skills}
    roles = []
    for role in texts.roles:
        own = tuple(
            RoleRequirement(skill_id=each.skill_id, target=each.target, weight=each.weight)
            for each in texts.requirements
            if each.role_id == role.role_id
        )
        asked = {requirement.skill_id for requirement in own}
        shared = tuple(
            RoleRequirement(skill_id=skill_id, target=target, weight=WEIGHT_FOR_EVERYONE)
            for skill_id, target in EVERYONE.items()
            if skill_id in known and skill_id not in asked
        )
        roles.append(Role(role_id=role.role_id, name=role.name, requirements=(*own, *shared)))
    return tuple(roles)
