"""What is known of one learner at one instant, as signals for any module of the catalogue."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.attempts import AttemptTable
from features.encode.levels import LevelReading
from features.encode.signals import (
    SkillReading,
    attempted_at,
    read_learner,
    read_modules,
    read_skills,
)
from features.encode.tallies import Column, Yardstick, tally


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
    tallies = tally(table, yardstick)
    n_skills, timed = table.n_skills + 1, table.is_timed
    by_skill = table.by_skill.last
    rows = np.full(n_skills, -1)
    rows[table.skill[by_skill]] = by_skill
    modules = table.by_module.last
    modules = modules[table.module[modules] >= 0]
    skill_at = np.full(n_skills, at_seconds)
    last_row = np.array([len(table) - 1])
    learner = tallies.learner.after(last_row, np.array([at_seconds]))
    skill = tallies.skill.after(rows, skill_at)
    module = tallies.module.after(modules, np.full(len(modules), at_seconds))
    place = np.array([float(len(table))])
    values = skill.values
    return LearnerState(
        at_seconds=at_seconds,
        learner=read_learner(learner, np.array([at_seconds]), yardstick, is_timed=timed)[0],
        skills=read_skills(
            skill,
            learner,
            np.broadcast_to(place, n_skills),
            skill_at,
            yardstick,
            is_timed=timed,
        ),
        levels=levels,
        is_touched=rows >= 0,
        n_evidence=(values[:, Column.TRIES] + values[:, Column.JUDGEMENTS]).astype(np.int64),
        last_evidence_at_seconds=skill.at_seconds,
        previous=int(attempted_at(table, last_row)[0]) if len(table) else -1,
        modules=table.module[modules],
        module_signals=read_modules(
            module, place, np.full(len(modules), at_seconds), is_timed=timed
        ),
    )
