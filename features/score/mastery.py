"""Mastery: the difficulty at which a learner's p_success is .75, on the scale of levels."""

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY, attenuation, sigmoid
from features.encode.levels import rise
from features.encode.state import LearnerState
from features.score.scores import Standing
from features.score.success import BoundSuccess


def mastery(bound: BoundSuccess, state: LearnerState) -> Standing:
    """Return where the learner stands in every skill of the catalogue at the state's instant.

    In the level model a module about one skill alone, as hard as the mastery, is passed three
    times in four; a success lowers no mastery.
    """
    n_skills = len(bound.index.skill_ids)
    levels = state.levels
    return Standing(
        mastery=np.clip(levels.level[:n_skills], 0.0, 1.0),
        standard_error=levels.deviation[:n_skills],
        n_evidence=state.n_evidence[:n_skills],
        last_evidence_at_seconds=state.last_evidence_at_seconds[:n_skills],
    )


def mastery_shown(bound: BoundSuccess, state: LearnerState) -> NDArray[np.float64]:
    """Return mastery right after the last that was done in each skill, (n_skills,)."""
    return np.clip(state.levels.shown[: len(bound.index.skill_ids)], 0.0, 1.0)


def expected_mastery(bound: BoundSuccess, state: LearnerState) -> NDArray[np.float64]:
    """Return the level of each pair's skill after completing the pair's module, (n_pairs,).

    What completing it without a judgement brings; a success in it would show more. A module done
    before brings back what has faded of it.
    """
    index, levels = bound.index, state.levels
    gain = bound.rise_of_pairs
    known = (levels.worth != 1.0).nonzero()[0]
    if len(known):
        pairs = index.pairs_of_modules(known)
        worth = (bound.levels.scale.gain * levels.worth)[index.module[pairs]]
        gain = gain.copy()
        gain[pairs] = rise(worth * index.weight[pairs])
    expected = levels.left[index.skill] * gain
    expected += levels.level[index.skill]
    return np.minimum(np.maximum(expected, 0.0, out=expected), 1.0, out=expected)


def p_able(bound: BoundSuccess, state: LearnerState) -> NDArray[np.float64]:
    """Return the probability to succeed at each module by the levels alone, (n_modules,).

    Where everyone went down one path, hard modules were met late, by people who had come far, and
    what was seen of them says little of somebody who is given one today. Levels and difficulties
    are told apart by who rose and who did not, so they do say.
    """
    levels, scale, sets = state.levels, bound.levels.scale, bound.sets
    if len(sets.of_module) == 0:
        return np.zeros(0)
    level = sets.mean(levels.level)[sets.of_module]
    doubt = sets.mean(levels.deviation)[sets.of_module] * scale.logits_per_level
    logits = LOGIT_OF_MASTERY + scale.logits_per_level * (level - scale.difficulty)
    return sigmoid(logits * attenuation(doubt * doubt))
