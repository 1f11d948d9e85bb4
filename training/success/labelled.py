"""Encoded attempts with their outcomes: what the models of success are fitted to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.attempts import EvidenceLog, tabulate_in_chunks
from features.encode.log import InteractionLog
from features.encode.reliability import Reliability
from features.encode.signals import SIGNALS, EncodedAttempts, encode_attempts
from features.encode.skills import ModuleSkillIndex
from features.encode.tallies import Yardstick


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """Attempts as the models see them; all arrays have n rows.

    Attributes
    ----------
    columns
        float64, (n, len(SIGNALS)).
    module, previous
        int64: the module, and the one the learner had just attempted, −1 where there is none.
    previous_succeeded
        bool.
    success
        float64: how the attempts ended, 0.0 or 1.0.
    """

    columns: NDArray[np.float64]
    module: NDArray[np.int64]
    previous: NDArray[np.int64]
    previous_succeeded: NDArray[np.bool_]
    success: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.success)


@dataclass(frozen=True, kw_only=True)
class Folds:
    """The fold of each learner, and for each fold the difficulties from the other folds."""

    of_learner: NDArray[np.int64]
    difficulty: NDArray[np.float64]


def label_attempts(
    logs: tuple[InteractionLog, EvidenceLog | None],
    index: ModuleSkillIndex,
    yardstick: Yardstick,
    folds: Folds | None = None,
    reliability: Reliability | None = None,
) -> Labelled:
    """Encode every attempt of a log; with folds, against difficulties its own had no part in."""
    log, evidence = logs
    parts: list[EncodedAttempts] = []
    first = 0
    for _, table in tabulate_in_chunks(log, index, evidence, reliability):
        difficulty = None
        if folds is not None:
            fold = folds.of_learner[first + table.learner]
            difficulty = folds.difficulty[fold, table.module]
        parts.append(encode_attempts(table, yardstick, difficulty))
        first += table.n_learners
    judged = log.success >= 0
    nobody = np.zeros(0, dtype=np.int64)
    return Labelled(
        columns=np.concatenate([np.zeros((0, len(SIGNALS))), *(part.columns for part in parts)]),
        module=np.concatenate([nobody, *(part.module for part in parts)]),
        previous=np.concatenate([nobody, *(part.previous for part in parts)]),
        previous_succeeded=np.concatenate([nobody > 0, *(p.previous_succeeded for p in parts)]),
        success=log.success[judged].astype(np.float64),
    )
