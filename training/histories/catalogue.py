"""The catalogue of a folder or a store, complete and in one order whatever it came from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.domain.catalogue import (
    Catalogue,
    Module,
    ModuleSkill,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
    SkillEdge,
)
from training.histories.rows import Rows
from training.histories.schema import (
    ASSIGNMENTS,
    EVIDENCE,
    MODULE_SKILLS,
    MODULES,
    PREREQUISITES,
    ROLE_SKILLS,
    ROLES,
    SKILL_EDGES,
    SKILLS,
)
from training.histories.values import DEFAULTS, records

# Where the tables of a folder name modules, skills and roles that need not be described.
MODULE_MENTIONS = (
    (MODULE_SKILLS.name, "module_id"),
    (PREREQUISITES.name, "module_id"),
    (PREREQUISITES.name, "requires_module_id"),
    (ASSIGNMENTS.name, "module_id"),
)
SKILL_MENTIONS = (
    (SKILLS.name, "parent_id"),
    (SKILL_EDGES.name, "skill_id"),
    (SKILL_EDGES.name, "precedes_skill_id"),
    (MODULE_SKILLS.name, "skill_id"),
    (PREREQUISITES.name, "requires_skill_id"),
    (ROLE_SKILLS.name, "skill_id"),
    (EVIDENCE.name, "skill_id"),
)
ROLE_MENTIONS = ((ROLE_SKILLS.name, "role_id"),)


def mentioned(described: Mapping[str, Rows], mentions: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the ids that stand in the given (table, column) pairs."""
    return frozenset(
        name for table, column in mentions for name in distinct(described[table].values(column))
    )


def distinct(ids: pa.Array) -> list[str]:
    """Return every id once, nulls left out."""
    return pc.unique(ids).drop_null().to_pylist()  # type: ignore[no-any-return]  # pyarrow has no types


def build_catalogue(described: Mapping[str, Rows], module_ids: Iterable[str] = ()) -> Catalogue:
    """Build the catalogue of a folder.

    Parameters
    ----------
    described
        Table name → its checked rows, for every table but the interactions.
    module_ids
        Modules named elsewhere, in interactions.

    Returns
    -------
    Catalogue
        As `canonical` gives it; what is only named has its id as its title or name.
    """
    skills_of = _grouped(described[MODULE_SKILLS.name], "module_id")
    prerequisites_of = _grouped(described[PREREQUISITES.name], "module_id")
    requirements_of = _grouped(described[ROLE_SKILLS.name], "role_id")
    modules = _described(
        described[MODULES.name], [*mentioned(described, MODULE_MENTIONS), *module_ids]
    )
    skills = _described(described[SKILLS.name], mentioned(described, SKILL_MENTIONS))
    roles = _described(described[ROLES.name], mentioned(described, ROLE_MENTIONS))
    return canonical(
        Catalogue(
            modules=tuple(
                Module(
                    **{"title": module_id, **fields},
                    skills=tuple(ModuleSkill(**row) for row in skills_of[module_id]),
                    prerequisites=tuple(_prerequisite(row) for row in prerequisites_of[module_id]),
                )
                for module_id, fields in modules.items()
            ),
            skills=tuple(
                Skill(**{"name": skill_id, **fields}) for skill_id, fields in skills.items()
            ),
            skill_edges=tuple(SkillEdge(**row) for row in records(described[SKILL_EDGES.name])),
            roles=tuple(
                Role(
                    **{"name": role_id, **fields},
                    requirements=tuple(
                        RoleRequirement(**{**DEFAULTS[ROLE_SKILLS.name], **row})
                        for row in requirements_of[role_id]
                    ),
                )
                for role_id, fields in roles.items()
            ),
        )
    )


def canonical(
    catalogue: Catalogue, module_ids: Iterable[str] = (), skill_ids: Iterable[str] = ()
) -> Catalogue:
    """Return what can be learned and who needs it, in order of ids, with further ids added.

    The revision, pathways, rules and policies are left out: no model learns from them.
    """
    modules = {module.module_id: module for module in catalogue.modules}
    skills = {skill.skill_id: skill for skill in catalogue.skills}
    for module_id in module_ids:
        modules.setdefault(module_id, Module(module_id=module_id, title=module_id))
    for skill_id in skill_ids:
        skills.setdefault(skill_id, Skill(skill_id=skill_id, name=skill_id))
    return Catalogue(
        modules=tuple(_sorted_module(modules[module_id]) for module_id in sorted(modules)),
        skills=tuple(skills[skill_id] for skill_id in sorted(skills)),
        skill_edges=tuple(
            sorted(catalogue.skill_edges, key=lambda edge: (edge.skill_id, edge.precedes_skill_id))
        ),
        roles=tuple(
            replace(role, requirements=tuple(sorted(role.requirements, key=lambda r: r.skill_id)))
            for role in sorted(catalogue.roles, key=lambda role: role.role_id)
        ),
    )


def _sorted_module(module: Module) -> Module:
    return replace(
        module,
        skills=tuple(sorted(module.skills, key=lambda skill: skill.skill_id)),
        prerequisites=tuple(
            sorted(
                module.prerequisites,
                key=lambda p: (p.requires_module_id or "", p.requires_skill_id or ""),
            )
        ),
    )


def _described(rows: Rows, further_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return id → fields, for ids with a row and for those that are only named."""
    (key,) = rows.table.key
    fields_of = {record[key]: record for record in records(rows)}
    for name in further_ids:
        fields_of.setdefault(name, {key: name})
    return fields_of


def _grouped(rows: Rows, key: str) -> defaultdict[str, list[dict[str, Any]]]:
    """Return key → its rows without the key."""
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records(rows):
        groups[record.pop(key)].append(record)
    return groups


def _prerequisite(fields: dict[str, Any]) -> Prerequisite:
    """Leave out the one of the two ids that is absent: the store writes it as ""."""
    return Prerequisite(**{name: value for name, value in fields.items() if value != ""})
