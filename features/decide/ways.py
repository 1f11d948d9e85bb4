"""Ways: what has to come first before a locked module can close a gap.

A module that is locked closes nothing yet, and what unlocks it may teach nothing that is asked for.
So the first steps of a way to it are promised what the whole way closes in an hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.decide.best import foremost
from features.decide.case import Case
from features.decide.eligibility import Bar

MOST_WAYS = 20  # locked modules that ways are looked for to, those that promise most
FREE = int(Bar.NONE)
WITHIN_REACH = frozenset({FREE, int(Bar.PREREQUISITE), int(Bar.SKILL)})


@dataclass(frozen=True, kw_only=True)
class _Climb:
    """Eligible modules that raise a skill, and the hours each would take up to the level needed."""

    modules: NDArray[np.int64]
    hours: NDArray[np.float64]

    @cached_property
    def shortest(self) -> float:
        """The hours of the one that takes least."""
        return float(self.hours.min())


def promise_ways(case: Case, per_hour: NDArray[np.float64]) -> None:
    """Raise what leads to locked modules to the gap that the whole way there closes in an hour.

    Parameters
    ----------
    per_hour
        float64, (n_modules,), levels an hour that each module closes by itself, locked or not;
        raised in place.
    """
    bar, promising = case.eligibility.bar, per_hour.nonzero()[0]
    barred = bar[promising]
    locked = promising[(barred == int(Bar.PREREQUISITE)) | (barred == int(Bar.SKILL))]
    if not len(locked):
        return
    codes, closed = bar.tobytes(), per_hour * case.index.hours
    hours = case.index.hours_by_row
    for row in foremost(locked, per_hour[locked], MOST_WAYS).tolist():
        way = _modules_up_to(case, codes, row)
        climbs = _climbs(case, way)
        if not way or not all(len(each.modules) for each in climbs):
            continue
        lasts = sum([hours[each] for each in way]) + sum([each.shortest for each in climbs])
        promised = sum([closed.item(each) for each in way])
        for each in way:
            if codes[each] == FREE:
                per_hour[each] = max(per_hour.item(each), promised / lasts)
        for climb in climbs:
            needed = lasts - climb.shortest + climb.hours
            per_hour[climb.modules] = np.maximum(per_hour[climb.modules], promised / needed)


def _modules_up_to(case: Case, codes: bytes, row: int) -> list[int]:
    """Return the modules left to do up to a locked one, with it; none where one is out of reach.

    `codes` are the `Bar` codes by row, as bytes: a loop reads them ten times as fast as an array.
    """
    needs_of, done = case.index.needs_of, case.arrays.done_rows
    way: dict[int, None] = {}
    left = [row]
    while left:
        each = left.pop()
        if each < 0 or codes[each] not in WITHIN_REACH:
            return []
        way[each] = None
        left += [one for one in needs_of.get(each, ()) if one not in way and one not in done]
    return list(way)


def _climbs(case: Case, way: Sequence[int]) -> list[_Climb]:
    """Return how the skills that a way still lacks are raised to the levels it asks for."""
    mastery, needs_of = case.scores.standing.mastery, case.index.skill_needs_of
    lacking: dict[int, float] = {}
    for row in way:
        for skill, level in needs_of.get(row, ()):
            levels = level - mastery.item(skill)
            if levels > lacking.get(skill, 0.0):
                lacking[skill] = levels
    return [_climb(case, skill, levels) for skill, levels in lacking.items()]


def _climb(case: Case, skill: int, levels: float) -> _Climb:
    """Return what raises a skill; each as if others like it followed until it is raised enough."""
    pairs = case.index.skills.pairs_of_skills([skill])
    modules = case.index.skills.module[pairs]
    rise = case.scores.expected_mastery[pairs] - case.scores.standing.mastery[skill]
    useful = (rise > 0.0) & case.eligibility.eligible[modules]
    modules, rise = modules[useful], rise[useful]
    return _Climb(modules=modules, hours=case.index.hours[modules] * np.maximum(levels / rise, 1.0))
