"""How hard a module is before anyone has tried it: authored level, skills and words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.encode.skills import ModuleSkillIndex
from features.encode.words import ModuleWords


@dataclass(frozen=True, kw_only=True)
class DifficultyPrior:
    """A linear model of difficulty in logits.

    Attributes
    ----------
    intercept
        Of a module of which nothing is known.
    logits_per_level, mean_level
        An authored level adds logits_per_level · (level − mean_level).
    skill_effect
        float64, (n_skills + 1,), averaged over a module's skills by weight; the last entry stands
        for modules without skills.
    word_effect
        float64, (N_BUCKETS,), on rows of unit length.
    """

    intercept: float
    logits_per_level: float
    mean_level: float
    skill_effect: NDArray[np.float64]
    word_effect: NDArray[np.float64]

    def difficulty(self, index: ModuleSkillIndex, words: ModuleWords) -> NDArray[np.float64]:
        """Return difficulties in logits, (n_modules,); `index` counts skills as the model does."""
        authored = np.where(np.isnan(index.difficulty), self.mean_level, index.difficulty)
        return np.asarray(
            self.intercept
            + self.logits_per_level * (authored - self.mean_level)
            + skill_shares(index) @ self.skill_effect
            + words.matrix() @ self.word_effect
        )


def skill_shares(index: ModuleSkillIndex) -> sparse.csr_array:
    """Return modules_by_skills (with a column for "untagged"), rows summing to 1."""
    indptr, skill, weight = index.tagged
    total = np.add.reduceat(weight, indptr[:-1]) if len(weight) else np.zeros(0)
    share = weight / np.repeat(total, np.diff(indptr))
    shape = (len(index.module_ids), len(index.skill_ids) + 1)
    return sparse.csr_array((share, skill, indptr), shape=shape)
