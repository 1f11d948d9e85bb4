"""What a metric is for each learner: something above a line and something below it."""

from dataclasses import dataclass

import numpy as np

from training.experiments.rows import ratio_rows
from training.readings.observed import DAY, Flags, Floats, Ints, Observed


@dataclass(frozen=True, kw_only=True)
class Values:
    """A metric by learner, float64, (n,) each; NaN above where nothing is known of a learner.

    The metric of some learners is Σ above ÷ Σ below; below is 1 for a plain mean.
    """

    above: Floats
    below: Floats

    @property
    def is_known(self) -> Flags:
        """Of whom it is known."""
        return ~np.isnan(self.above)

    def mean(self, chosen: Flags) -> float | None:
        """Return the metric of some learners, None where nothing is below the line."""
        total = float(self.below[chosen].sum())
        return float(self.above[chosen].sum()) / total if total else None


@dataclass(frozen=True, kw_only=True)
class Window:
    """Days from a learner's first exposure on: from `first` up to, not including, `last`."""

    first: float
    last: float

    def holds(self, at: Ints, learner: Ints, start: Ints) -> Flags:
        """Tell which of some rows fall into their learner's window."""
        since = at - start[learner]
        return np.asarray((since >= self.first * DAY) & (since < self.last * DAY))


def plain(values: Floats) -> Values:
    """Make a metric that is a mean over learners."""
    return Values(above=values, below=np.ones(len(values)))


def count(learner: Ints, n: int, weights: Floats | None = None) -> Floats:
    """Count rows, or sum their weights, by learner."""
    return np.bincount(learner, weights, minlength=n).astype(np.float64)


def known_before(values: Values, observed: Observed) -> Values:
    """Leave out of a metric before the experiment the learners of whom nothing was seen then."""
    events, start = observed.interactions, observed.members.start
    seen = np.zeros(len(start), dtype=bool)
    seen[events.learner[events.at < start[events.learner]]] = True
    return Values(above=np.where(seen, values.above, np.nan), below=values.below)


def rows_of(values: Values, chosen: Flags, unit: Ints | None) -> Floats:
    """Turn a metric into one number a unit, ascending, whose mean is the metric.

    Parameters
    ----------
    values
        The metric.
    chosen
        bool, (n,): the learners of one arm; of the unknown ones none.
    unit
        int64, (n,): the group of each learner where groups were assigned, None for learners.

    Returns
    -------
    ndarray
        float64, (n_units,); empty where nothing is below the line.
    """
    above, below = values.above[chosen], values.below[chosen]
    if not below.any():
        return np.zeros(0)
    if unit is not None:
        _, place = np.unique(unit[chosen], return_inverse=True)
        above, below = np.bincount(place, above), np.bincount(place, below)
    return ratio_rows(above, below)


def rows_before(values: Values, chosen: Flags, unit: Ints | None) -> Floats:
    """Turn a metric before the experiment into the units of `rows_of`, NaN where unknown."""
    known = chosen & values.is_known & (values.below > 0.0)
    units = np.arange(len(chosen)) if unit is None else unit
    own = np.unique(units[chosen])
    rows = np.full(len(own), np.nan)
    if known.any():
        rows[np.searchsorted(own, np.unique(units[known]))] = rows_of(values, known, unit)
    return rows
