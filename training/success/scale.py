"""The one scale: how logits of difficulty and ability become levels in [0,1]."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY
from features.encode.skills import ModuleSkillIndex
from training.success.difficulty import DifficultyFit
from training.success.responses import Responses

MIN_AUTHORED = 10
MIN_LOGITS_PER_LEVEL = 0.5
OUTER_QUANTILES = (0.05, 0.95)
SHORTEST_SPAN = 1.0  # logits


@dataclass(frozen=True, kw_only=True)
class Scale:
    """level = level_of_zero + (logits + offset of the skill) / logits_per_level.

    `skill_offset`, (n_skills + 1,), says how far the average ability in a skill lies above 0;
    `is_authored` tells whether authored levels anchor the scale, or quantiles.
    """

    logits_per_level: float
    level_of_zero: float
    skill_offset: NDArray[np.float64]
    is_authored: bool


def fit_scale(fit: DifficultyFit, responses: Responses, index: ModuleSkillIndex) -> Scale:
    """Anchor levels to authored difficulties, else to the quantiles of what is at hand.

    Where at least `MIN_AUTHORED` tried modules have an authored level that goes with how hard
    they prove, its regression coefficient is the scale, and what the skills add to it is read as
    how strong learners are in them. Otherwise the 5 % and 95 % quantiles of tried modules'
    difficulties and of learners' mastery, whichever reach further, become .05 and .95.
    """
    tried = np.bincount(responses.module, minlength=responses.n_modules) > 0
    prior = fit.prior
    n_authored = int(np.sum(tried & ~np.isnan(index.difficulty)))
    if n_authored >= MIN_AUTHORED and prior.logits_per_level >= MIN_LOGITS_PER_LEVEL:
        return Scale(
            logits_per_level=prior.logits_per_level,
            level_of_zero=prior.mean_level - prior.intercept / prior.logits_per_level,
            skill_offset=-prior.skill_effect,
            is_authored=True,
        )
    learners = fit.ability - LOGIT_OF_MASTERY
    both = [np.quantile(of, OUTER_QUANTILES) for of in (fit.difficulty[tried], learners)]
    return between_quantiles(np.array(both), len(index.skill_ids) + 1)


def between_quantiles(quantiles: NDArray[np.float64], n_skills: int) -> Scale:
    """Return the scale on which the outermost quantiles lie at .05 and .95.

    Parameters
    ----------
    quantiles
        float64, (n, 2), logits: of difficulties, of masteries.
    n_skills
        Entries of `skill_offset`.
    """
    low, high = float(quantiles[:, 0].min()), float(quantiles[:, 1].max())
    share = OUTER_QUANTILES[1] - OUTER_QUANTILES[0]
    per_level = max(high - low, SHORTEST_SPAN) / share
    return Scale(
        logits_per_level=per_level,
        level_of_zero=0.5 - (low + high) / 2.0 / per_level,
        skill_offset=np.zeros(n_skills),
        is_authored=False,
    )
