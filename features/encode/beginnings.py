"""When a learner set about what an interaction tells: `at` is when it ended.

Nobody knows beforehand how long an attempt will take, and failing may take another time than
passing. What is read as of the end would tell the outcome.
"""

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event
from features.encode.log import EVENT_CODES, InteractionLog

_STARTED = EVENT_CODES[Event.STARTED]


def begun_at(
    log: InteractionLog, rows: NDArray[np.int64], earliest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return when what `rows` of a log tell of began, float64, (n_rows,), seconds since 1970.

    That is its duration before its instant or, if this is earlier, when the learner last started
    the module; where neither is known, its instant.

    Parameters
    ----------
    log
        Its instants are points in time.
    rows
        int64, (n_rows,).
    earliest
        float64, (n_rows,), not after the rows: nothing began before. A start before it belongs to
        an attempt of before.
    """
    at, duration = log.at_seconds[rows], log.duration_seconds[rows]
    started = _latest_starts(log)[rows]
    begun = at - np.where(np.isnan(duration), 0.0, duration)
    begun = np.where(started >= earliest, np.minimum(started, begun), begun)
    return np.asarray(np.maximum(begun, earliest))


def _latest_starts(log: InteractionLog) -> NDArray[np.float64]:
    """Return when the learner of each row last started its module by then, NaN where never."""
    started = np.full(len(log), np.nan)
    is_start = log.event == _STARTED
    if not is_start.any():
        return started
    key = log.learner * np.int64(log.n_modules) + log.module
    order = key.argsort(kind="stable")
    place = np.arange(len(order))
    opens = np.diff(key[order], prepend=-1) != 0
    first = np.maximum.accumulate(np.where(opens, place, 0))
    latest = np.maximum.accumulate(np.where(is_start[order], place, -1))
    known = latest >= first
    started[order[known]] = log.at_seconds[order[latest[known]]]
    return started
