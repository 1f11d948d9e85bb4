"""Interactions of one learner or of millions as parallel arrays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.domain.history import ALWAYS_DONE, JUDGED, Event, LearnerHistory
from features.domain.instants import FIRST_INSTANT_SECONDS
from features.encode.ids import IdMap

EVENT_CODES = {event: code for code, event in enumerate(Event)}
UNJUDGED = -1
_NAN = float("nan")

_UNJUDGED = np.int8(UNJUDGED)
_IMPLIED = np.array(
    [{Event.PASSED: 1, Event.FAILED: 0}.get(event, UNJUDGED) for event in Event], dtype=np.int8
)
_JUDGED = np.array([event in JUDGED for event in Event])
_ALWAYS_DONE = np.array([event in ALWAYS_DONE for event in Event])
_DONE_ON_SUCCESS = np.array([event in (Event.SCORED, Event.ANSWERED) for event in Event])


@dataclass(frozen=True, kw_only=True)
class InteractionLog:
    """Interactions sorted by learner, then instant, then arrival; all arrays have n rows.

    Attributes
    ----------
    learner_ids, module_ids
        What the numbers in `learner` and `module` stand for. Modules nobody touched may be in it.
    learner, module
        int32, positions in the two maps.
    event
        int8, codes of `EVENT_CODES`.
    at_seconds
        float64, seconds since 1970; below 10⁸ they are ordinals.
    score
        float64 in [0,1], NaN where absent.
    success
        int8: 1 success, 0 failure, −1 where the event judges nothing.
    duration_seconds
        float64, ≥ 0: how long before `at` it began, NaN where nobody says.
    starts
        int64 of length n_learners + 1: rows of learner i are starts[i]:starts[i+1].
    """

    learner_ids: IdMap
    module_ids: IdMap
    learner: NDArray[np.int32]
    module: NDArray[np.int32]
    event: NDArray[np.int8]
    at_seconds: NDArray[np.float64]
    score: NDArray[np.float64]
    success: NDArray[np.int8]
    duration_seconds: NDArray[np.float64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.learner)

    @property
    def n_learners(self) -> int:
        """How many learners."""
        return len(self.learner_ids)

    @property
    def n_modules(self) -> int:
        """How many modules."""
        return len(self.module_ids)

    @property
    def is_timed(self) -> bool:
        """Whether every `at` is a point in time; if not, only the order counts."""
        return bool(len(self) == 0 or self.at_seconds.min() >= FIRST_INSTANT_SECONDS)

    @property
    def done(self) -> NDArray[np.bool_]:
        """Rows that make their module done."""
        done: NDArray[np.bool_] = _ALWAYS_DONE[self.event] | (
            _DONE_ON_SUCCESS[self.event] & (self.success == 1)
        )
        return done

    def of_each(self) -> list["InteractionLog"]:
        """Return a log of each learner alone, in their order; `join_logs` takes it back."""
        module_ids, bounds = self.module_ids, pairwise(self.starts.tolist())
        return [
            InteractionLog(
                learner_ids=IdMap([learner_id]),
                module_ids=module_ids,
                learner=np.zeros(end - first, dtype=np.int32),
                module=self.module[first:end],
                event=self.event[first:end],
                at_seconds=self.at_seconds[first:end],
                score=self.score[first:end],
                success=self.success[first:end],
                duration_seconds=self.duration_seconds[first:end],
                starts=np.array([0, end - first]),
            )
            for learner_id, (first, end) in zip(self.learner_ids.ids, bounds, strict=True)
        ]

    def take(self, rows: NDArray[np.bool_]) -> "InteractionLog":
        """Return the log with only the rows where `rows` is true; the id maps stay."""
        counts = np.bincount(self.learner[rows], minlength=self.n_learners)
        return InteractionLog(
            learner_ids=self.learner_ids,
            module_ids=self.module_ids,
            learner=self.learner[rows],
            module=self.module[rows],
            event=self.event[rows],
            at_seconds=self.at_seconds[rows],
            score=self.score[rows],
            success=self.success[rows],
            duration_seconds=self.duration_seconds[rows],
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        )

    def take_learners(self, chosen: NDArray[np.bool_]) -> "InteractionLog":
        """Return the log of the learners where `chosen` is true, numbered anew."""
        kept = self.take(chosen[self.learner])
        renumber = np.cumsum(chosen) - 1
        ids = IdMap(name for name, keep in zip(self.learner_ids, chosen, strict=True) if keep)
        counts = np.diff(kept.starts)[chosen]
        return InteractionLog(
            learner_ids=ids,
            module_ids=self.module_ids,
            learner=renumber[kept.learner].astype(np.int32),
            module=kept.module,
            event=kept.event,
            at_seconds=kept.at_seconds,
            score=kept.score,
            success=kept.success,
            duration_seconds=kept.duration_seconds,
            starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        )


def join_logs(logs: Sequence[InteractionLog]) -> InteractionLog:
    """Return one log of several learners, one each, in their order; ids unique."""
    if len(logs) == 1:
        return logs[0]
    lengths = [len(log) for log in logs]
    return InteractionLog(
        learner_ids=IdMap(log.learner_ids.ids[0] for log in logs),
        module_ids=logs[0].module_ids,
        learner=np.arange(len(logs), dtype=np.int32).repeat(lengths),
        module=np.concatenate([log.module for log in logs]),
        event=np.concatenate([log.event for log in logs]),
        at_seconds=np.concatenate([log.at_seconds for log in logs]),
        score=np.concatenate([log.score for log in logs]),
        success=np.concatenate([log.success for log in logs]),
        duration_seconds=np.concatenate([log.duration_seconds for log in logs]),
        starts=np.cumsum([0, *lengths], dtype=np.int64),
    )


@dataclass(frozen=True, kw_only=True)
class ArrivedEvents:
    """Interactions in order of arrival, as parallel arrays of n rows (see `InteractionLog`).

    `reported_success` is int8, −1 where the event came without one.
    """

    learner: NDArray[np.int32]
    module: NDArray[np.int32]
    event: NDArray[np.int8]
    at_seconds: NDArray[np.float64]
    score: NDArray[np.float64]
    reported_success: NDArray[np.int8]
    duration_seconds: NDArray[np.float64]


def build_log(
    arrived: ArrivedEvents,
    *,
    learner_ids: IdMap,
    module_ids: IdMap,
    pass_marks: NDArray[np.float64],
) -> InteractionLog:
    """Sort rows by learner and time (ties stay in order of arrival) and derive success.

    Parameters
    ----------
    arrived
        The rows.
    learner_ids, module_ids
        What the numbers in the rows stand for.
    pass_marks
        float64, (n_modules,), in [0,1].
    """
    order = np.lexsort((arrived.at_seconds, arrived.learner))
    module, event, score = arrived.module[order], arrived.event[order], arrived.score[order]
    reported = arrived.reported_success[order]
    counts = np.bincount(arrived.learner, minlength=len(learner_ids))
    return InteractionLog(
        learner_ids=learner_ids,
        module_ids=module_ids,
        learner=arrived.learner[order],
        module=module,
        event=event,
        at_seconds=arrived.at_seconds[order],
        score=score,
        success=derive_success(event, reported, score, pass_marks[module]),
        duration_seconds=arrived.duration_seconds[order],
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def derive_success(
    event: NDArray[np.int8],
    reported: NDArray[np.int8],
    score: NDArray[np.float64],
    pass_mark: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Vectorised `features.domain.history.success_of`; −1 stands for None."""
    scored = np.where(np.isnan(score), _UNJUDGED, score >= pass_mark)
    implied = _IMPLIED[event]
    judged = np.where(reported >= 0, reported, np.where(implied >= 0, implied, scored))
    return np.where(_JUDGED[event], judged, _UNJUDGED)


def encode_histories(
    histories: Iterable[LearnerHistory], module_ids: IdMap, pass_marks: NDArray[np.float64]
) -> InteractionLog:
    """Encode histories of any number of learners; modules outside `module_ids` are left out.

    Parameters
    ----------
    histories
        One per learner, ids unique.
    module_ids
        The column order.
    pass_marks
        float64, (n_modules,), in [0,1].
    """
    histories = list(histories)
    index_of = module_ids.index_of
    rows = [
        (
            row,
            position,
            EVENT_CODES[i.event],
            i.at.timestamp(),
            _NAN if i.score is None else i.score,
            UNJUDGED if i.success is None else i.success,
            _NAN if i.duration_seconds is None else i.duration_seconds,
        )
        for row, history in enumerate(histories)
        for i in history.interactions
        if (position := index_of.get(i.module_id)) is not None
    ]
    learner, module, event, at, score, success, duration = (
        zip(*rows, strict=True) if rows else ((),) * 7
    )
    arrived = ArrivedEvents(
        learner=np.array(learner, dtype=np.int32),
        module=np.array(module, dtype=np.int32),
        event=np.array(event, dtype=np.int8),
        at_seconds=np.array(at, dtype=np.float64),
        score=np.array(score, dtype=np.float64),
        reported_success=np.array(success, dtype=np.int8),
        duration_seconds=np.array(duration, dtype=np.float64),
    )
    return build_log(
        arrived,
        learner_ids=IdMap(history.learner.learner_id for history in histories),
        module_ids=module_ids,
        pass_marks=pass_marks,
    )
