"""Learning how long learners wait between two modules."""

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import SECONDS_PER_DAY
from features.encode.sequences import Sequences
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
    wait = np.log1p((at[follows + 1] - at[follows]) / SECONDS_PER_DAY)
    overall = wait.mean() if len(wait) else 0.0
    of_module = _shrunk(module[follows + 1], wait, np.full(n_modules, overall))
    # Of the pairs, few ever follow one another: what waits as usual has no place in memory.
    taken = module[follows].astype(np.int64) * n_modules + module[follows + 1]
    pairs, group = np.unique(taken, return_inverse=True)
    found = _shrunk(group, wait, of_module[pairs % n_modules])
    of_pair = of_module.astype(np.float32)[column]
    if len(pairs):
        listed = np.arange(n_modules)[:, None] * n_modules + column
        place = np.minimum(np.searchsorted(pairs, listed), len(pairs) - 1)
        is_found = pairs[place] == listed
        of_pair[is_found] = found[place[is_found]]
    return Waits(of_module=of_module.astype(np.float32), column=column, of_pair=of_pair)


def _shrunk(
    group: NDArray[np.integer], value: NDArray[np.float64], towards: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the mean of each group, drawn towards what is given for it."""
    total = np.bincount(group, value, minlength=len(towards))
    count = np.bincount(group, minlength=len(towards))
    means: NDArray[np.float64] = (total + SHRINKAGE * towards) / (count + SHRINKAGE)
    return means
