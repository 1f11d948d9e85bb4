"""Episodes told as the events a learning system would have recorded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event
from features.encode.log import EVENT_CODES
from training.academy.episodes import UNJUDGED, Episodes
from training.academy.model import Floats
from training.academy.world import FORMATS, World

NOT_GIVEN = -1

_SHARE_WITH_EVENT_ID = 0.6
_SHARE_RATED, _SHARE_COMMENTED = 0.18, 0.2
_LONG_COURSE_SECONDS = 7_200.0
_COMMENTS = (
    (
        "Too long for what it says.",
        "I knew all of this already.",
        "Far from what we do on site.",
        "The sound was poor.",
    ),
    (
        "Useful in parts.",
        "Good examples, but rather quick.",
        "Fine, though I had hoped for more practice.",
        "Solid.",
    ),
    (
        "Used it the very next day.",
        "Exactly what I needed.",
        "The cases could have been ours. Thank you!",
        "Short and to the point.",
        "I have told the whole team about it.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Interactions:
    """Rows of the table `interactions`, in order of time; all arrays have n rows.

    Attributes
    ----------
    learner, module
        int64, positions in the academy's learners and modules.
    event
        int8, codes of `EVENT_CODES`.
    at_seconds
        int64, Unix seconds.
    score, duration_seconds
        float64, NaN where absent.
    success
        int8: 1, 0, or −1 where absent.
    attempt
        int64, −1 where absent.
    event_id, comment
        str, "" where absent.
    """

    learner: NDArray[np.int64]
    module: NDArray[np.int64]
    event: NDArray[np.int8]
    at_seconds: NDArray[np.int64]
    score: Floats
    success: NDArray[np.int8]
    duration_seconds: Floats
    attempt: NDArray[np.int64]
    event_id: NDArray[np.str_]
    comment: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.learner)


@dataclass(frozen=True, kw_only=True)
class _Told:
    """Some rows: which episodes they tell of, what happened when, and what comes with it."""

    episode: NDArray[np.int64]
    event: NDArray[np.int8]
    at_seconds: NDArray[np.int64]
    score: Floats
    success: NDArray[np.int8]
    duration_seconds: Floats


def tell_events(
    episodes: Episodes, world: World, end_seconds: float, rng: np.random.Generator
) -> Interactions:
    """Return what a learning system has on record at `end_seconds` (Unix seconds).

    Parameters
    ----------
    episodes
        What happened; of those that end later, only the earlier events are told.
    world
        Tells formats.
    end_seconds, rng
        The present, and the source of randomness.
    """
    parts = (*_beginnings(episodes, world), *_middles(episodes, world, rng))
    parts = (*parts, _ends(episodes, world), _ratings(episodes, world, rng))
    episode = np.concatenate([part.episode for part in parts])
    at_seconds = np.concatenate([part.at_seconds for part in parts])
    stage = np.repeat(np.arange(len(parts)), [len(part.episode) for part in parts])
    order = np.lexsort((stage, episode, at_seconds))
    order = order[at_seconds[order] <= end_seconds]
    episode = episode[order]
    event = np.concatenate([part.event for part in parts])[order]
    score = np.concatenate([part.score for part in parts])[order]
    graded = world.is_graded[episodes.module[episode]]
    return Interactions(
        learner=episodes.learner[episode],
        module=episodes.module[episode],
        event=event,
        at_seconds=at_seconds[order],
        score=score,
        success=np.concatenate([part.success for part in parts])[order],
        duration_seconds=np.concatenate([part.duration_seconds for part in parts])[order],
        attempt=np.where(graded, episodes.attempt[episode], NOT_GIVEN),
        event_id=_draw_event_ids(len(order), rng),
        comment=_draw_comments(event, score, rng),
    )


def _tell(
    chosen: NDArray[np.bool_],
    event: Event | NDArray[np.int8],
    at_seconds: NDArray[np.int64],
    score: Floats | None = None,
    success: NDArray[np.int8] | None = None,
    duration_seconds: Floats | None = None,
) -> _Told:
    """Return rows for the chosen episodes; the arrays are as long as `chosen`."""
    n = len(chosen)
    absent = np.full(n, np.nan)
    codes = np.full(n, EVENT_CODES[event]) if isinstance(event, Event) else event
    unjudged = np.full(n, UNJUDGED)
    return _Told(
        episode=np.flatnonzero(chosen),
        event=codes[chosen].astype(np.int8),
        at_seconds=at_seconds[chosen],
        score=(absent if score is None else score)[chosen],
        success=(unjudged if success is None else success)[chosen].astype(np.int8),
        duration_seconds=(absent if duration_seconds is None else duration_seconds)[chosen],
    )


def _has_format(episodes: Episodes, world: World, *names: str) -> NDArray[np.bool_]:
    return np.isin(world.format[episodes.module], [FORMATS.index(name) for name in names])


def _beginnings(episodes: Episodes, world: World) -> tuple[_Told, ...]:
    registers = _has_format(episodes, world, "course", "workshop")
    views = _has_format(episodes, world, "article")
    starts = ~_has_format(episodes, world, "article", "workshop", "question")
    return (
        _tell(registers, Event.REGISTERED, episodes.begun_at),
        _tell(views, Event.VIEWED, episodes.started_at),
        _tell(starts, Event.STARTED, episodes.started_at),
    )


def _middles(episodes: Episodes, world: World, rng: np.random.Generator) -> tuple[_Told, ...]:
    """Progress half-way through long courses, and at the point where some give up."""
    elapsed = episodes.ended_at - episodes.started_at
    is_long = episodes.effort_seconds > _LONG_COURSE_SECONDS
    half_way = _has_format(episodes, world, "course") & is_long & ~episodes.dropped
    last_seen = ~_has_format(episodes, world, "article", "workshop", "question")
    last_seen &= episodes.dropped & (rng.random(len(episodes)) < 0.5)
    return (
        _tell(half_way, Event.PROGRESSED, episodes.started_at + elapsed // 2),
        _tell(
            last_seen,
            Event.PROGRESSED,
            episodes.ended_at,
            duration_seconds=episodes.effort_seconds,
        ),
    )


def _ends(episodes: Episodes, world: World) -> _Told:
    """Courses are completed or failed, quizzes passed or failed, simulations scored."""
    is_course = _has_format(episodes, world, "course")
    is_quiz = _has_format(episodes, world, "quiz")
    is_simulation = _has_format(episodes, world, "simulation")
    is_question = _has_format(episodes, world, "question")
    failed = (is_course | is_quiz) & (episodes.success == 0)
    codes = np.select(
        [failed, is_quiz, is_simulation, is_question],
        [EVENT_CODES[each] for each in (Event.FAILED, Event.PASSED, Event.SCORED, Event.ANSWERED)],
        default=EVENT_CODES[Event.COMPLETED],
    )
    # Simulations report a score alone, so that success has to be told from the pass mark.
    reported = np.where(is_course | is_question, episodes.success, UNJUDGED)
    return _tell(
        ~episodes.dropped,
        codes.astype(np.int8),
        episodes.ended_at,
        episodes.score,
        reported.astype(np.int8),
        episodes.effort_seconds,
    )


def _ratings(episodes: Episodes, world: World, rng: np.random.Generator) -> _Told:
    """One to five stars as fifths, for some of what was taken to the end."""
    n = len(episodes)
    rates = ~episodes.dropped & (rng.random(n) < _SHARE_RATED)
    rates &= ~_has_format(episodes, world, "question")
    stars = 3.6 + 0.6 * episodes.delight + 0.3 * (episodes.success == 1) + rng.normal(0.0, 0.7, n)
    score = np.clip(np.rint(stars), 1, 5) / 5.0
    after = rng.integers(20, 1_500, n)
    return _tell(rates, Event.RATED, episodes.ended_at + after, score)


def _draw_event_ids(n: int, rng: np.random.Generator) -> NDArray[np.str_]:
    numbers = rng.integers(0, 2**63, n)
    given = rng.random(n) < _SHARE_WITH_EVENT_ID
    return np.array(
        [f"evt-{number:016x}" if has else "" for number, has in zip(numbers, given, strict=True)],
        dtype=np.str_,
    )


def _draw_comments(
    event: NDArray[np.int8], score: Floats, rng: np.random.Generator
) -> NDArray[np.str_]:
    is_rating = event == EVENT_CODES[Event.RATED]
    comments = np.full(len(event), "", dtype="U60")
    for row in np.flatnonzero(is_rating & (rng.random(len(event)) < _SHARE_COMMENTED)):
        mood = 0 if score[row] < 0.5 else 1 if score[row] < 0.9 else 2
        comments[row] = rng.choice(_COMMENTS[mood])
    return comments
