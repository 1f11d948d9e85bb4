"""The distinct sets of skills in a catalogue: what modules share when nobody has tried them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.skills import ModuleSkillIndex, spans


@dataclass(frozen=True, kw_only=True)
class SkillSets:
    """Sets of skills with weights.

    Attributes
    ----------
    of_module
        int64, (n_modules,): the set of each module.
    indptr, skill, weight
        Skills of set i are indptr[i]:indptr[i + 1], at least one each.
    share
        float64: weights that sum to 1 in each set.
    """

    of_module: NDArray[np.int64]
    indptr: NDArray[np.int64]
    skill: NDArray[np.int64]
    weight: NDArray[np.float64]
    share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def mean(self, by_skill: NDArray[np.float64]) -> NDArray[np.float64]:
        """Average a quantity of skills, (…, n_skills), over each set, (…, n_sets)."""
        return self._reduce(np.add, self.share * by_skill.take(self.skill, axis=-1))

    def least(self, by_skill: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the smallest value, (…, n_skills), in each set, (…, n_sets)."""
        return self._reduce(np.minimum, by_skill.take(self.skill, axis=-1))

    def any(self, by_skill: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell whether any skill, (…, n_skills), of each set is marked, (…, n_sets)."""
        return self._reduce(np.logical_or, by_skill.take(self.skill, axis=-1))

    def _reduce[T: np.generic](self, how: np.ufunc, of_entries: NDArray[T]) -> NDArray[T]:
        if len(self) == 0:
            return of_entries
        reduced: NDArray[T] = how.reduceat(of_entries, self.indptr[:-1], axis=-1)
        return reduced

    def take(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the entries (positions in `skill`) of some sets, and pointers to them."""
        starts = self.indptr[chosen]
        lengths = self.indptr[chosen + 1] - starts
        pointers = np.zeros(len(chosen) + 1, dtype=np.int64)
        lengths.cumsum(out=pointers[1:])
        return spans(starts, lengths), pointers


def find_sets(index: ModuleSkillIndex) -> SkillSets:
    """Find the sets of a catalogue."""
    indptr, skill, weight = index.tagged
    numbers: dict[bytes, int] = {}
    of_module = np.zeros(len(index.module_ids), dtype=np.int64)
    kept: list[slice] = []
    for module in range(len(of_module)):
        tags = slice(int(indptr[module]), int(indptr[module + 1]))
        key = skill[tags].tobytes() + weight[tags].tobytes()
        of_module[module] = numbers.setdefault(key, len(numbers))
        if len(numbers) > len(kept):
            kept.append(tags)
    starts = np.cumsum([0, *(tags.stop - tags.start for tags in kept)], dtype=np.int64)
    of_sets = np.concatenate([weight[tags] for tags in kept] or [weight[:0]])
    total = np.add.reduceat(of_sets, starts[:-1]) if len(of_sets) else of_sets
    return SkillSets(
        of_module=of_module,
        indptr=starts,
        skill=np.concatenate([skill[tags] for tags in kept] or [skill[:0]]),
        weight=of_sets,
        share=of_sets / np.repeat(total, np.diff(starts)),
    )
