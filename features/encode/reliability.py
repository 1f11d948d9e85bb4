"""What direct judgements are worth, by their source: bias and spread.

A judge states level + bias + noise. Read backwards, a statement is a level with a standard error,
and that is how every judgement enters a learner's levels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

# How far a direct judgement lies from the level it judges: one standard deviation, in levels.
# Agreement of raters with tests is moderate (self-ratings correlate about .3 with performance,
# supervisors' about .5: Zell & Krizan 2014; Conway & Huffcutt 1997), a test's own is the best.
ASSUMED_DEVIATION: Mapping[str, float] = {
    "assessment": 0.10,
    "manager": 0.18,
    "peer": 0.20,
    "performance": 0.15,
    "self": 0.28,
}
ASSUMED_DEVIATION_OF_OTHERS = 0.20


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How judgements of each source come about.

    Attributes
    ----------
    source_ids
        Unicode, (n_sources,), sorted.
    bias, deviation
        float64, (n_sources + 1,), levels: mean and standard deviation of what is stated less what
        is true; the last are for any other source.
    """

    source_ids: NDArray[np.str_]
    bias: NDArray[np.float64]
    deviation: NDArray[np.float64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return every parameter by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def positions(self, source: NDArray[np.str_]) -> NDArray[np.int64]:
        """Return the place of each source, int64, (n,); n_sources for those not known."""
        if len(self.source_ids) == 0:
            return np.zeros(len(source), dtype=np.int64)
        place = np.searchsorted(self.source_ids, source)
        found = self.source_ids[np.minimum(place, len(self.source_ids) - 1)] == source
        return np.where(found, place, len(self.source_ids))

    def read(
        self, source: NDArray[np.str_], stated: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the levels that statements speak for, and their standard errors.

        Parameters
        ----------
        source
            Unicode, (n,).
        stated
            float64, (n,), levels in [0,1].

        Returns
        -------
        tuple of float64 (n,)
            Levels, which may lie outside [0,1], and standard errors in levels.
        """
        place = self.positions(source)
        return stated - self.bias[place], self.deviation[place]


def assumed_reliability() -> Reliability:
    """Return what is taken for granted until judgements have been compared with results."""
    deviation = [*ASSUMED_DEVIATION.values(), ASSUMED_DEVIATION_OF_OTHERS]
    return Reliability(
        source_ids=np.array(list(ASSUMED_DEVIATION)),
        bias=np.zeros(len(deviation)),
        deviation=np.array(deviation),
    )
