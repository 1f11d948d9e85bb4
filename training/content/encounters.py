"""What became of learners who took a module: gave up, failed, hurried, disliked it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event
from features.domain.instants import SECONDS_PER_DAY
from features.encode.catalogue import CatalogueIndex
from features.encode.log import EVENT_CODES, InteractionLog
from training.content.rates import Figures, shrunken_means, shrunken_rates

GIVEN_UP_DAYS = 30.0  # without a further event
QUICK_SHARE = 1.0 / 3.0  # of the module's duration
GAVE_UP, FAILED, EASY, QUICK, RATING = "gave up", "failed", "easy", "quick", "rating"

_TAKES_PART = np.array(
    [
        event not in (Event.REGISTERED, Event.VIEWED, Event.RATED, Event.WAIVED)
        for event in EVENT_CODES
    ]
)


def figures_of(log: InteractionLog, index: CatalogueIndex) -> Mapping[str, Figures]:
    """Return, by name, shares of learners (and the mean rating) for every module of the index.

    Learners who took part and never finished *gave up* once nothing more came of them for
    `GIVEN_UP_DAYS`; where instants are only an order, once they went on to something else. Of the
    first try of each learner, `failed` and `easy` are the shares of failures and successes. Who
    took less than a third of the duration from start to end was `quick`.
    """
    pairs = _Pairs(log)
    ended = pairs.done | pairs.gave_up
    first, success = pairs.first_tries()
    rated, rating = pairs.last_ratings()
    quick, timed = pairs.quick(index)
    count = pairs.count
    return {
        GAVE_UP: shrunken_rates(count(pairs.gave_up), count(ended)),
        FAILED: shrunken_rates(count(first[success == 0]), count(first)),
        EASY: shrunken_rates(count(first[success == 1]), count(first)),
        QUICK: shrunken_rates(count(quick), count(timed)),
        RATING: shrunken_means(
            np.bincount(pairs.module[rated], rating, log.n_modules),
            np.bincount(pairs.module[rated], rating**2, log.n_modules),
            count(rated),
        ),
    }


class _Pairs:
    """Learner × module, for all that learners took part in.

    Attributes are arrays of one entry a pair; `of_row` is the pair of each row of the log.
    """

    def __init__(self, log: InteractionLog) -> None:
        self.log = log
        key = log.learner * np.int64(log.n_modules) + log.module
        used, self.of_row = np.unique(key, return_inverse=True)
        self.module = used % log.n_modules
        took_part = self._any(_TAKES_PART[log.event])
        self.done = took_part & self._any(log.done)
        self.gave_up = took_part & ~self.done & self._is_over()

    def count(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Count some pairs by module."""
        return np.bincount(self.module[chosen], minlength=self.log.n_modules)

    def first_tries(self) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return the pairs that were judged, and how the first judgement ended."""
        rows = np.flatnonzero(self.log.success >= 0)
        pair, place = np.unique(self.of_row[rows], return_index=True)
        return pair, self.log.success[rows[place]]

    def last_ratings(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the pairs that were rated, and the latest rating."""
        is_rating = (self.log.event == EVENT_CODES[Event.RATED]) & ~np.isnan(self.log.score)
        rows = np.flatnonzero(is_rating)[::-1]
        pair, place = np.unique(self.of_row[rows], return_index=True)
        return pair, self.log.score[rows[place]]

    def quick(self, index: CatalogueIndex) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which pairs ended sooner than planned, among those of which that can be told."""
        log = self.log
        start = self._first(log.event == EVENT_CODES[Event.STARTED])
        end = self._first(log.done)
        known = index.duration_known[self.module] & np.isfinite(start) & (end > start)
        told = known & log.is_timed
        planned = index.duration_minutes[self.module] * 60.0
        with np.errstate(invalid="ignore"):
            return told & (end - start < QUICK_SHARE * planned), told

    def _any(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.bincount(self.of_row, rows, len(self.module)) > 0

    def _first(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the first instant of some rows by pair, inf where there is none."""
        first = np.full(len(self.module), np.inf)
        np.minimum.at(first, self.of_row[rows], self.log.at_seconds[rows])
        return first

    def _is_over(self) -> NDArray[np.bool_]:
        log = self.log
        last = np.zeros(len(self.module), dtype=np.int64)
        np.maximum.at(last, self.of_row, np.arange(len(log)))
        if not log.is_timed:
            return last + 1 < log.starts[1:][log.learner[last]]
        present = log.at_seconds.max(initial=0.0)
        return log.at_seconds[last] < present - GIVEN_UP_DAYS * SECONDS_PER_DAY
