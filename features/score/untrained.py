"""The success model before any training: authored difficulties and a learner's own record."""

import numpy as np

from features.domain.instants import SECONDS_PER_DAY
from features.encode.ability import LOGIT_OF_MASTERY
from features.encode.signals import SIGNALS
from features.encode.words import N_BUCKETS
from features.score.level_model import LevelModel
from features.score.prior import DifficultyPrior
from features.score.success import MARGIN, SuccessModel
from features.score.trees import no_trees

LOGITS_PER_LEVEL = 6.0
AVERAGE_LEVEL = 0.5
ABILITY_VARIANCE = 1.0
ROLE_VARIANCE = 0.2
SKILL_VARIANCE = 0.5
HALF_LIFE_SECONDS = 365 * SECONDS_PER_DAY
GAIN_LOGITS = 0.6
GAIN, KEPT_SHARE = 0.1, 0.35  # levels; share of it that stays (forgetting curves level off)
LEARNED_AT, STEEPNESS, FAILED_SHARE = 0.85, 5.0, 0.5  # Wilson et al. 2019: the 85 % rule


def untrained_success() -> SuccessModel:
    """Return a Rasch model with assumed spread and no modules of its own.

    The numbers are assumptions that the first training replaces: the scale spans six logits, an
    average learner succeeds at half of what has difficulty .5, learners differ by one logit, a
    completed module adds a tenth of what is left of the scale, two thirds of which halve in a year.
    """
    coefficient = np.zeros(len(SIGNALS))
    coefficient[MARGIN] = 1.0
    nothing = np.zeros(0)
    return SuccessModel(
        module_ids=np.zeros(0, dtype=np.str_),
        skill_ids=np.zeros(0, dtype=np.str_),
        difficulty=nothing,
        mean_grade=nothing,
        grade_line=np.array([0.0, 1.0]),
        gain=nothing,
        gain_standard_error=nothing,
        gain_by_skill=np.array([GAIN_LOGITS]),
        skill_offset=np.zeros(1),
        scale=np.array(
            [LOGITS_PER_LEVEL, AVERAGE_LEVEL, ABILITY_VARIANCE, SKILL_VARIANCE, HALF_LIFE_SECONDS]
        ),
        coefficient=coefficient,
        constant=0.0,
        prior=DifficultyPrior(
            intercept=0.0,
            logits_per_level=LOGITS_PER_LEVEL,
            mean_level=AVERAGE_LEVEL,
            skill_effect=np.zeros(1),
            word_effect=np.zeros(N_BUCKETS),
        ),
        trees=no_trees(),
        levels=untrained_levels(),
    )


def untrained_levels() -> LevelModel:
    """Return what levels are read with before any training: the same assumptions."""
    nothing = np.zeros(0)
    return LevelModel(
        role_ids=np.zeros(0, dtype=np.str_),
        difficulty=nothing,
        gain=nothing,
        is_asked=np.zeros((1, 1), dtype=np.bool_),
        usual=np.full((2, 1), AVERAGE_LEVEL - LOGIT_OF_MASTERY / LOGITS_PER_LEVEL),
        usual_variance=np.zeros((2, 1)),
        numbers=np.array(
            [
                LOGITS_PER_LEVEL,
                ABILITY_VARIANCE,
                ROLE_VARIANCE,
                SKILL_VARIANCE,
                SKILL_VARIANCE,
                HALF_LIFE_SECONDS,
                KEPT_SHARE,
                LEARNED_AT,
                STEEPNESS,
                FAILED_SHARE,
            ]
        ),
        usual_gain=np.array([GAIN]),
    )
