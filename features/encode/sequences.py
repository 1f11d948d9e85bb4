"""The modules each learner met, in the order they first met them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.log import InteractionLog

NO_TARGET = -1


@dataclass(frozen=True, kw_only=True)
class Sequences:
    """Distinct modules of n learners in compressed rows.

    Attributes
    ----------
    indptr
        int64, (n_learners + 1,): learner i has module[indptr[i]:indptr[i + 1]].
    module
        int32, positions of modules, oldest first, none twice within a learner.
    at_seconds
        float64, when each was first met.
    """

    indptr: NDArray[np.int64]
    module: NDArray[np.int32]
    at_seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64, (n_learners,)."""
        return np.diff(self.indptr)

    @property
    def learner(self) -> NDArray[np.int64]:
        """int64, (n,): the learner of each entry."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def of(self, learner: int) -> NDArray[np.int32]:
        """Return one learner's modules, oldest first."""
        return self.module[self.indptr[learner] : self.indptr[learner + 1]]

    def between(self, first: int, end: int) -> "Sequences":
        """Return the sequences of learners first … end − 1, without copying."""
        entries = slice(self.indptr[first], self.indptr[end])
        return Sequences(
            indptr=self.indptr[first : end + 1] - self.indptr[first],
            module=self.module[entries],
            at_seconds=self.at_seconds[entries],
        )

    def keep(self, entries: NDArray[np.bool_]) -> "Sequences":
        """Return the sequences with only the marked entries; learners stay, if empty."""
        counts = np.bincount(self.learner[entries], minlength=len(self))
        return Sequences(
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            module=self.module[entries],
            at_seconds=self.at_seconds[entries],
        )

    def take(self, learners: NDArray[np.bool_]) -> "Sequences":
        """Return the sequences of the marked learners only."""
        kept = self.keep(learners[self.learner])
        counts = kept.lengths[learners]
        return Sequences(
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            module=kept.module,
            at_seconds=kept.at_seconds,
        )


def sequence_modules(log: InteractionLog) -> Sequences:
    """Reduce a log to the first meeting of each learner with each module."""
    pair = log.learner.astype(np.int64) * max(log.n_modules, 1) + log.module
    _, first = np.unique(pair, return_index=True)
    first.sort()
    counts = np.bincount(log.learner[first], minlength=log.n_learners)
    return Sequences(
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        module=log.module[first],
        at_seconds=log.at_seconds[first],
    )


def hold_out_last(sequences: Sequences) -> tuple[Sequences, NDArray[np.int32]]:
    """Take each learner's last new module away, where there are at least two.

    Returns
    -------
    history
        All but the last; learners with one module keep it.
    target
        int32, (n_learners,), `NO_TARGET` for learners with fewer than two modules.
    """
    has_target = sequences.lengths >= 2
    last = sequences.indptr[1:][has_target] - 1
    keep = np.ones(len(sequences.module), dtype=bool)
    keep[last] = False
    target = np.full(len(sequences), NO_TARGET, dtype=np.int32)
    target[has_target] = sequences.module[last]
    return sequences.keep(keep), target
