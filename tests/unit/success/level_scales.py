"""A scale of levels for tests: nobody has a role, everybody is usual."""

import numpy as np
from numpy.typing import NDArray

from features.encode.level_scale import LevelScale

DAY, T0 = 86_400.0, 1.7e9


def make_scale(
    difficulty: NDArray[np.float64], gain: NDArray[np.float64], n_skills: int
) -> LevelScale:
    """Return a scale of modules with so many skills, the untagged beside them."""
    return LevelScale(
        difficulty=difficulty,
        gain=gain,
        is_asked=np.zeros((1, n_skills + 1), dtype=bool),
        usual=np.full((2, n_skills + 1), 0.4),
        usual_variance=np.zeros((2, n_skills + 1)),
        logits_per_level=6.0,
        lead_variance=0.7,
        role_lead_variance=0.2,
        skill_variance=np.full(2, 0.5),
        half_life_seconds=365.0 * DAY,
        kept_share=0.35,
        learned_at=0.8,
        steepness=3.0,
        failed_share=0.5,
    )
