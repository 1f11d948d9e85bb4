"""Episodes: one go of one learner at one module, as parallel arrays."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from training.academy.model import Floats

UNJUDGED = -1


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """All arrays have n rows, those of one learner in order of time.

    Attributes
    ----------
    learner, module
        int64, positions.
    begun_at, started_at, ended_at
        int64, Unix seconds: registration, first contact, end. Before and after lie other episodes.
    effort_seconds
        float64, time spent.
    p_success
        float64, true probability of success at the beginning.
    success
        int8: 1, 0, or −1 where nothing was judged.
    score
        float64 in [0,1], NaN where there is none.
    attempt
        int64, from 1, per learner and module.
    dropped
        bool: given up.
    delight
        float64: how well it was liked, in units of taste; what ratings are made from.
    level
        float32, (n, n_skills): true levels at the beginning.
    """

    learner: NDArray[np.int64]
    module: NDArray[np.int64]
    begun_at: NDArray[np.int64]
    started_at: NDArray[np.int64]
    ended_at: NDArray[np.int64]
    effort_seconds: Floats
    p_success: Floats
    success: NDArray[np.int8]
    score: Floats
    attempt: NDArray[np.int64]
    dropped: NDArray[np.bool_]
    delight: Floats
    level: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.learner)

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Return the rows of all parts, sorted by learner and time."""
        columns = {
            column.name: np.concatenate([getattr(part, column.name) for part in parts])
            for column in fields(cls)
        }
        order = np.lexsort((columns["begun_at"], columns["learner"]))
        return cls(**{name: values[order] for name, values in columns.items()})
