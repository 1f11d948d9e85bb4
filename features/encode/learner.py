"""One learner's history as arrays over a catalogue's modules and skills."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event, Learner, LearnerHistory
from features.domain.instants import EPOCH
from features.encode.catalogue import CatalogueIndex, Requirements
from features.encode.log import EVENT_CODES, InteractionLog, encode_histories

NEVER = -np.inf
NO_DUE_DATE = np.inf

_UNDER_WAY = np.array(
    [event in (Event.STARTED, Event.PROGRESSED, Event.FAILED) for event in EVENT_CODES]
)


@dataclass(frozen=True, kw_only=True)
class LearnerArrays:
    """What decide knows of a learner, aligned with a `CatalogueIndex`.

    Attributes
    ----------
    learner
        Who.
    log
        Their interactions on modules of the catalogue, in order.
    seen, done, under_way, assigned
        bool, (n_modules,).
    done_at_seconds
        float64, (n_modules,), the last time it was done; −inf where never.
    outdated
        bool, (n_modules,): done in a version whose place another has taken since.
    due_at_seconds
        float64, (n_modules,), inf where no date is set; a date before the version that outdated
        what was done is not one any more.
    required
        What role and goal ask for.
    """

    learner: Learner
    log: InteractionLog
    seen: NDArray[np.bool_]
    done: NDArray[np.bool_]
    under_way: NDArray[np.bool_]
    assigned: NDArray[np.bool_]
    done_at_seconds: NDArray[np.float64]
    outdated: NDArray[np.bool_]
    due_at_seconds: NDArray[np.float64]
    required: Requirements

    @cached_property
    def outdated_rows(self) -> list[int]:
        """Rows of the modules marked in `outdated`."""
        rows: list[int] = self.outdated.nonzero()[0].tolist()
        return rows

    @cached_property
    def done_rows(self) -> frozenset[int]:
        """Rows of the modules marked in `done`."""
        return frozenset(self.done.nonzero()[0].tolist())

    @cached_property
    def assigned_rows(self) -> frozenset[int]:
        """Rows of the modules marked in `assigned`."""
        return frozenset(self.assigned.nonzero()[0].tolist())

    @cached_property
    def n_failures(self) -> NDArray[np.int64]:
        """int64, (n_modules,): attempts at each judged failures; none count of who opted out."""
        failed = self.log.module[(self.log.success == 0) & self.learner.personalised]
        return np.bincount(failed, minlength=len(self.seen))

    @property
    def target(self) -> NDArray[np.float64]:
        """float64, (n_skills,): levels that role and goal ask for, 0 where nothing."""
        return self.required.target


def encode_learner(
    history: LearnerHistory, index: CatalogueIndex, goal_role_id: str | None = None
) -> LearnerArrays:
    """Encode one learner against a catalogue.

    Parameters
    ----------
    history
        Everything known of the learner.
    index
        Gives the order of modules and skills.
    goal_role_id
        A goal for this request; it stands in for the learner's own.
    """
    return encode_learners([history], index, [goal_role_id])[0]


def encode_learners(
    histories: Sequence[LearnerHistory],
    index: CatalogueIndex,
    goal_role_ids: Sequence[str | None],
) -> list[LearnerArrays]:
    """Return what `encode_learner` does for each of several learners, all different."""
    log = encode_histories(histories, index.module_ids, index.pass_marks)
    shape = len(histories), len(index.module_ids)
    seen, done, under_way = (np.zeros(shape, dtype=bool) for _ in range(3))
    done_at = np.full(shape, NEVER)
    is_done, is_begun = log.done, _UNDER_WAY[log.event]
    seen[log.learner, log.module] = True
    done_by, what = log.learner[is_done], log.module[is_done]
    done[done_by, what] = True
    # Rows are in order of time: the last one stays.
    done_at[done_by, what] = log.at_seconds[is_done]
    under_way[log.learner[is_begun], log.module[is_begun]] = True
    under_way &= ~done
    assigned, due_at = _assignments(histories, index)
    logs = log.of_each()
    is_timed = np.array([each.is_timed for each in logs], dtype=bool)
    outdated = done & (done_at < index.versioned_at_seconds) & is_timed[:, None]
    due_at[outdated & (due_at <= index.versioned_at_seconds)] = NO_DUE_DATE
    return [
        LearnerArrays(
            learner=history.learner,
            log=logs[row],
            seen=seen[row],
            done=done[row],
            under_way=under_way[row],
            assigned=assigned[row],
            done_at_seconds=done_at[row],
            outdated=outdated[row],
            due_at_seconds=due_at[row],
            required=index.requirements(
                history.learner.role_id, goal_role_ids[row] or history.learner.goal_role_id
            ),
        )
        for row, history in enumerate(histories)
    ]


def _assignments(
    histories: Sequence[LearnerHistory], index: CatalogueIndex
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return what is assigned and when it is due, (n_learners, n_modules) each."""
    shape, index_of = (len(histories), len(index.module_ids)), index.module_ids.index_of
    assigned, due_at = np.zeros(shape, dtype=bool), np.full(shape, NO_DUE_DATE)
    for learner, history in enumerate(histories):
        for assignment in history.assignments:
            row = index_of.get(assignment.module_id)
            if row is not None:
                assigned[learner, row] = True
                if assignment.due_at is not None:
                    due_at[learner, row] = (assignment.due_at - EPOCH).total_seconds()
    return assigned, due_at
