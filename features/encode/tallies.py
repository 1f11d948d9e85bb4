"""Running sums over a learner's past, overall, by skill and by module, read before each row."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import (
    ANCHORS,
    LOGIT_OF_MASTERY,
    judgement_scores,
    response_scores,
    sigmoid,
)
from features.encode.attempts import AttemptTable
from features.encode.ranks import RankedGroups

KEEPS = (0.6, 0.85)  # what one more row leaves of the past in the two "recent" windows


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """What responses are measured against; one entry a module in the order of the index.

    Attributes
    ----------
    difficulty
        float64, (n_modules,), logits: an average learner succeeds with odds exp(−difficulty).
    mean_grade
        float64, (n_modules,), in [0,1]: what learners score on average.
    gain
        float64, (n_modules,), logits that one completion adds to the ability in its skills.
    skill_offset
        float64, (n_skills + 1,), logits: how far the average ability in a skill is above 0 on the
        scale of levels.
    logits_per_level, level_of_zero
        difficulty on the scale of levels = level_of_zero + logits / logits_per_level.
    ability_variance, skill_variance
        Of ability between learners, and of ability between the skills of one learner; logits².
    half_life_seconds
        After this time a response says half as much about ability; inf where nothing is lost.
    """

    difficulty: NDArray[np.float64]
    mean_grade: NDArray[np.float64]
    gain: NDArray[np.float64]
    skill_offset: NDArray[np.float64]
    logits_per_level: float
    level_of_zero: float
    ability_variance: float
    skill_variance: float
    half_life_seconds: float

    def ability_of_level(
        self, level: NDArray[np.float64], skill: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the ability, relative to the average in the skill, of learners at `level`."""
        on_scale = self.logits_per_level * (level - self.level_of_zero) + LOGIT_OF_MASTERY
        return on_scale - self.skill_offset[skill]


class Column:
    """Where a quantity stands in the rows of `Past.values`."""

    TRIES: ClassVar = 0
    WINS: ClassVar = 1
    STUDIES: ClassVar = 2
    JUDGEMENTS: ClassVar = 3
    GAINED: ClassVar = 4
    GRADE: ClassVar = 5
    RECENT: ClassVar = slice(6, 8)
    RECENT_GRADE: ClassVar = slice(8, 10)
    RECENT_TRIES: ClassVar = slice(10, 12)
    SCORES: ClassVar = slice(12, 12 + len(ANCHORS))
    COUNT: ClassVar = 12 + len(ANCHORS)


_KEEP = np.ones(Column.COUNT)
_KEEP[Column.RECENT] = _KEEP[Column.RECENT_GRADE] = _KEEP[Column.RECENT_TRIES] = KEEPS


@dataclass(frozen=True, kw_only=True)
class Past:
    """What is known of n groups just before n instants.

    Attributes
    ----------
    values
        float64, (n, Column.COUNT): sums over the past; counts are whole numbers.
    at_seconds
        float64, (n,): the latest instant of the past, −inf where there is none.
    place
        float64, (n,): how many rows of the learner came before that latest one.
    success
        float64, (n,): 1 or −1 as the latest attempt ended, 0 where there is none.
    """

    values: NDArray[np.float64]
    at_seconds: NDArray[np.float64]
    place: NDArray[np.float64]
    success: NDArray[np.float64]

    @property
    def scores(self) -> NDArray[np.float64]:
        """Score functions of ability at the anchors, (n, n_anchors)."""
        return self.values[:, Column.SCORES]

    def take(self, rows: NDArray[np.int64] | slice) -> "Past":
        """Return the pasts of `rows`."""
        return Past(
            values=self.values[rows],
            at_seconds=self.at_seconds[rows],
            place=self.place[rows],
            success=self.success[rows],
        )


def nothing(n: int) -> Past:
    """Return the past of n groups of which nothing is known."""
    return Past(
        values=np.zeros((n, Column.COUNT)),
        at_seconds=np.full(n, -np.inf),
        place=np.zeros(n),
        success=np.zeros(n),
    )


@dataclass(frozen=True, kw_only=True)
class Pasts:
    """The past of each row's learner, of each tag's skill, and of each row's module.

    Attributes
    ----------
    place
        float64, (n_rows,): rows of the learner at earlier instants.
    """

    learner: Past
    skill: Past
    module: Past
    place: NDArray[np.float64]


def values_of_rows(
    table: AttemptTable, yardstick: Yardstick, difficulty: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return what each row adds to the sums, (n, Column.COUNT).

    Parameters
    ----------
    difficulty
        float64, (n,), logits: stands in for the yardstick's where rows must not be measured
        against difficulties that were estimated from themselves.
    """
    values = np.zeros((len(table), Column.COUNT))
    attempt = table.is_attempt.nonzero()[0]
    module = table.module[attempt]
    success = table.success[attempt].astype(np.float64)
    hard = yardstick.difficulty[module] if difficulty is None else difficulty[attempt]
    graded = table.grade[attempt] - yardstick.mean_grade[module]
    values[attempt, Column.TRIES] = 1.0
    values[attempt, Column.WINS] = success
    values[attempt, Column.GRADE] = graded
    values[attempt, Column.RECENT] = (success - sigmoid(-hard))[:, None]
    values[attempt, Column.RECENT_GRADE] = graded[:, None]
    values[attempt, Column.RECENT_TRIES] = 1.0
    values[attempt, Column.SCORES] = response_scores(success, hard)
    study = table.is_study.nonzero()[0]
    values[study, Column.STUDIES] = 1.0
    values[study, Column.GAINED] = yardstick.gain[table.module[study]]
    _add_judgements(values, table, yardstick)
    return values


def sums_of(
    groups: RankedGroups,
    values: NDArray[np.float64],
    at_seconds: NDArray[np.float64],
    half_life_seconds: float,
) -> NDArray[np.float64]:
    """Return the sums up to and with each row; what is said of ability fades with time."""
    if np.isinf(half_life_seconds):
        return groups.sums(values, _KEEP)
    previous = groups.previous
    passed = np.where(previous >= 0, at_seconds - at_seconds[previous], 0.0)
    return groups.sums(values, _KEEP, np.exp2(-passed / half_life_seconds), Column.SCORES)


@dataclass(frozen=True, kw_only=True)
class RunningSums:
    """Sums after each row of some groups, with what else is read from those rows.

    Attributes
    ----------
    sums
        float64, (n, Column.COUNT).
    at_seconds, place, sign
        float64, (n,): instant, rows of the learner before it, 1, −1 or 0 as the attempt ended.
    half_life_seconds
        Of what is said of ability.
    """

    sums: NDArray[np.float64]
    at_seconds: NDArray[np.float64]
    place: NDArray[np.float64]
    sign: NDArray[np.float64]
    half_life_seconds: float

    def after(self, rows: NDArray[np.int64], at_seconds: NDArray[np.float64]) -> Past:
        """Read what was known after `rows` (−1: nothing yet) at later instants `at_seconds`."""
        if len(self.sums) == 0:
            return nothing(len(rows))
        known = rows >= 0
        values = self.sums[rows] * known[:, None]
        last = np.where(known, self.at_seconds[rows], -np.inf)
        if not np.isinf(self.half_life_seconds):
            passed = np.where(known, np.maximum(at_seconds - last, 0.0), 0.0)
            values[:, Column.SCORES] *= np.exp2(-passed / self.half_life_seconds)[:, None]
        return Past(
            values=values,
            at_seconds=last,
            place=np.where(known, self.place[rows], 0.0),
            success=np.where(known, self.sign[rows], 0.0),
        )


@dataclass(frozen=True, kw_only=True)
class Tallies:
    """Running sums by learner, by skill (over tags) and by module."""

    learner: RunningSums
    skill: RunningSums
    module: RunningSums


def tally(
    table: AttemptTable, yardstick: Yardstick, difficulty: NDArray[np.float64] | None = None
) -> Tallies:
    """Sum up a table by learner, skill and module; `difficulty` as in `values_of_rows`."""
    values = values_of_rows(table, yardstick, difficulty)
    place = _places(table)
    sign = np.where(table.is_attempt, 2.0 * table.success - 1.0, 0.0)
    half_life = yardstick.half_life_seconds if table.is_timed else np.inf

    def run(
        groups: RankedGroups, added: NDArray[np.float64], row: NDArray[np.int64]
    ) -> RunningSums:
        at = table.at_seconds[row]
        return RunningSums(
            sums=sums_of(groups, added, at, half_life),
            at_seconds=at,
            place=place[row],
            sign=sign[row],
            half_life_seconds=half_life,
        )

    every, tag_row = np.arange(len(table)), table.tag_row
    by_tag = values[tag_row]
    by_tag[:, Column.SCORES] *= table.weight[:, None]
    return Tallies(
        learner=run(table.by_learner, values, every),
        skill=run(table.by_skill, by_tag, tag_row),
        module=run(table.by_module, values, every),
    )


def pasts_before(
    table: AttemptTable, yardstick: Yardstick, difficulty: NDArray[np.float64] | None = None
) -> Pasts:
    """Return what was known when each row began, from rows at strictly earlier instants."""
    tallies = tally(table, yardstick, difficulty)
    at = table.begun_at_seconds
    return Pasts(
        learner=tallies.learner.after(table.by_learner.before, at),
        skill=tallies.skill.after(table.by_skill.before, at[table.tag_row]),
        module=tallies.module.after(table.by_module.before, at),
        place=tallies.learner.place,
    )


def _add_judgements(values: NDArray[np.float64], table: AttemptTable, yardstick: Yardstick) -> None:
    rows = (table.module < 0).nonzero()[0]
    if len(rows) == 0:
        return
    ability = yardstick.ability_of_level(table.level[rows], table.skill[table.indptr[rows]])
    spread = table.standard_error[rows] * yardstick.logits_per_level
    values[rows, Column.JUDGEMENTS] = 1.0
    values[rows, Column.SCORES] = judgement_scores(ability, spread**2)


def _places(table: AttemptTable) -> NDArray[np.float64]:
    """Count, for each row, the rows of its learner at earlier instants."""
    groups = table.by_learner
    rank = np.empty(len(table))
    rank[groups.order] = np.repeat(np.arange(len(groups.bounds) - 1), np.diff(groups.bounds))
    return np.where(groups.before >= 0, rank[groups.before] + 1.0, 0.0)
