"""What is known of one learner at one instant, as signals for any module of the catalogue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.attempts import AttemptTable
from features.encode.latest import latest_pasts
from features.encode.levels import LevelReading
from features.encode.signals import (
    SkillReading,
    attempted_at,
    read_learner,
    read_modules,
    read_skills,
)
from features.encode.tallies import Column, Yardstick


@dataclass(frozen=True, kw_only=True)
class LearnerState:
    """Signals of one learner.

    Attributes
    ----------
    at_seconds
        The instant they hold for.
    learner
        float64, (len(LEARNER_SIGNALS),).
    skills
        A reading of every skill; the last stands for modules without skills.
    levels
        Levels in the same skills.
    is_touched
        bool, (n_skills + 1,): something is known of the skill.
    n_evidence
        int64, (n_skills + 1,): attempts and direct judgements that speak to the skill.
    last_evidence_at_seconds
        float64, (n_skills + 1,), −inf where there is none.
    previous
        Module of the latest row where that is an attempt, else −1.
    modules
        int64: modules the learner tried or completed, and `module_signals`, (n, 6), of them.
    """

    at_seconds: float
    learner: NDArray[np.float64]
    skills: SkillReading
    levels: LevelReading
    is_touched: NDArray[np.bool_]
    n_evidence: NDArray[np.int64]
    last_evidence_at_seconds: NDArray[np.float64]
    previous: int
    modules: NDArray[np.int64]
    module_signals: NDArray[np.float64]


def state_of(
    table: AttemptTable,
    yardstick: Yardstick,
    at_seconds: float,
    levels: LevelReading,
) -> LearnerState:
    """Return the state of the one learner of `table`; every row counts as known.

    Parameters
    ----------
    table
        Of one learner; it may have no rows.
    at_seconds
        Not before the last row.
    levels
        Of the same learner at the same instant.
    """
    known, timed, n_skills = (
        latest_pasts(table, yardstick, at_seconds),
        table.is_timed,
        table.n_skills,
    )
    now, place = np.array([at_seconds]), np.array([float(len(table))])
    read = read_skills(known.skill, known.learner, place, now, yardstick, is_timed=timed)
    values, skills = known.skill.values[:-1], known.skills
    counts = values[:, Column.TRIES] + values[:, Column.JUDGEMENTS]
    last_row = np.array([len(table) - 1])
    return LearnerState(
        at_seconds=at_seconds,
        learner=read_learner(known.learner, now, yardstick, is_timed=timed)[0],
        skills=SkillReading(
            signals=_spread(read.signals, skills, n_skills + 1),
            ability=_spread(read.ability, skills, n_skills + 1),
            variance=_spread(read.variance, skills, n_skills + 1),
        ),
        levels=levels,
        is_touched=_spread(np.arange(len(skills) + 1) < len(skills), skills, n_skills + 1),
        n_evidence=_spread(np.append(counts, 0.0), skills, n_skills + 1).astype(np.int64),
        last_evidence_at_seconds=_spread(known.skill.at_seconds, skills, n_skills + 1),
        previous=int(attempted_at(table, last_row)[0]) if len(table) else -1,
        modules=known.modules,
        module_signals=read_modules(known.module, place, now, is_timed=timed),
    )


def _spread[T: np.generic](
    values: NDArray[T], skills: NDArray[np.int64], n_skills: int
) -> NDArray[T]:
    """Lay what is read of some skills over all; the last row stands for every other skill."""
    spread = np.empty((n_skills, *values.shape[1:]), dtype=values.dtype)
    spread[:] = values[-1]
    spread[skills] = values[:-1]
    return spread
