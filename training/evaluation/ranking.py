"""Asking ranking models for the next module, with the code that serves."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences
from features.score.affinity import BoundAffinity
from training.evaluation.protocols import Question
from training.evaluation.ranking_metrics import RankedTargets, rank_of_target

N_TOP = 10
BATCH_CELLS = 300_000


class RanksModules(Protocol):
    """Scores every module as the next one; a `RankingModel`, or one bound to another catalogue."""

    @property
    def n_modules(self) -> int:
        """How many modules."""
        ...

    def scores(self, histories: Sequences) -> NDArray[np.float64]:
        """Return float64, (n_learners, n_modules), higher is more likely."""
        ...


@dataclass(frozen=True, kw_only=True)
class BoundRanking:
    """A ranking over a catalogue as the service would rank it, cold modules by their content."""

    affinity: BoundAffinity

    @property
    def n_modules(self) -> int:
        """How many modules the catalogue has."""
        return len(self.affinity.to_snapshot)

    def scores(self, histories: Sequences) -> NDArray[np.float64]:
        """Score every module of the catalogue, (n_learners, n_modules); see `RankingModel`."""
        module = self.affinity.to_snapshot[histories.module]
        known = replace(histories, module=module).keep(module >= 0)
        return self.affinity.spread_to_catalogue(self.affinity.model.scores(known), known)


def ask(model: RanksModules, question: Question) -> RankedTargets:
    """Rank the held-out module of every learner among all modules they had not met.

    Parameters
    ----------
    model
        Its modules are those of the question.
    question
        n learners, each with a target.

    Returns
    -------
    RankedTargets
        Learners in the question's order. Modules that nobody met in training are ranked like all
        others; none is dropped.
    """
    ranks: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    tops: list[NDArray[np.int32]] = [np.empty((0, N_TOP), dtype=np.int32)]
    for first, histories in in_batches(question.history, model.n_modules):
        scores = model.scores(histories)
        seen = np.zeros(scores.shape, dtype=bool)
        seen[histories.learner, histories.module] = True
        target = question.target[first : first + len(histories)]
        ranks.append(rank_of_target(scores, target, seen))
        tops.append(_top(scores, seen))
    return RankedTargets(
        rank=np.concatenate(ranks), top=np.concatenate(tops), n_modules=model.n_modules
    )


def in_batches(histories: Sequences, n_modules: int) -> Iterator[tuple[int, Sequences]]:
    """Yield (first learner, histories) so that a score for every module fits into a cache."""
    size = max(1, BATCH_CELLS // max(n_modules, 1))
    for first in range(0, len(histories), size):
        yield first, histories.between(first, min(first + size, len(histories)))


def _top(scores: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the best unseen modules a row, −1 where there are fewer than `N_TOP`."""
    open_to = np.where(seen, -np.inf, scores)
    n = min(N_TOP, scores.shape[1])
    top = np.argpartition(-open_to, n - 1, axis=1)[:, :n]
    kept = np.where(np.isneginf(np.take_along_axis(open_to, top, axis=1)), -1, top)
    missing = np.full((len(scores), N_TOP - n), -1)
    return np.concatenate([kept, missing], axis=1).astype(np.int32)


def sequences_from(modules: list[list[int]]) -> Sequences:
    """Build sequences from lists of module positions, oldest first; without instants."""
    lengths = [len(row) for row in modules]
    flat = np.array([module for row in modules for module in row], dtype=np.int32)
    return Sequences(
        indptr=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        module=flat,
        at_seconds=np.arange(len(flat), dtype=np.float64),
        asked_at_seconds=np.full(len(modules), np.nan),
    )
