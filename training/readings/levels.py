"""Metrics of what learners can do, from direct judgements of skills: evidence, pre-assessments."""

from dataclasses import dataclass

import numpy as np

from training.readings.observed import DAY, Flags, Floats, Ints, Observed
from training.readings.values import Values, Window, count, plain

JUDGED_WITHIN_DAYS = 30.0  # after the days over which mastery is to be retained


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Days to competency by learner, (n,) each.

    Attributes
    ----------
    days
        From the first exposure until competent; inf where that has not happened.
    is_known
        Of whom it can be said: something is asked of them, and they were not there already.
    """

    days: Floats
    is_known: Flags


def skill_gain(observed: Observed, window: Window) -> Values:
    """Mean rise of a learner's judged levels: the last judgement less the last one before.

    Pairs are of one skill and one source; a learner without any pair is unknown.
    """
    judged, n = observed.judgements, len(observed.members)
    key = _skill_and_source(observed)
    earlier = _last_of(key, judged.at < observed.members.start[judged.learner])
    later = _last_of(key, window.holds(judged.at, judged.learner, observed.members.start))
    _, first, second = np.intersect1d(
        key[earlier], key[later], assume_unique=True, return_indices=True
    )
    rise = judged.level[later[second]] - judged.level[earlier[first]]
    return plain(_mean_by_learner(judged.learner[earlier[first]], rise, n))


def level_before(observed: Observed) -> Values:
    """Mean of a learner's last judgements before the first exposure: the pre-test."""
    judged = observed.judgements
    last = _last_of(_skill_and_source(observed), judged.at < observed.members.start[judged.learner])
    n = len(observed.members)
    return plain(_mean_by_learner(judged.learner[last], judged.level[last], n))


def retained_mastery(observed: Observed, window: Window) -> Values:
    """Mean of a learner's last judged levels from the end of the window on.

    They count for `JUDGED_WITHIN_DAYS`; who is not judged in that time is unknown.
    """
    judged = observed.judgements
    after = Window(first=window.last, last=window.last + JUDGED_WITHIN_DAYS)
    inside = after.holds(judged.at, judged.learner, observed.members.start)
    last = _last_of(_skill_and_source(observed), inside)
    n = len(observed.members)
    return plain(_mean_by_learner(judged.learner[last], judged.level[last], n))


def waits_to_competency(observed: Observed) -> Waits:
    """Find when every skill that role or goal asks for had been judged at its target or above.

    Who was there before the first exposure, or is asked for nothing, is unknown.
    """
    n, start = len(observed.members), observed.members.start
    reached = _first_reached(observed)
    days = np.full(n, np.nan)
    for learner, asked in observed.targets.items():
        moments = [reached.get((learner, skill)) for skill in asked]
        at = None if None in moments else max(moment for moment in moments if moment is not None)
        days[learner] = np.inf if at is None else (at - start[learner]) / DAY
    return Waits(days=days, is_known=days > 0.0)


def _first_reached(observed: Observed) -> dict[tuple[int, int], int]:
    """Return when each learner was first judged at the target of each skill asked of them."""
    judged, reached = observed.judgements, dict[tuple[int, int], int]()
    columns = (judged.learner, judged.skill, judged.level, judged.at)
    for learner, skill, level, at in zip(*(each.tolist() for each in columns), strict=True):
        target = observed.targets.get(learner, {}).get(skill)
        if target is not None and level >= target:
            reached.setdefault((learner, skill), at)
    return reached


def _skill_and_source(observed: Observed) -> Ints:
    """Return one number for learner, skill and source: each source is compared with itself."""
    judged = observed.judgements
    if len(judged.learner) == 0:
        return judged.learner
    n_sources, n_skills = int(judged.source.max()) + 1, int(judged.skill.max()) + 1
    return (judged.learner * n_skills + judged.skill) * n_sources + judged.source


def _last_of(key: Ints, chosen: Flags) -> Ints:
    """Return the row of the last chosen judgement of each key, in order of keys."""
    rows = np.flatnonzero(chosen)[::-1]
    _, first = np.unique(key[rows], return_index=True)
    return rows[first]


def _mean_by_learner(learner: Ints, values: Floats, n: int) -> Floats:
    counts = count(learner, n)
    sums = count(learner, n, values)
    mean: Floats = np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0.0)
    return mean
