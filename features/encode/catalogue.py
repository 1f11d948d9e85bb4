"""The catalogue as arrays, built once per revision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import QUESTION, Catalogue, Module, Role
from features.domain.instants import EPOCH
from features.encode.ids import IdMap
from features.encode.pathways import Pathways, index_pathways
from features.encode.prerequisites import (
    ModuleLinks,
    SkillLinks,
    grouped,
    index_module_links,
    index_skill_links,
)
from features.encode.rules import RuleIndex, index_rules
from features.encode.skills import ModuleSkillIndex, index_module_skills

FALLBACK_DURATION_MINUTES = 30.0
SHORTEST_MINUTES = 5.0
MOST_REQUIREMENTS = 1_000  # pairs of role and goal that are kept at hand


@dataclass(frozen=True, kw_only=True)
class RoleTargets:
    """What a role asks for: positions in `skill_ids`, targets in [0,1], weights ≥ 0."""

    skill: NDArray[np.int32]
    target: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a role and a goal ask for together.

    Attributes
    ----------
    target, weight
        float64, (n_skills,), 0 where nothing is asked.
    by_goal
        bool, (n_skills,): the goal asks for more than the role.
    skills
        int64, positions of the skills that have a target.
    pairs
        int64, (n,), positions of the pairs about one of these; of each, the `skill_of_pair`, the
        `module_of_pair`, `target_of_pair` and `weight_of_pair`.
    modules, starts
        The modules of these pairs; pairs of `modules[i]` begin at `starts[i]`.
    hours
        float64, as `modules`: what each takes.
    """

    target: NDArray[np.float64]
    weight: NDArray[np.float64]
    by_goal: NDArray[np.bool_]
    skills: NDArray[np.int64]
    pairs: NDArray[np.int64]
    skill_of_pair: NDArray[np.int32]
    module_of_pair: NDArray[np.int32]
    target_of_pair: NDArray[np.float64]
    weight_of_pair: NDArray[np.float64]
    modules: NDArray[np.int32]
    starts: NDArray[np.int64]
    hours: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class CatalogueIndex:
    """A catalogue as arrays over its modules, in the order of `catalogue.modules`.

    Attributes
    ----------
    skills
        Modules by skills, with authored difficulties.
    duration_minutes
        float64, (n_modules,); the median of the known ones where not authored.
    duration_known, is_question, is_mandatory
        bool, (n_modules,).
    versioned_at_seconds
        float64, (n_modules,): when the present version took another's place, −inf where none is
        known.
    active_from_seconds, active_until_seconds
        float64, (n_modules,), −inf and inf where open.
    language, format
        int32, (n_modules,), positions in `languages` and `formats`; −1 where not given.
    covers
        bool, (n_modules, n_needs), columns in the order of `needs`.
    pass_marks
        float64, (n_modules,), in [0,1].
    module_links, skill_links
        Prerequisites, hard and soft.
    role_targets
        By role id.
    rules, pathways
        The active ones.
    """

    catalogue: Catalogue
    skills: ModuleSkillIndex
    duration_minutes: NDArray[np.float64]
    duration_known: NDArray[np.bool_]
    is_question: NDArray[np.bool_]
    is_mandatory: NDArray[np.bool_]
    versioned_at_seconds: NDArray[np.float64]
    active_from_seconds: NDArray[np.float64]
    active_until_seconds: NDArray[np.float64]
    languages: IdMap
    language: NDArray[np.int32]
    formats: IdMap
    format: NDArray[np.int32]
    needs: IdMap
    covers: NDArray[np.bool_]
    pass_marks: NDArray[np.float64]
    module_links: ModuleLinks
    skill_links: SkillLinks
    role_targets: Mapping[str, RoleTargets]
    rules: RuleIndex
    pathways: Pathways
    skill_names: tuple[str, ...]

    @property
    def module_ids(self) -> IdMap:
        """The row order."""
        return self.skills.module_ids

    @property
    def skill_ids(self) -> IdMap:
        """The skill order: described ones and those that modules, roles or links only name."""
        return self.skills.skill_ids

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules, row by row."""
        return self.catalogue.modules

    @cached_property
    def in_other_language(self) -> Mapping[str, NDArray[np.bool_]]:
        """Primary language → bool, (n_modules,), modules given in another; "" for any not here."""
        primary = [primary_language(each) for each in self.languages]
        # The last entry stands for modules that give no language: they suit everybody.
        return {
            own: np.array([each != own for each in primary] + [False])[self.language]
            for own in (*primary, "")
        }

    @cached_property
    def hours(self) -> NDArray[np.float64]:
        """float64, (n_modules,): what a module takes, at least `SHORTEST_MINUTES`."""
        return np.asarray(np.maximum(self.duration_minutes, SHORTEST_MINUTES) / 60.0)

    @cached_property
    def hours_by_row(self) -> list[float]:
        """`hours` for loops over a few modules."""
        hours: list[float] = self.hours.tolist()
        return hours

    @cached_property
    def lasting_minutes(self) -> NDArray[np.float64]:
        """float64, (n_modules,): `duration_minutes`, but never 0."""
        return np.asarray(np.maximum(self.duration_minutes, 1e-9))

    @cached_property
    def needs_of(self) -> Mapping[int, list[int]]:
        """Row → rows of the modules that have to be done before it; −1 is outside the catalogue."""
        links = self.module_links.hard
        return grouped(links.module, links.requires)

    @cached_property
    def skill_needs_of(self) -> Mapping[int, list[tuple[int, float]]]:
        """Row → positions of the skills it stays locked without, and the level of each."""
        links, found = self.skill_links.hard, dict[int, list[tuple[int, float]]]()
        asked = zip(links.skill.tolist(), links.min_mastery.tolist(), strict=True)
        for row, need in zip(links.module.tolist(), asked, strict=True):
            found.setdefault(row, []).append(need)
        return found

    @cached_property
    def needed_by(self) -> Mapping[int, list[int]]:
        """Row → rows of the modules that stay locked until it is done."""
        links = self.module_links.hard
        return grouped(links.requires, links.module)

    @cached_property
    def skill_needed_by(self) -> Mapping[int, list[int]]:
        """Position of a skill → rows of the modules that stay locked below some level of it."""
        links = self.skill_links.hard
        return grouped(links.skill, links.module)

    @cached_property
    def role_names(self) -> Mapping[str, str]:
        """Names of the roles by id."""
        return {role.role_id: role.name for role in self.catalogue.roles}

    @cached_property
    def format_codes(self) -> list[int]:
        """`format` for loops over a few modules."""
        codes: list[int] = self.format.tolist()
        return codes

    @cached_property
    def questions(self) -> NDArray[np.int64]:
        """Rows of the questions."""
        return np.flatnonzero(self.is_question)

    @cached_property
    def mandatory(self) -> NDArray[np.int64]:
        """Rows of the modules that everybody must do."""
        return np.flatnonzero(self.is_mandatory)

    @cached_property
    def mandatory_rows(self) -> frozenset[int]:
        """The same as a set."""
        return frozenset(self.mandatory.tolist())

    @cached_property
    def dated(self) -> NDArray[np.int64]:
        """Rows of the modules that open or close at some instant."""
        is_bounded = np.isfinite(self.active_from_seconds) | np.isfinite(self.active_until_seconds)
        return np.flatnonzero(is_bounded)

    @cached_property
    def duration_unknown(self) -> NDArray[np.int64]:
        """Rows of the modules whose duration is not authored."""
        return np.flatnonzero(~self.duration_known)

    def requirements(self, role_id: str | None, goal_role_id: str | None) -> Requirements:
        """Take the higher target and the larger weight where role and goal ask for one skill."""
        known = self.role_targets
        key = (
            role_id if role_id in known else None,
            goal_role_id if goal_role_id in known else None,
        )
        found = self._requirements.get(key)
        if found is None:
            if len(self._requirements) >= MOST_REQUIREMENTS:
                self._requirements.clear()
            found = self._requirements[key] = self._require(key)
        return found

    @cached_property
    def _requirements(self) -> dict[tuple[str | None, str | None], Requirements]:
        return {}

    def _require(self, role_ids: tuple[str | None, str | None]) -> Requirements:
        target, weight = np.zeros(len(self.skill_ids)), np.zeros(len(self.skill_ids))
        of_role = target
        for role_id in role_ids:
            of_role = target.copy()
            if role_id is not None:
                asked = self.role_targets[role_id]
                np.maximum.at(target, asked.skill, asked.target)
                np.maximum.at(weight, asked.skill, asked.weight)
        skills = np.flatnonzero(target > 0)
        pairs = self.skills.pairs_of_skills(skills.tolist())
        skill, module = self.skills.skill[pairs], self.skills.module[pairs]
        modules, starts = np.unique(module, return_index=True)
        return Requirements(
            target=target,
            weight=weight,
            by_goal=target > of_role,
            skills=skills,
            pairs=pairs,
            skill_of_pair=skill,
            module_of_pair=module,
            target_of_pair=target[skill],
            weight_of_pair=weight[skill],
            modules=modules,
            starts=starts,
            hours=self.hours[modules],
        )


def index_catalogue(catalogue: Catalogue) -> CatalogueIndex:
    """Turn a catalogue into arrays.

    Parameters
    ----------
    catalogue
        Module ids unique. Prerequisites on modules outside it can never be met.
    """
    modules = catalogue.modules
    skill_ids = _every_skill(catalogue)
    durations, known = _durations(modules)
    languages, language = _codes(module.language for module in modules)
    formats, format_codes = _codes(module.format for module in modules)
    needs = IdMap(sorted({need for module in modules for need in module.accessibility}))
    names = {skill.skill_id: skill.name for skill in catalogue.skills}
    module_ids = IdMap(module.module_id for module in modules)
    return CatalogueIndex(
        catalogue=catalogue,
        skills=index_module_skills(modules, skill_ids),
        duration_minutes=durations,
        duration_known=known,
        is_question=np.array([module.kind == QUESTION for module in modules], dtype=bool),
        is_mandatory=np.array([module.mandatory for module in modules], dtype=bool),
        versioned_at_seconds=_seconds([module.versioned_at for module in modules], -np.inf),
        active_from_seconds=_seconds([module.active_from for module in modules], -np.inf),
        active_until_seconds=_seconds([module.active_until for module in modules], np.inf),
        languages=languages,
        language=language,
        formats=formats,
        format=format_codes,
        needs=needs,
        covers=np.array(
            [[need in module.accessibility for need in needs] for module in modules], dtype=bool
        ).reshape(len(modules), len(needs)),
        pass_marks=np.array([module.pass_mark for module in modules], dtype=np.float64),
        module_links=index_module_links(modules, module_ids),
        skill_links=index_skill_links(modules, skill_ids),
        role_targets={role.role_id: _targets(role, skill_ids) for role in catalogue.roles},
        rules=index_rules(catalogue.rules, module_ids),
        pathways=index_pathways(catalogue.pathways, module_ids),
        skill_names=tuple(names.get(skill_id, skill_id) for skill_id in skill_ids),
    )


@lru_cache(maxsize=1_000)
def primary_language(language: str) -> str:
    """Return the part of a language tag that tells languages apart: "de" of "de-AT"."""
    return language.replace("_", "-").split("-")[0].lower()


def _every_skill(catalogue: Catalogue) -> IdMap:
    named = {skill.skill_id for skill in catalogue.skills}
    for module in catalogue.modules:
        named |= {tag.skill_id for tag in module.skills}
        named |= {link.requires_skill_id for link in module.prerequisites if link.requires_skill_id}
    for role in catalogue.roles:
        named |= {requirement.skill_id for requirement in role.requirements}
    return IdMap(sorted(named))


def _durations(modules: tuple[Module, ...]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    given = np.array(
        [
            np.nan if module.duration_minutes is None else module.duration_minutes
            for module in modules
        ],
        dtype=np.float64,
    )
    known = ~np.isnan(given)
    fallback = float(np.median(given[known])) if known.any() else FALLBACK_DURATION_MINUTES
    return np.where(known, given, fallback), known


def _codes(words: Iterable[str | None]) -> tuple[IdMap, NDArray[np.int32]]:
    words = list(words)
    ids = IdMap(sorted({word for word in words if word}))
    return ids, ids.positions(word or "" for word in words)


def _seconds(instants: list[datetime | None], absent: float) -> NDArray[np.float64]:
    return np.array(
        [absent if at is None else (at - EPOCH).total_seconds() for at in instants],
        dtype=np.float64,
    )


def _targets(role: Role, skill_ids: IdMap) -> RoleTargets:
    asked = role.requirements
    return RoleTargets(
        skill=np.array([skill_ids.index_of[r.skill_id] for r in asked], dtype=np.int32),
        target=np.array([r.target for r in asked], dtype=np.float64),
        weight=np.array([r.weight for r in asked], dtype=np.float64),
    )
