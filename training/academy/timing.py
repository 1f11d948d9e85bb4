"""When people learn and how long it takes them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.academy.model import SECONDS_PER_DAY, Floats
from training.academy.world import FORMATS

Whole = NDArray[np.int64]

_FIRST_HOUR, _WORKING_HOURS = 7.0, 11.5
_SHARE_RESTING = 0.9  # of weekend days, on which people wait for Monday or a day after it
_REST_SPREAD_DAYS = 4
_THURSDAY = 3  # 1970-01-01, counting from Monday

_COURSE, _WORKSHOP = FORMATS.index("course"), FORMATS.index("workshop")
_QUESTION = FORMATS.index("question")
_SITTING_SECONDS = 3_000.0  # longer courses take several days
_TIME_SPREAD = 0.2
_SHORTEST_SECONDS = 20.0
_WORKSHOP_LEAD_DAYS, _COURSE_LEAD_DAYS = (0.5, 4.0), (0.0, 1.5)
_TIME_UNTIL_DROPPED = (0.1, 0.6)
_SHARE_OF_QUESTION = 0.3  # of the three minutes allowed


@dataclass(frozen=True, kw_only=True)
class Spans:
    """Times of n episodes in seconds: before the start, from start to end, and truly spent."""

    lead_seconds: Whole
    elapsed_seconds: Whole
    effort_seconds: Floats


def to_working_time(wished_seconds: Floats, rng: np.random.Generator) -> Floats:
    """Return instants soon after the wished ones, by day, and seldom at a weekend.

    Parameters
    ----------
    wished_seconds
        float64, (n,), Unix seconds.
    rng
        Source of randomness.
    """
    n = len(wished_seconds)
    hour = _FIRST_HOUR + _WORKING_HOURS * rng.beta(2.0, 2.2, n)
    day = np.floor(wished_seconds / SECONDS_PER_DAY)
    is_past = day * SECONDS_PER_DAY + hour * 3_600.0 < wished_seconds
    day += is_past
    weekday = (day.astype(np.int64) + _THURSDAY) % 7
    rests = (weekday >= 5) & (rng.random(n) < _SHARE_RESTING)
    day += np.where(rests, 7 - weekday + rng.integers(0, _REST_SPREAD_DAYS, n), 0)
    result: Floats = np.floor(day * SECONDS_PER_DAY + hour * 3_600.0)
    return result


def draw_spans(
    formats: NDArray[np.int64],
    minutes: Floats,
    dropped: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Spans:
    """Return how long each episode takes.

    Parameters
    ----------
    formats
        int64, (n,), positions in `FORMATS`.
    minutes
        float64, (n,), stated length times the learner's pace.
    dropped
        bool, (n,): given up on the way.
    rng
        Source of randomness.
    """
    n = len(formats)
    effort = minutes * 60.0 * rng.lognormal(0.0, _TIME_SPREAD, n)
    effort *= np.where(formats == _QUESTION, _SHARE_OF_QUESTION, 1.0)
    effort *= np.where(dropped, rng.uniform(*_TIME_UNTIL_DROPPED, n), 1.0)
    effort = np.round(np.maximum(effort, _SHORTEST_SECONDS))
    is_course, is_workshop = formats == _COURSE, formats == _WORKSHOP
    n_nights = np.where(is_course, np.floor(effort / _SITTING_SECONDS), 0.0)
    nights = np.rint(n_nights * (1.0 + rng.exponential(0.6, n)))
    lead_days = np.where(is_workshop, rng.uniform(*_WORKSHOP_LEAD_DAYS, n), 0.0)
    lead_days = np.where(is_course, rng.uniform(*_COURSE_LEAD_DAYS, n), lead_days)
    return Spans(
        lead_seconds=np.rint(lead_days * SECONDS_PER_DAY).astype(np.int64),
        elapsed_seconds=(effort + nights * SECONDS_PER_DAY).astype(np.int64),
        effort_seconds=effort,
    )
