"""Where modules lie on the scale of levels."""

import numpy as np
from numpy.typing import NDArray

from features.score.success import BoundSuccess


def levels_of_modules(bound: BoundSuccess) -> NDArray[np.float64]:
    """Return the difficulty of every module as a level, float64, (n_modules,), in [0,1].

    On the same scale as mastery: in the level model, a learner whose mastery of its skills equals
    it succeeds with probability .75.
    """
    return bound.levels.scale.difficulty


def common_share(bound: BoundSuccess) -> float:
    """Return how much of the variance of levels is common to all skills of a learner, in [0,1]."""
    scale = bound.levels.scale
    return scale.lead_variance / (scale.lead_variance + scale.skill_variance)
