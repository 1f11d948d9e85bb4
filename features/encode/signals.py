"""What a prediction looks at: named columns made from a learner's past, no row seeing itself."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import SECONDS_PER_DAY
from features.encode.ability import attenuation, posterior
from features.encode.attempts import AttemptTable
from features.encode.tallies import Column, Past, Yardstick, pasts_before

ROUNDING = 1e-9

LEARNER_SIGNALS = (
    "learner_ability",
    "learner_wins",
    "learner_fails",
    "learner_last",
    "learner_recent_short",
    "learner_recent_long",
    "learner_grade_short",
    "learner_grade_long",
    "learner_grade",
    "learner_idle",
)
SKILL_SIGNALS = (
    "skill_ability",
    "skill_wins",
    "skill_fails",
    "skill_last",
    "skill_recent_short",
    "skill_recent_long",
    "skill_grade_short",
    "skill_grade_long",
    "skill_grade",
    "skill_studies",
    "skill_gained",
    "skill_lag",
    "skill_idle",
    "skill_is_new",
)
MODULE_SIGNALS = (
    "module_wins",
    "module_fails",
    "module_last",
    "module_grade",
    "module_lag",
    "module_idle",
)
WEAKEST = "skill_weakest"
STATE_SIGNALS = (*LEARNER_SIGNALS, *SKILL_SIGNALS, WEAKEST, *MODULE_SIGNALS)
SIGNALS = (*STATE_SIGNALS, "difficulty", "margin")


@dataclass(frozen=True, kw_only=True)
class SkillReading:
    """One learner × skill each row: signals, and the ability posterior in logits.

    Attributes
    ----------
    signals
        float64, (n, len(SKILL_SIGNALS)).
    ability, variance
        float64, (n,): relative to the average learner.
    """

    signals: NDArray[np.float64]
    ability: NDArray[np.float64]
    variance: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Skill readings brought together over the tags of a module (or of a set of skills)."""

    signals: NDArray[np.float64]
    weakest: NDArray[np.float64]
    ability: NDArray[np.float64]
    variance: NDArray[np.float64]


def read_learner(
    past: Past, at_seconds: NDArray[np.float64], yardstick: Yardstick, *, is_timed: bool
) -> NDArray[np.float64]:
    """Return the `LEARNER_SIGNALS` columns, (n, 10)."""
    ability, _ = posterior(past.scores, 0.0, yardstick.ability_variance)
    signals = np.empty((len(ability), len(LEARNER_SIGNALS)))
    signals[:, 0] = ability
    _fill_record(signals[:, 1:-1], past)
    signals[:, -1] = _idle(past, at_seconds, is_timed=is_timed)
    return signals


def read_skills(
    past: Past,
    learner: Past,
    place: NDArray[np.float64],
    at_seconds: NDArray[np.float64],
    yardstick: Yardstick,
    *,
    is_timed: bool,
) -> SkillReading:
    """Read skills; what the learner showed elsewhere is the prior of ability in each.

    Parameters
    ----------
    past, learner
        Of the skill, n rows, and of its learner, n rows or one.
    place, at_seconds
        float64, (n,) or (1,): rows of the learner before the instant, and the instant.
    """
    elsewhere, doubt = posterior(learner.scores - past.scores, 0.0, yardstick.ability_variance)
    ability, variance = posterior(past.scores, elsewhere, doubt + yardstick.skill_variance)
    is_new = past.at_seconds == -np.inf
    signals = np.empty((len(ability), len(SKILL_SIGNALS)))
    signals[:, 0] = np.where(is_new, 0.0, ability - elsewhere)
    _fill_record(signals[:, 1:9], past)
    signals[:, 9] = np.log1p(past.values[:, Column.STUDIES])
    signals[:, 10] = past.values[:, Column.GAINED]
    signals[:, 11] = _lag(past, place)
    signals[:, 12] = _idle(past, at_seconds, is_timed=is_timed)
    signals[:, 13] = is_new
    return SkillReading(signals=signals, ability=ability, variance=variance)


def read_modules(
    past: Past,
    place: NDArray[np.float64],
    at_seconds: NDArray[np.float64],
    *,
    is_timed: bool,
) -> NDArray[np.float64]:
    """Return the `MODULE_SIGNALS` columns, (n, 6); all zero for modules never tried."""
    signals = np.empty((len(past.success), len(MODULE_SIGNALS)))
    signals[:, 0:2] = _counts(past)
    signals[:, 2] = past.success
    signals[:, 3] = past.values[:, Column.GRADE] / (past.values[:, Column.TRIES] + 1.0)
    signals[:, 4] = _lag(past, place)
    signals[:, 5] = _idle(past, at_seconds, is_timed=is_timed)
    return signals


def blend(reading: SkillReading, indptr: NDArray[np.int64], weight: NDArray[np.float64]) -> Blend:
    """Average readings over tags by weight, and note how far the weakest skill lies below.

    Parameters
    ----------
    reading
        One row a tag.
    indptr
        Tags of row i are indptr[i]:indptr[i + 1], at least one each.
    weight
        float64, (n_tags,), positive.
    """
    starts = indptr[:-1]
    share = weight / np.repeat(np.add.reduceat(weight, starts), np.diff(indptr))
    ability = np.add.reduceat(share * reading.ability, starts)
    return Blend(
        signals=np.add.reduceat(share[:, None] * reading.signals, starts),
        weakest=below(np.minimum.reduceat(reading.ability, starts), ability),
        ability=ability,
        variance=np.add.reduceat(share * reading.variance, starts),
    )


def below(least: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return least − mean, exactly 0 where they differ by rounding alone."""
    gap = least - mean
    return np.where(gap > -ROUNDING, 0.0, gap)


@dataclass(frozen=True, kw_only=True)
class EncodedAttempts:
    """Every attempt of a table, in its order, as known from strictly earlier rows.

    Attributes
    ----------
    columns
        float64, (n_attempts, len(SIGNALS)).
    module, previous
        int64, (n_attempts,): the module, and the one of the learner's row before where that is an
        attempt, −1 where it is none.
    """

    columns: NDArray[np.float64]
    module: NDArray[np.int64]
    previous: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def previous_succeeded(self) -> NDArray[np.bool_]:
        """Whether the learner's row before is a success, (n_attempts,)."""
        return self.columns[:, SIGNALS.index("learner_last")] > 0.0


def encode_attempts(
    table: AttemptTable, yardstick: Yardstick, difficulty: NDArray[np.float64] | None = None
) -> EncodedAttempts:
    """Encode every attempt of the table as of when it began, from strictly earlier rows.

    Parameters
    ----------
    table
        Any number of learners; rows that are no attempt inform later ones only.
    yardstick
        What responses are measured against.
    difficulty
        float64, (n_rows,): difficulties that a row's own learner had no part in, in place of the
        yardstick's (for training rows).
    """
    if len(table) == 0:
        nothing, nobody = np.zeros((0, len(SIGNALS))), np.zeros(0, dtype=np.int64)
        return EncodedAttempts(columns=nothing, module=nobody, previous=nobody)
    pasts = pasts_before(table, yardstick, difficulty)
    row, at, timed = table.tag_row, table.begun_at_seconds, table.is_timed
    skills = read_skills(
        pasts.skill, pasts.learner.take(row), pasts.place[row], at[row], yardstick, is_timed=timed
    )
    blended = blend(skills, table.indptr, table.weight)
    hard = yardstick.difficulty[table.module] if difficulty is None else difficulty
    columns = np.column_stack(
        [
            read_learner(pasts.learner, at, yardstick, is_timed=timed),
            blended.signals,
            blended.weakest,
            read_modules(pasts.module, pasts.place, at, is_timed=timed),
            hard,
            attenuation(blended.variance) * (blended.ability - hard),
        ]
    )
    attempt = np.flatnonzero(table.is_attempt)
    return EncodedAttempts(
        columns=columns[attempt],
        module=table.module[attempt],
        previous=attempted_at(table, table.by_learner.before[attempt]),
    )


def attempted_at(table: AttemptTable, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the modules attempted in `rows`; −1 for rows that are no attempt, and for row −1."""
    return np.where((rows >= 0) & table.is_attempt[rows], table.module[rows], -1)


def _counts(past: Past) -> NDArray[np.float64]:
    """Return ln(1 + wins) and ln(1 + fails), (n, 2)."""
    wins = past.values[:, Column.WINS]
    counts = np.empty((len(wins), 2))
    counts[:, 0], counts[:, 1] = wins, past.values[:, Column.TRIES] - wins
    return np.log1p(counts, out=counts)


def _fill_record(columns: NDArray[np.float64], past: Past) -> None:
    """Write counts, last outcome and rates into (n, 8) columns.

    The rates say how far results lie above expectation, pulled to 0 by one imagined attempt.
    """
    values = past.values
    columns[:, 0:2] = _counts(past)
    columns[:, 2] = past.success
    n_recent = values[:, Column.RECENT_TRIES] + 1.0
    np.divide(values[:, Column.RECENT], n_recent, out=columns[:, 3:5])
    np.divide(values[:, Column.RECENT_GRADE], n_recent, out=columns[:, 5:7])
    np.divide(values[:, Column.GRADE], values[:, Column.TRIES] + 1.0, out=columns[:, 7])


def _lag(past: Past, place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ln(1 + rows of the learner since the latest of this past), 0 where there is none."""
    return np.where(past.at_seconds == -np.inf, 0.0, np.log1p(place - past.place))


def _idle(past: Past, at_seconds: NDArray[np.float64], *, is_timed: bool) -> NDArray[np.float64]:
    """Return ln(1 + days since the latest of this past), 0 where there is none or no time."""
    last = past.at_seconds
    if not is_timed:
        return np.zeros(len(last))
    days = np.where(last == -np.inf, 0.0, at_seconds - last) / SECONDS_PER_DAY
    return np.log1p(np.maximum(days, 0.0))
