"""Where modules lie on the scale of levels."""

import numpy as np
from numpy.typing import NDArray

from features.score.prior import skill_shares
from features.score.success import BoundSuccess


def levels_of_modules(bound: BoundSuccess) -> NDArray[np.float64]:
    """Return the difficulty of every module as a level, float64, (n_modules,), unclipped.

    On the same scale as mastery: a learner whose mastery of its skills equals it succeeds with
    probability .75.
    """
    yardstick = bound.yardstick
    offset = skill_shares(bound.index) @ yardstick.skill_offset
    levels: NDArray[np.float64] = (
        yardstick.level_of_zero + (yardstick.difficulty + offset) / yardstick.logits_per_level
    )
    return levels


def common_share(bound: BoundSuccess) -> float:
    """Return how much of the variance of ability is common to all skills of a learner, in [0,1]."""
    between, within = bound.yardstick.ability_variance, bound.yardstick.skill_variance
    return between / (between + within)
