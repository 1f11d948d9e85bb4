"""Which skills each module is about, as sparse rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Module
from features.encode.ids import IdMap


@dataclass(frozen=True, kw_only=True)
class ModuleSkillIndex:
    """Modules by skills in compressed rows, with authored difficulties.

    Attributes
    ----------
    module_ids, skill_ids
        What rows and columns stand for.
    indptr
        int64, (n_modules + 1,): pairs of module i are indptr[i]:indptr[i + 1].
    skill
        int32, (n_pairs,), position in `skill_ids`.
    weight
        float64, (n_pairs,), in (0,1].
    difficulty
        float64, (n_modules,), authored level in [0,1], NaN where not authored.
    """

    module_ids: IdMap
    skill_ids: IdMap
    indptr: NDArray[np.int64]
    skill: NDArray[np.int32]
    weight: NDArray[np.float64]
    difficulty: NDArray[np.float64]

    @cached_property
    def module(self) -> NDArray[np.int32]:
        """int32, (n_pairs,): the module each pair belongs to."""
        return np.repeat(np.arange(len(self.module_ids), dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def tagged(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """The rows with one skill more, "untagged", for modules that have none.

        int64, (n_modules + 1,), pointers; int64, skills, `len(skill_ids)` for "untagged"; float64,
        weights.
        """
        lengths = np.diff(self.indptr)
        at = self.indptr[:-1][lengths == 0]
        untagged = np.full(len(at), len(self.skill_ids))
        return (
            np.cumsum(np.concatenate([[0], np.maximum(lengths, 1)])).astype(np.int64),
            np.insert(self.skill.astype(np.int64), at, untagged),
            np.insert(self.weight, at, np.ones(len(at))),
        )

    @cached_property
    def tags(self) -> tuple[tuple[tuple[int, float], ...], ...]:
        """Of each module, its skills and their weights, for loops over a few modules."""
        pairs = list(zip(self.skill.tolist(), self.weight.tolist(), strict=True))
        bounds = self.indptr.tolist()
        return tuple(tuple(pairs[start:end]) for start, end in pairwise(bounds))

    @cached_property
    def squared_length(self) -> NDArray[np.float64]:
        """float64, (n_modules,): sum of the squared weights of each module's skills."""
        sums = np.bincount(self.module, self.weight**2, len(self.module_ids))
        return sums.astype(np.float64)

    @cached_property
    def lengths(self) -> list[float]:
        """Of each module's skills; 1 where it has none, whose cosine is 0 over anything."""
        length = np.sqrt(self.squared_length)
        lengths: list[float] = np.where(length == 0.0, 1.0, length).tolist()
        return lengths

    @cached_property
    def _by_skill(self) -> list[NDArray[np.int64]]:
        ends = np.cumsum(np.bincount(self.skill, minlength=len(self.skill_ids)))
        return np.split(np.argsort(self.skill, kind="stable"), ends[:-1])

    def pairs_of_skills(self, skills: list[int]) -> NDArray[np.int64]:
        """Return the pairs about any of some skills, each skill at most once, in order of pairs."""
        if not skills:
            return np.zeros(0, dtype=np.int64)
        pairs = np.concatenate([self._by_skill[skill] for skill in skills])
        pairs.sort()
        return pairs

    def pairs_of_modules(self, modules: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the pairs of some modules, module by module."""
        starts = self.indptr[modules]
        return spans(starts, self.indptr[modules + 1] - starts)

    def pairs_of(self, row: int) -> list[tuple[int, int]]:
        """Return the pairs of one module, each with its skill."""
        return [(pair, tag[0]) for pair, tag in enumerate(self.tags[row], int(self.indptr[row]))]


def index_module_skills(modules: Sequence[Module], skill_ids: IdMap) -> ModuleSkillIndex:
    """Build the index of `modules`, rows in their order.

    Parameters
    ----------
    modules
        Ids unique.
    skill_ids
        Must hold every skill the modules name.
    """
    pairs = [
        (skill_ids.index_of[tag.skill_id], tag.weight)
        for module in modules
        for tag in module.skills
        if tag.weight > 0
    ]
    counts = [sum(tag.weight > 0 for tag in module.skills) for module in modules]
    nan = float("nan")
    return ModuleSkillIndex(
        module_ids=IdMap(module.module_id for module in modules),
        skill_ids=skill_ids,
        indptr=np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64),
        skill=np.array([skill for skill, _ in pairs], dtype=np.int32),
        weight=np.array([weight for _, weight in pairs], dtype=np.float64),
        difficulty=np.array(
            [nan if module.difficulty is None else module.difficulty for module in modules],
            dtype=np.float64,
        ),
    )


def spans(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return starts[i], starts[i] + 1, …, starts[i] + lengths[i] − 1 for every i in turn."""
    ends = lengths.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    return (starts - (ends - lengths)).repeat(lengths) + np.arange(total)
