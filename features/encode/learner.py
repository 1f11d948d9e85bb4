"""One learner's history as arrays over a catalogue's modules and skills."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Assignment, Event, Learner, LearnerHistory
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
    n_modules = len(index.module_ids)
    log = encode_histories([history], index.module_ids, index.pass_marks)
    seen = np.zeros(n_modules, dtype=bool)
    done, under_way = seen.copy(), seen.copy()
    done_at = np.full(n_modules, NEVER)
    seen[log.module] = True
    is_done = log.done
    done[log.module[is_done]] = True
    # Rows are in order of time: the last one stays.
    done_at[log.module[is_done]] = log.at_seconds[is_done]
    under_way[log.module[_UNDER_WAY[log.event]]] = True
    assigned, due_at = _assignments(history.assignments, index)
    outdated = done & (done_at < index.versioned_at_seconds) & log.is_timed
    due_at[outdated & (due_at <= index.versioned_at_seconds)] = NO_DUE_DATE
    learner = history.learner
    return LearnerArrays(
        learner=learner,
        log=log,
        seen=seen,
        done=done,
        under_way=under_way & ~done,
        assigned=assigned,
        done_at_seconds=done_at,
        outdated=outdated,
        due_at_seconds=due_at,
        required=index.requirements(learner.role_id, goal_role_id or learner.goal_role_id),
    )


def _assignments(
    assignments: tuple[Assignment, ...], index: CatalogueIndex
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    assigned = np.zeros(len(index.module_ids), dtype=bool)
    due_at = np.full(len(index.module_ids), NO_DUE_DATE)
    for assignment in assignments:
        row = index.module_ids.index_of.get(assignment.module_id)
        if row is not None:
            assigned[row] = True
            if assignment.due_at is not None:
                due_at[row] = (assignment.due_at - EPOCH).total_seconds()
    return assigned, due_at
