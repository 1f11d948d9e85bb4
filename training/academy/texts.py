"""The written content of the sample academy, read from the tables in `content/`."""

import csv
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

ENGLISH = "en"
QUESTION_FORMAT = "question"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleText:
    """What is written about a module.

    Attributes
    ----------
    level
        1 (first steps) to 5 (for experts): the rung on the ladder of its skill.
    outcome
        What one can do afterwards, as a verb phrase: "write tests that fail usefully".
    also
        A second skill it touches, or None.
    origin_id
        The module it translates or asks about, else its own id.
    description
        Given for translations; made from `outcome` for the others.
    """

    module_id: str
    origin_id: str
    skill_id: str
    level: int
    format: str
    title: str
    outcome: str
    also: str | None = None
    language: str = ENGLISH
    description: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillText:
    """A skill and the area it belongs to."""

    skill_id: str
    area_id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleText:
    """A role, its department ("" for leaders of any), share of staff and usual next roles."""

    role_id: str
    name: str
    department: str
    share: float
    goals: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementText:
    """A role asks for a skill."""

    role_id: str
    skill_id: str
    target: float
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkText:
    """What must (strength 1) or should come before a module: a module, or a skill at a level."""

    module_id: str
    requires_module_id: str | None
    requires_skill_id: str | None
    min_mastery: float | None
    strength: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """Everything written, for a whole company or a part of it."""

    areas: dict[str, str]
    skills: tuple[SkillText, ...]
    edges: tuple[tuple[str, str, float], ...]
    modules: tuple[ModuleText, ...]
    links: tuple[LinkText, ...]
    roles: tuple[RoleText, ...]
    requirements: tuple[RequirementText, ...]


def read_texts() -> Texts:
    """Read all content tables."""
    return Texts(
        areas={row["area_id"]: row["name"] for row in _rows("areas")},
        skills=tuple(SkillText(**row) for row in _rows("skills")),
        edges=tuple(
            (row["skill_id"], row["precedes_skill_id"], float(row["strength"]))
            for row in _rows("skill_edges")
        ),
        modules=_read_modules(),
        links=tuple(_link(row) for row in _rows("prerequisites")),
        roles=tuple(_role(row) for row in _rows("roles")),
        requirements=tuple(
            RequirementText(
                role_id=row["role_id"],
                skill_id=row["skill_id"],
                target=float(row["target"]),
                weight=float(row["weight"]),
            )
            for row in _rows("role_skills")
        ),
    )


def narrow_texts(texts: Texts, skill_ids: Collection[str], role_ids: Collection[str]) -> Texts:
    """Return the part of the content that is about some skills and roles."""
    modules = tuple(
        replace(module, also=module.also if module.also in skill_ids else None)
        for module in texts.modules
        if module.skill_id in skill_ids
    )
    module_ids = {module.module_id for module in modules}
    skills = tuple(skill for skill in texts.skills if skill.skill_id in skill_ids)
    areas = {skill.area_id for skill in skills}
    return Texts(
        areas={area_id: name for area_id, name in texts.areas.items() if area_id in areas},
        skills=skills,
        edges=tuple(edge for edge in texts.edges if {edge[0], edge[1]} <= set(skill_ids)),
        modules=modules,
        links=tuple(
            link
            for link in texts.links
            if link.module_id in module_ids
            and (link.requires_module_id is None or link.requires_module_id in module_ids)
            and (link.requires_skill_id is None or link.requires_skill_id in skill_ids)
        ),
        roles=tuple(role for role in texts.roles if role.role_id in role_ids),
        requirements=tuple(
            requirement
            for requirement in texts.requirements
            if requirement.role_id in role_ids and requirement.skill_id in skill_ids
        ),
    )


def _rows(table: str) -> Iterator[dict[str, str]]:
    source = files("training.academy") / "content" / f"{table}.csv"
    yield from csv.DictReader(source.read_text(encoding="utf-8").splitlines())


def _read_modules() -> tuple[ModuleText, ...]:
    """Read the ladders, number each skill's modules from 1, and add the translations."""
    modules = []
    n_by_skill: Counter[str] = Counter()
    for row in _rows("modules"):
        n_by_skill[row["skill_id"]] += 1
        module_id = f"{row['skill_id']}-{n_by_skill[row['skill_id']]}"
        modules.append(
            ModuleText(
                module_id=module_id,
                origin_id=module_id,
                skill_id=row["skill_id"],
                level=int(row["level"]),
                format=row["format"],
                title=row["title"],
                outcome=row["outcome"],
                also=row["also"] or None,
            )
        )
    origins = {module.module_id: module for module in modules}
    translations = (_translate(origins[row["module_id"]], row) for row in _rows("translations"))
    return (*modules, *translations)


def _translate(origin: ModuleText, row: dict[str, str]) -> ModuleText:
    return ModuleText(
        module_id=f"{origin.module_id}-{row['language']}",
        origin_id=origin.module_id,
        skill_id=origin.skill_id,
        level=origin.level,
        format=origin.format,
        title=row["title"],
        outcome=origin.outcome,
        language=row["language"],
        description=row["description"],
    )


def _link(row: dict[str, str]) -> LinkText:
    return LinkText(
        module_id=row["module_id"],
        requires_module_id=row["requires_module_id"] or None,
        requires_skill_id=row["requires_skill_id"] or None,
        min_mastery=float(row["min_mastery"]) if row["min_mastery"] else None,
        strength=float(row["strength"]),
    )


def _role(row: dict[str, str]) -> RoleText:
    return RoleText(
        role_id=row["role_id"],
        name=row["name"],
        department=row["department"],
        share=float(row["share"]),
        goals=tuple(row["goals"].split(";")) if row["goals"] else (),
    )
