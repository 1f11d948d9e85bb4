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
    """Return how much of the variance of levels a learner's skills have in common, in [0,1].

    Skills that the learner's role asks for; others have less.
    """
    scale = bound.levels.scale
    common = scale.lead_variance + scale.role_lead_variance
    return float(common / (common + scale.skill_variance[1]))
