"""Judged attempts as columns, and the folds of learners that keep estimates honest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.log import InteractionLog

N_FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Responses:
    """Judged attempts: learner and module numbers, success 0.0 or 1.0, grade in [0,1]."""

    learner: NDArray[np.int64]
    module: NDArray[np.int64]
    success: NDArray[np.float64]
    grade: NDArray[np.float64]
    n_learners: int
    n_modules: int

    def __len__(self) -> int:
        return len(self.success)

    def take(self, rows: NDArray[np.bool_]) -> "Responses":
        """Return the rows where `rows` is true."""
        return Responses(
            learner=self.learner[rows],
            module=self.module[rows],
            success=self.success[rows],
            grade=self.grade[rows],
            n_learners=self.n_learners,
            n_modules=self.n_modules,
        )


def responses_of(log: InteractionLog) -> Responses:
    """Collect the judged rows of a log; the grade is the score where there is one."""
    judged = log.success >= 0
    success = log.success[judged].astype(np.float64)
    score = log.score[judged]
    return Responses(
        learner=log.learner[judged].astype(np.int64),
        module=log.module[judged].astype(np.int64),
        success=success,
        grade=np.where(np.isnan(score), success, score),
        n_learners=log.n_learners,
        n_modules=log.n_modules,
    )


def learner_folds(n_learners: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Deal learners into `N_FOLDS` folds of equal size at random, (n_learners,)."""
    return rng.permutation(n_learners) % N_FOLDS


def draw_learners(
    log: InteractionLog, max_rows: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Choose as many learners, at random, as hold about `max_rows` rows, (n_learners,)."""
    if len(log) <= max_rows:
        return np.ones(log.n_learners, dtype=bool)
    order = rng.permutation(log.n_learners)
    kept = np.cumsum(np.diff(log.starts)[order]) <= max_rows
    kept[0] = True
    chosen = np.zeros(log.n_learners, dtype=bool)
    chosen[order[kept]] = True
    return chosen


def sample_learners(log: InteractionLog, max_rows: int, rng: np.random.Generator) -> InteractionLog:
    """Return the log of learners drawn by `draw_learners`, or the log itself if it is small."""
    chosen = draw_learners(log, max_rows, rng)
    return log if chosen.all() else log.take_learners(chosen)
