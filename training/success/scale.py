"""The one scale: how logits of difficulty and ability become levels in [0,1]."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY
from features.encode.log import InteractionLog
from features.encode.skills import ModuleSkillIndex
from features.score.mastery import mastered_difficulty
from features.score.success import BoundSuccess
from training.success.difficulty import DifficultyFit
from training.success.responses import Responses

MIN_AUTHORED = 10
MIN_LOGITS_PER_LEVEL = 0.5
OUTER_QUANTILES = (0.05, 0.95)
SHORTEST_SPAN = 1.0  # logits
MAX_LEARNERS = 200


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
    return _between_quantiles(fit.difficulty[tried], learners, len(index.skill_ids))


def refine_scale(
    scale: Scale, bound: BoundSuccess, log: InteractionLog, rng: np.random.Generator
) -> Scale:
    """Return the scale whose quantiles are those of mastery as the fitted model reports it.

    Parameters
    ----------
    scale
        Returned unchanged where authored levels anchor it.
    bound
        The chosen model.
    log
        Of the training learners; some are drawn and looked at after their last event.
    """
    if scale.is_authored:
        return scale
    drawn = rng.permutation(log.n_learners)[:MAX_LEARNERS]
    learners = [
        mastered_difficulty(bound, bound.learner_state(one, float(one.at_seconds[-1])))
        for one in (log.take_learners(np.arange(log.n_learners) == row) for row in sorted(drawn))
        if len(one)
    ]
    tried = np.bincount(log.module[log.success >= 0], minlength=log.n_modules) > 0
    n_skills = len(bound.index.skill_ids)
    if n_skills == 0 or not learners:
        return scale
    return _between_quantiles(bound.yardstick.difficulty[tried], np.concatenate(learners), n_skills)


def _between_quantiles(
    modules: NDArray[np.float64], learners: NDArray[np.float64], n_skills: int
) -> Scale:
    """Let difficulties and masteries, whichever reach further, span .05 to .95."""
    both = np.array([np.quantile(modules, OUTER_QUANTILES), np.quantile(learners, OUTER_QUANTILES)])
    low, high = float(both[:, 0].min()), float(both[:, 1].max())
    share = OUTER_QUANTILES[1] - OUTER_QUANTILES[0]
    per_level = max(high - low, SHORTEST_SPAN) / share
    return Scale(
        logits_per_level=per_level,
        level_of_zero=0.5 - (low + high) / 2.0 / per_level,
        skill_offset=np.zeros(n_skills + 1),
        is_authored=False,
    )
