"""What is known of learners, each at an instant, as signals for any module of the catalogue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.attempts import AttemptTable
from features.encode.latest import latest_pasts
from features.encode.levels import LevelReading
from features.encode.signals import (
    SKILL_SIGNALS,
    attempted_at,
    read_learner,
    read_modules,
    read_skills,
)
from features.encode.tallies import Column, Yardstick

# Columns of what is told of a skill.
_SIGNALS = slice(len(SKILL_SIGNALS))
_ABILITY, _VARIANCE, _N_EVIDENCE, _LAST_AT = range(len(SKILL_SIGNALS), len(SKILL_SIGNALS) + 4)
_COUNTED = [Column.TRIES, Column.JUDGEMENTS]


@dataclass(frozen=True, kw_only=True)
class LearnerStates:
    """Signals of n learners, each at an instant of their own.

    Attributes
    ----------
    learner
        float64, (n, len(LEARNER_SIGNALS)).
    signals, ability, variance
        A reading of every skill, float64, (n, n_skills + 1, len(SKILL_SIGNALS)) and (n, n_skills +
        1); the last skill stands for modules without skills.
    levels
        Levels in the same skills.
    is_touched
        bool, (n, n_skills + 1): something is known of the skill.
    n_evidence
        int64, (n, n_skills + 1): attempts and direct judgements that speak to the skill.
    last_evidence_at_seconds
        float64, (n, n_skills + 1), −inf where there is none.
    previous
        int64, (n,): module of the latest row where that is an attempt, else −1.
    tried_by, tried, module_signals
        int64, (k,): learner and module of what somebody tried or completed, and float64, (k, 6).
    """

    learner: NDArray[np.float64]
    signals: NDArray[np.float64]
    ability: NDArray[np.float64]
    variance: NDArray[np.float64]
    levels: LevelReading
    is_touched: NDArray[np.bool_]
    n_evidence: NDArray[np.int64]
    last_evidence_at_seconds: NDArray[np.float64]
    previous: NDArray[np.int64]
    tried_by: NDArray[np.int64]
    tried: NDArray[np.int64]
    module_signals: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.learner)


def states_of(
    table: AttemptTable,
    yardstick: Yardstick,
    at_seconds: NDArray[np.float64],
    levels: LevelReading,
) -> LearnerStates:
    """Return the states of the learners of `table`; every row counts as known.

    Parameters
    ----------
    table
        It may have no rows.
    at_seconds
        float64, (n_learners,), not before the learner's last row.
    levels
        Of the same learners at the same instants.
    """
    n, n_skills, timed = table.n_learners, table.n_skills + 1, table.is_timed
    known = latest_pasts(table, yardstick, at_seconds)
    place = np.bincount(table.learner, minlength=n).astype(np.float64)
    of = np.concatenate((known.skills // n_skills, np.arange(n)))
    read = read_skills(
        known.skill, known.learner.take(of), place[of], at_seconds[of], yardstick, is_timed=timed
    )
    told = np.empty((len(read.ability), len(SKILL_SIGNALS) + 4))
    told[:, _SIGNALS] = read.signals
    told[:, _ABILITY], told[:, _VARIANCE] = read.ability, read.variance
    told[:, _N_EVIDENCE] = known.skill.values[:, _COUNTED].sum(axis=1)
    told[:, _LAST_AT] = known.skill.at_seconds
    # The last rows stand for every skill that nothing speaks of.
    spread = told[-n:].repeat(n_skills, axis=0)
    spread[known.skills] = told[:-n]
    spread = spread.reshape(n, n_skills, -1)
    is_touched = np.zeros(n * n_skills, dtype=bool)
    is_touched[known.skills] = True
    tried_by, tried = np.divmod(known.modules, max(len(yardstick.difficulty), 1))
    return LearnerStates(
        learner=read_learner(known.learner, at_seconds, yardstick, is_timed=timed),
        signals=spread[:, :, _SIGNALS],
        ability=spread[:, :, _ABILITY],
        variance=spread[:, :, _VARIANCE],
        levels=levels,
        is_touched=is_touched.reshape(n, n_skills),
        n_evidence=spread[:, :, _N_EVIDENCE].astype(np.int64),
        last_evidence_at_seconds=spread[:, :, _LAST_AT],
        previous=_previous(table, place.astype(np.int64)),
        tried_by=tried_by,
        tried=tried,
        module_signals=read_modules(
            known.module, place[tried_by], at_seconds[tried_by], is_timed=timed
        ),
    )


def _previous(table: AttemptTable, n_rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the module of each learner's last row where that is an attempt, else −1."""
    if len(table) == 0:
        return np.full(len(n_rows), -1)
    return attempted_at(table, np.where(n_rows > 0, n_rows.cumsum() - 1, -1))
