"""Which modules a learner had completed, skill by skill, before each attempt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.encode.attempts import AttemptTable, tabulate
from features.encode.log import InteractionLog
from features.encode.skills import ModuleSkillIndex, spans

MAX_PAIRS = 3_000_000


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Attempts and what came before them; rows are attempts.

    Attributes
    ----------
    success
        float64, (n_attempts,).
    learner, module
        int64, (n_attempts,): who attempted what.
    completed
        attempts_by_modules: the part of the attempt's skills that each completed module is about.
    levels
        attempts_by_levels: one column a learner and skill, rows summing to 1.
    taken
        float64, (n_attempts,): ln(1 + modules of the skill that the learner ever tried or
        completed), averaged over skills.
    n_completions
        int64, (n_modules,): learners with an attempt after completing the module.
    is_test
        bool, (n_modules,): mostly completed by a judged success, not by going through it.
    """

    success: NDArray[np.float64]
    learner: NDArray[np.int64]
    module: NDArray[np.int64]
    completed: sparse.csr_array
    levels: sparse.csr_array
    taken: NDArray[np.float64]
    n_completions: NDArray[np.int64]
    is_test: NDArray[np.bool_]


def expose(log: InteractionLog, index: ModuleSkillIndex, rng: np.random.Generator) -> Exposure:
    """Pair every attempt with the modules of its skills that were completed at earlier instants.

    A learner's first completion of a module counts; an attempt at the completed module itself
    does not tell of its gain. Where there would be over `MAX_PAIRS` pairs, learners are drawn.
    """
    table = tabulate(log, index)
    attempt_number = np.cumsum(table.is_attempt) - 1
    share = _shares(table)
    history = _Histories.of(table, np.isinf(table.rested_seconds))
    later = np.flatnonzero(table.is_attempt[table.tag_row])
    later = _affordable(later, history, table, rng)
    pair_tag = np.repeat(later, history.n_completed[later])
    earlier = history.completion_tags[
        spans(history.first_completion[later], history.n_completed[later])
    ]
    pair_row, done_module = table.tag_row[pair_tag], table.module[table.tag_row[earlier]]
    other = table.module[pair_row] != done_module
    n, n_modules = int(table.is_attempt.sum()), len(index.module_ids)
    completed = sparse.coo_array(
        (
            (share[pair_tag] * table.weight[earlier])[other],
            (attempt_number[pair_row][other], done_module[other]),
        ),
        shape=(n, n_modules),
    ).tocsr()
    kept = np.zeros(n, dtype=bool)
    kept[attempt_number[table.tag_row[later]]] = True
    rows = np.flatnonzero(kept)
    tags = np.flatnonzero(table.is_attempt[table.tag_row])
    levels = sparse.csr_array(
        (share[tags], (attempt_number[table.tag_row[tags]], history.group[tags])),
        shape=(n, int(history.group.max(initial=-1)) + 1),
    )
    taken = np.bincount(
        attempt_number[table.tag_row[tags]], share[tags] * np.log1p(history.n_taken[tags]), n
    )
    reached = np.unique(table.learner[pair_row[other]] * n_modules + done_module[other])
    attempts = np.flatnonzero(table.is_attempt)[rows]
    return Exposure(
        success=table.success[attempts].astype(np.float64),
        learner=table.learner[attempts],
        module=table.module[attempts],
        completed=completed[rows],
        levels=levels[rows],
        taken=taken[rows],
        n_completions=np.bincount(reached % max(n_modules, 1), minlength=n_modules),
        is_test=_is_test(log),
    )


@dataclass(frozen=True, kw_only=True)
class _Histories:
    """For each tag: its group (learner × skill), and what the group holds at earlier instants.

    `n_taken` counts the modules that the group ever holds.
    """

    group: NDArray[np.int64]
    completion_tags: NDArray[np.int64]
    first_completion: NDArray[np.int64]
    n_completed: NDArray[np.int64]
    n_taken: NDArray[np.int64]

    @classmethod
    def of(cls, table: AttemptTable, completes: NDArray[np.bool_]) -> "_Histories":
        key = table.learner[table.tag_row] * (table.n_skills + 1) + table.skill
        _, group = np.unique(key, return_inverse=True)
        order = np.argsort(group, kind="stable")
        done = completes[table.tag_row][order]
        first = np.searchsorted(group[order], group)
        before_group = np.concatenate([[0], np.cumsum(done)])[first]
        count = np.empty_like(group)
        count[order] = np.cumsum(done)
        n_modules = int(table.module.max(initial=0)) + 1
        taken = np.unique(group * n_modules + table.module[table.tag_row])
        before = table.by_skill.before
        known = before >= 0
        return cls(
            group=group,
            completion_tags=order[done],
            first_completion=before_group,
            n_completed=np.where(known, count[before] - before_group, 0),
            n_taken=np.bincount(taken // n_modules, minlength=1)[group],
        )


def _shares(table: AttemptTable) -> NDArray[np.float64]:
    """Return weights of tags that sum to 1 in every row."""
    if len(table) == 0:
        return table.weight
    total = np.add.reduceat(table.weight, table.indptr[:-1])
    return np.asarray(table.weight / np.repeat(total, np.diff(table.indptr)))


def _is_test(log: InteractionLog) -> NDArray[np.bool_]:
    done = log.done
    judged = np.bincount(log.module[done & (log.success >= 0)], minlength=log.n_modules)
    return 2 * judged > np.bincount(log.module[done], minlength=log.n_modules)


def _affordable(
    tags: NDArray[np.int64],
    history: _Histories,
    table: AttemptTable,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Keep the tags of as many learners as the number of pairs allows."""
    learner = table.learner[table.tag_row[tags]]
    cost = np.bincount(learner, history.n_completed[tags], table.n_learners)
    if cost.sum() <= MAX_PAIRS:
        return tags
    order = rng.permutation(table.n_learners)
    chosen = np.zeros(table.n_learners, dtype=bool)
    chosen[order[np.cumsum(cost[order]) <= MAX_PAIRS]] = True
    return tags[chosen[learner]]
