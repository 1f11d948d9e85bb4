"""What comes before each module: prerequisites on modules and on skills, as parallel arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Module
from features.encode.ids import IdMap


@dataclass(frozen=True, kw_only=True)
class ModuleLinks:
    """Prerequisites on modules: row k says `module[k]` needs `requires[k]`; strength in [0,1]."""

    module: NDArray[np.int32]
    requires: NDArray[np.int32]
    strength: NDArray[np.float64]

    @cached_property
    def hard(self) -> "ModuleLinks":
        """Those without which the module stays locked; −1 requires what can never be done."""
        return self._take(self.strength >= 1.0)

    @cached_property
    def never_met(self) -> NDArray[np.int32]:
        """Modules that stay locked for good: they require one outside the catalogue."""
        return self.hard.module[self.hard.requires < 0]

    @cached_property
    def soft(self) -> "ModuleLinks":
        """The others, where they name a module of the catalogue."""
        return self._take((self.strength < 1.0) & (self.requires >= 0))

    def _take(self, rows: NDArray[np.bool_]) -> "ModuleLinks":
        return ModuleLinks(
            module=self.module[rows], requires=self.requires[rows], strength=self.strength[rows]
        )


@dataclass(frozen=True, kw_only=True)
class SkillLinks:
    """Prerequisites on skills: `module[k]` needs mastery `min_mastery[k]` of `skill[k]`."""

    module: NDArray[np.int32]
    skill: NDArray[np.int32]
    min_mastery: NDArray[np.float64]
    strength: NDArray[np.float64]

    @cached_property
    def hard(self) -> "SkillLinks":
        """Those without which the module stays locked."""
        return self._take(self.strength >= 1.0)

    @cached_property
    def soft(self) -> "SkillLinks":
        """The others."""
        return self._take(self.strength < 1.0)

    def _take(self, rows: NDArray[np.bool_]) -> "SkillLinks":
        return SkillLinks(
            module=self.module[rows],
            skill=self.skill[rows],
            min_mastery=self.min_mastery[rows],
            strength=self.strength[rows],
        )


def index_module_links(modules: tuple[Module, ...], module_ids: IdMap) -> ModuleLinks:
    """Return the prerequisites on modules; −1 stands for one outside the catalogue."""
    links = [
        (row, module_ids.index_of.get(link.requires_module_id, -1), link.strength)
        for row, module in enumerate(modules)
        for link in module.prerequisites
        if link.requires_module_id
    ]
    return ModuleLinks(
        module=np.array([row for row, _, _ in links], dtype=np.int32),
        requires=np.array([required for _, required, _ in links], dtype=np.int32),
        strength=np.array([strength for _, _, strength in links], dtype=np.float64),
    )


def index_skill_links(modules: tuple[Module, ...], skill_ids: IdMap) -> SkillLinks:
    """Return the prerequisites on skills, all of which must be in `skill_ids`."""
    links = [
        (row, skill_ids.index_of[link.requires_skill_id], link.min_mastery or 0.0, link.strength)
        for row, module in enumerate(modules)
        for link in module.prerequisites
        if link.requires_skill_id
    ]
    return SkillLinks(
        module=np.array([row for row, _, _, _ in links], dtype=np.int32),
        skill=np.array([skill for _, skill, _, _ in links], dtype=np.int32),
        min_mastery=np.array([level for _, _, level, _ in links], dtype=np.float64),
        strength=np.array([strength for _, _, _, strength in links], dtype=np.float64),
    )


def grouped(keys: NDArray[np.int32], rows: NDArray[np.int32]) -> Mapping[int, list[int]]:
    """Return the rows of each key, in their order; equal lengths."""
    found: dict[int, list[int]] = {}
    for key, row in zip(keys.tolist(), rows.tolist(), strict=True):
        found.setdefault(key, []).append(row)
    return found
