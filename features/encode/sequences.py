"""The modules each learner met, in the order they first met them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import FIRST_INSTANT_SECONDS, SECONDS_PER_DAY
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
    asked_at_seconds
        float64, (n_learners,), when what comes next is asked for; NaN where nobody says.
    """

    indptr: NDArray[np.int64]
    module: NDArray[np.int32]
    at_seconds: NDArray[np.float64]
    asked_at_seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """int64, (n_learners,)."""
        lengths: NDArray[np.int64] = self.indptr[1:] - self.indptr[:-1]
        return lengths

    @cached_property
    def learner(self) -> NDArray[np.int64]:
        """int64, (n,): the learner of each entry."""
        return np.arange(len(self)).repeat(self.lengths)

    @cached_property
    def lag(self) -> NDArray[np.int64]:
        """int64, (n,): each entry's place from the end of its learner's history: 1 is the last."""
        lag: NDArray[np.int64] = self.indptr[1:].repeat(self.lengths)
        lag -= np.arange(len(self.module))
        return lag

    @property
    def is_timed(self) -> bool:
        """Whether every `at` is a point in time; if not, only the order counts."""
        return bool((self.at_seconds >= FIRST_INSTANT_SECONDS).all())

    @property
    def days_since_last(self) -> NDArray[np.float64]:
        """float64, (n_learners,), from the last new module to the ask; NaN where time is unknown.

        It is unknown without a history, without the instant of the ask, and where the history has
        an ordinal: the first of them is the least.
        """
        days = np.full(len(self), np.nan)
        asked = np.flatnonzero((self.lengths > 0) & np.isfinite(self.asked_at_seconds))
        first = self.at_seconds[self.indptr[:-1][asked]]
        timed = asked[first >= FIRST_INSTANT_SECONDS]
        last = self.at_seconds[self.indptr[1:][timed] - 1]
        days[timed] = np.maximum(self.asked_at_seconds[timed] - last, 0.0) / SECONDS_PER_DAY
        return days

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
            asked_at_seconds=self.asked_at_seconds[first:end],
        )

    def keep(self, entries: NDArray[np.bool_]) -> "Sequences":
        """Return the sequences with only the marked entries; learners stay, if empty."""
        counts = np.bincount(self.learner[entries], minlength=len(self))
        return Sequences(
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            module=self.module[entries],
            at_seconds=self.at_seconds[entries],
            asked_at_seconds=self.asked_at_seconds,
        )

    def take(self, learners: NDArray[np.bool_]) -> "Sequences":
        """Return the sequences of the marked learners only."""
        if learners.all():
            return self
        kept = self.keep(learners[self.learner])
        counts = kept.lengths[learners]
        return Sequences(
            indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            module=kept.module,
            at_seconds=kept.at_seconds,
            asked_at_seconds=self.asked_at_seconds[learners],
        )

    def as_ordinals(self) -> "Sequences":
        """Return the sequences with nothing but their order."""
        return replace(
            self,
            at_seconds=np.zeros(len(self.module)),
            asked_at_seconds=np.full(len(self), np.nan),
        )


def sequence_modules(log: InteractionLog) -> Sequences:
    """Reduce a log to the first meeting of each learner with each module; nobody is asked."""
    pair = log.learner.astype(np.int64) * max(log.n_modules, 1) + log.module
    order = pair.argsort(kind="stable")
    pair = pair[order]
    is_first = np.ones(len(pair), dtype=bool)
    np.not_equal(pair[1:], pair[:-1], out=is_first[1:])
    first = order[is_first]
    first.sort()
    indptr = np.zeros(log.n_learners + 1, dtype=np.int64)
    np.bincount(log.learner[first], minlength=log.n_learners).cumsum(out=indptr[1:])
    return Sequences(
        indptr=indptr,
        module=log.module[first],
        at_seconds=log.at_seconds[first],
        asked_at_seconds=np.full(log.n_learners, np.nan),
    )


def hold_out_last(sequences: Sequences) -> tuple[Sequences, NDArray[np.int32]]:
    """Take each learner's last new module away, where there are at least two.

    Returns
    -------
    history
        All but the last, asked at its instant; learners with one module keep it.
    target
        int32, (n_learners,), `NO_TARGET` for learners with fewer than two modules.
    """
    has_target = sequences.lengths >= 2
    last = sequences.indptr[1:][has_target] - 1
    keep = np.ones(len(sequences.module), dtype=bool)
    keep[last] = False
    target = np.full(len(sequences), NO_TARGET, dtype=np.int32)
    target[has_target] = sequences.module[last]
    asked_at = sequences.asked_at_seconds.copy()
    asked_at[has_target] = sequences.at_seconds[last]
    return replace(sequences.keep(keep), asked_at_seconds=asked_at), target


def hold_out_since(
    sequences: Sequences, since_seconds: float
) -> tuple[Sequences, NDArray[np.int32]]:
    """Take everything since an instant away.

    Returns
    -------
    history
        What was met before, asked at the instant of the first new module since.
    target
        int32, (n_learners,), that module; `NO_TARGET` for learners without one.
    """
    known = sequences.at_seconds < since_seconds
    # Backwards, so that the first new module is written last.
    later = np.flatnonzero(~known)[::-1]
    learner = sequences.learner[later]
    target = np.full(len(sequences), NO_TARGET, dtype=np.int32)
    target[learner] = sequences.module[later]
    asked_at = np.full(len(sequences), np.nan)
    asked_at[learner] = sequences.at_seconds[later]
    return replace(sequences.keep(known), asked_at_seconds=asked_at), target
