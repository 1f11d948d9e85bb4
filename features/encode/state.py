"""What is known of learners, each at an instant, as signals for any module of the catalogue."""

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

_COUNTED = [Column.TRIES, Column.JUDGEMENTS]


@dataclass(frozen=True, kw_only=True)
class LearnerStates:
    """Signals of n learners, each at an instant of their own.

    Attributes
    ----------
    learner
        float64, (n, len(LEARNER_SIGNALS)).
    told, n_told, told_at_seconds
        A reading of every skill that something speaks of, and, in the last n rows, one for each
        learner's other skills; how many attempts and direct judgements speak to each, int64, and
        when the latest did, float64, −inf where there is none.
    place
        int64, (n, n_skills + 1): the row of each skill among these; the last skill stands for
        modules without skills.
    levels
        Levels in the same skills.
    previous
        int64, (n,): module of the latest row where that is an attempt, else −1.
    tried_by, tried, module_signals
        int64, (k,): learner and module of what somebody tried or completed, and float64, (k, 6).
    """

    learner: NDArray[np.float64]
    told: SkillReading
    n_told: NDArray[np.int64]
    told_at_seconds: NDArray[np.float64]
    place: NDArray[np.int64]
    levels: LevelReading
    previous: NDArray[np.int64]
    tried_by: NDArray[np.int64]
    tried: NDArray[np.int64]
    module_signals: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.learner)

    @property
    def is_touched(self) -> NDArray[np.bool_]:
        """bool, (n, n_skills + 1): something is known of the skill."""
        return self.place < len(self.n_told) - len(self)


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
    n_rows = np.bincount(table.learner, minlength=n)
    rank = n_rows.astype(np.float64)
    of = np.concatenate((known.skills // n_skills, np.arange(n)))
    read = read_skills(
        known.skill, known.learner.take(of), rank[of], at_seconds[of], yardstick, is_timed=timed
    )
    # The last rows stand for every skill that nothing speaks of.
    n_told = len(known.skills)
    place = np.arange(n_told, n_told + n).repeat(n_skills)
    place[known.skills] = np.arange(n_told)
    tried_by, tried = np.divmod(known.modules, max(len(yardstick.difficulty), 1))
    return LearnerStates(
        learner=read_learner(known.learner, at_seconds, yardstick, is_timed=timed),
        told=read,
        n_told=known.skill.values[:, _COUNTED].sum(axis=1).astype(np.int64),
        told_at_seconds=known.skill.at_seconds,
        place=place.reshape(n, n_skills),
        levels=levels,
        previous=_previous(table, n_rows),
        tried_by=tried_by,
        tried=tried,
        module_signals=read_modules(
            known.module, rank[tried_by], at_seconds[tried_by], is_timed=timed
        ),
    )


def _previous(table: AttemptTable, n_rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the module of each learner's last row where that is an attempt, else −1."""
    if len(table) == 0:
        return np.full(len(n_rows), -1)
    return attempted_at(table, np.where(n_rows > 0, n_rows.cumsum() - 1, -1))
