"""Mastery: the difficulty at which a learner's p_success is .75, on the scale of levels."""

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY
from features.encode.state import LearnerState
from features.score.scores import Standing
from features.score.skill_sets import single_skills
from features.score.success import BoundSuccess


def mastery(bound: BoundSuccess, state: LearnerState) -> Standing:
    """Return where the learner stands in every skill of the catalogue at the state's instant.

    A neutral module (never tried by the learner, about this skill alone) whose difficulty equals
    the mastery has p_success .75, wherever that difficulty lies within [0,1].

    Notes
    -----
    The standard error is that of the ability posterior; it grows back to the spread between
    learners as evidence fades, if evidence does fade.
    """
    n_skills = len(bound.index.skill_ids)
    yardstick = bound.yardstick
    on_scale = mastered_difficulty(bound, state) + yardstick.skill_offset[:n_skills]
    level = yardstick.level_of_zero + on_scale / yardstick.logits_per_level
    spread = np.sqrt(state.skills.variance[:n_skills]) / yardstick.logits_per_level
    return Standing(
        mastery=np.clip(level, 0.0, 1.0),
        standard_error=spread,
        n_evidence=state.n_evidence[:n_skills],
        last_evidence_at_seconds=state.last_evidence_at_seconds[:n_skills],
    )


def mastered_difficulty(bound: BoundSuccess, state: LearnerState) -> NDArray[np.float64]:
    """Return the difficulty in logits at which p_success is .75 in each skill, (n_skills,)."""
    lines = bound.lines(state, single_skills(len(bound.index.skill_ids)))
    return np.asarray((lines.level - LOGIT_OF_MASTERY) / lines.slope)


def expected_mastery(bound: BoundSuccess, standing: Standing) -> NDArray[np.float64]:
    """Return the level of each pair's skill after completing the pair's module, (n_pairs,).

    Never below the present mastery: a gain estimated as negative counts as none.
    """
    index, yardstick = bound.index, bound.yardstick
    now = standing.mastery[index.skill]
    gain = np.maximum(yardstick.gain[index.module], 0.0) * index.weight
    return np.minimum(now + gain / yardstick.logits_per_level, 1.0)
