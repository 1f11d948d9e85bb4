"""Learning how long learners wait between two modules."""

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import SECONDS_A_DAY, Sequences
from features.score.ranking.waits import Waits

SHRINKAGE = 5.0


def measure_waits(sequences: Sequences, column: NDArray[np.int32]) -> Waits:
    """Measure waits from each module to those in its row of `column`, (n_modules, n).

    A mean of few waits is drawn towards that of the module to come, and this to the overall one,
    as if `SHRINKAGE` more learners had waited as long as that.
    """
    n_modules = len(column)
    learner, module, at = sequences.learner, sequences.module, sequences.at_seconds
    follows = np.flatnonzero(learner[1:] == learner[:-1])
    wait = np.log1p((at[follows + 1] - at[follows]) / SECONDS_A_DAY)
    overall = wait.mean() if len(wait) else 0.0
    of_module = _shrunk(module[follows + 1], wait, np.full(n_modules, overall))
    pair = module[follows].astype(np.int64) * n_modules + module[follows + 1]
    of_pair = _shrunk(pair, wait, np.tile(of_module, n_modules)).reshape(n_modules, n_modules)
    return Waits(
        of_module=of_module.astype(np.float32),
        column=column,
        of_pair=np.take_along_axis(of_pair, column, axis=1).astype(np.float32),
    )


def _shrunk(
    group: NDArray[np.integer], value: NDArray[np.float64], towards: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean of each group, drawn towards what is given for it."""
    total = np.bincount(group, value, minlength=len(towards))
    count = np.bincount(group, minlength=len(towards))
    means: NDArray[np.float64] = (total + SHRINKAGE * towards) / (count + SHRINKAGE)
    return means
