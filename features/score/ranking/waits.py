"""How long learners wait between two modules, and how a present wait compares with that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences

N_TIME_FEATURES = 3


@dataclass(frozen=True, kw_only=True)
class Waits:
    """Typical waits, as means of log(1 + days), drawn towards the module's and that to the overall.

    Attributes
    ----------
    of_module
        float32, (n_modules,), before each module, whatever the last one was.
    column, of_pair
        int32 and float32, (n_modules, n): row = last module, column = module to come; pairs that
        are not listed wait as `of_module` says.
    """

    of_module: NDArray[np.float32]
    column: NDArray[np.int32]
    of_pair: NDArray[np.float32]

    def describe(
        self, histories: Sequences, candidates: NDArray[np.int64], placed: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Describe the time since the last module, (n_learners, n_candidates, `N_TIME_FEATURES`).

        Parameters
        ----------
        histories
            n learners.
        candidates
            int64, (n_learners, n_candidates).
        placed
            int64, (n_learners, n_modules), their `places`.

        Returns
        -------
        float32: log(1 + elapsed days), by how much it exceeds the wait that is typical between the
        last module and the candidate, and the size of this difference; 0 where no time is known.
        """
        days = histories.days_since_last
        timed = np.isfinite(days).nonzero()[0]
        described = np.zeros((*candidates.shape, N_TIME_FEATURES), dtype=np.float32)
        last = histories.module[histories.indptr[1:][timed] - 1]
        asked = candidates[timed]
        at = placed[timed[:, None], self.column[last]]
        row, listed = (at >= 0).nonzero()
        typical = self.of_module[asked]
        typical[row, at[row, listed]] = self.of_pair[last[row], listed]
        elapsed = np.log1p(days[timed])[:, None]
        described[timed, :, 0] = elapsed
        beyond = elapsed - typical
        described[timed, :, 1], described[timed, :, 2] = beyond, np.abs(beyond)
        return described
