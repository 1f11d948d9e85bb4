"""Mastery, the difficulty passed three times in four, and p_success as it is served."""

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY, attenuation, sigmoid
from features.encode.gains import match, rise
from features.encode.state import LearnerStates
from features.score.scores import Standing
from features.score.success import BoundSuccess

RECORD_SHARE = 0.5  # of the way from what levels say to what the record says, in log odds
FURTHEST = 1.0  # logits from what levels say


def mastery(bound: BoundSuccess, states: LearnerStates) -> list[Standing]:
    """Return where each learner stands in every skill of the catalogue at the states' instants.

    In the level model a module about one skill alone, as hard as the mastery, is passed three
    times in four; a success lowers no mastery.
    """
    n_skills = len(bound.index.skill_ids)
    level = np.minimum(np.maximum(states.levels.level[:, :n_skills], 0.0), 1.0)
    place = states.place[:, :n_skills]
    n_evidence, last_at = states.n_told.take(place), states.told_at_seconds.take(place)
    return [
        Standing(
            mastery=level[row],
            standard_error=states.levels.deviation[row, :n_skills],
            n_evidence=n_evidence[row],
            last_evidence_at_seconds=last_at[row],
        )
        for row in range(len(states))
    ]


def mastery_shown(bound: BoundSuccess, states: LearnerStates) -> NDArray[np.float64]:
    """Return mastery right after the last that was done in each skill, (n_learners, n_skills)."""
    shown = states.levels.shown[:, : len(bound.index.skill_ids)]
    return np.minimum(np.maximum(shown, 0.0), 1.0)


def expected_mastery(bound: BoundSuccess, states: LearnerStates) -> NDArray[np.float64]:
    """Return the level of each pair's skill after completing its module, (n_learners, n_pairs).

    What completing it without a judgement brings: what a learner of that level takes up of its
    gain. A success in it would show more; a module done before brings back what has faded of it.
    """
    index, levels, scale = bound.index, states.levels, bound.levels.scale
    level = levels.level.take(index.skill, axis=1)
    gain = match(level, scale.difficulty.take(index.module), scale)
    gain *= bound.gain_of_pairs
    learner, known = (levels.worth != 1.0).nonzero()
    if len(known):
        pairs = index.pairs_of_modules(known)
        of = learner.repeat(index.indptr[known + 1] - index.indptr[known])
        gain[of, pairs] *= levels.worth[of, index.module[pairs]]
    expected = rise(gain)
    expected *= levels.left.take(index.skill, axis=1)
    expected += level
    return np.minimum(np.maximum(expected, 0.0, out=expected), 1.0, out=expected)


def log_odds_by_level(bound: BoundSuccess, states: LearnerStates) -> NDArray[np.float64]:
    """Return the log odds of success by the levels alone, (n_learners, n_modules)."""
    levels, scale, sets = states.levels, bound.levels.scale, bound.sets
    if len(sets.of_module) == 0:
        return np.zeros((len(states), 0))
    doubt, mean_level = sets.mean(np.array((levels.deviation, levels.level)))
    doubt *= scale.logits_per_level
    # Of sets first, of which there are fewer than of modules.
    certainty = attenuation(doubt * doubt)
    steepness = scale.logits_per_level * certainty
    level = LOGIT_OF_MASTERY * certainty + steepness * mean_level
    logits = level.take(sets.of_module, axis=1)
    logits -= steepness.take(sets.of_module, axis=1) * scale.difficulty
    return np.asarray(logits)


def p_success(
    bound: BoundSuccess, states: LearnerStates, *, is_trained: bool
) -> NDArray[np.float64]:
    """Return the probability to succeed at each module, as it is served, (n_learners, n_modules).

    Midway between what records foretell and what the levels say, and never far from the latter. A
    record foretells best what learners do on the paths of the histories it was learned from;
    levels hold on any path. Together they err less than either where modules are chosen anew.

    Parameters
    ----------
    is_trained
        Whether there are records to go by; else the levels stand alone.

    References
    ----------
    Bates, J. M. & Granger, C. W. J. (1969). The combination of forecasts.
    """
    by_level = log_odds_by_level(bound, states)
    if is_trained:
        apart = bound.log_odds(states)
        apart -= by_level
        apart *= RECORD_SHARE
        by_level += np.clip(apart, -FURTHEST, FURTHEST, out=apart)
    return sigmoid(by_level)
