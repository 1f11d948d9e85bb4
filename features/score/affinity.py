"""Affinity: the ranking model's opinion as percentiles over a catalogue.

A module that nobody had met in training has no opinion of its own. It takes one over from the ten
modules most like it in content: the mean, by likeness, of the reciprocals of their ranks. A
reciprocal falls from 1 like the probability to be next does, so that one neighbour far in front
counts for more than nine in the middle. A neighbour the learner met already counts as the more the
later it was met, since what is like it has become the more likely. See docs/decisions/0022.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.catalogue import CatalogueIndex
from features.encode.ids import IdMap
from features.encode.log import InteractionLog
from features.encode.sequences import Sequences, sequence_modules
from features.score.likeness import USUAL_WEIGHTS, ModuleContent
from features.score.ranking.arrays import from_arrays
from features.score.ranking.model import RankingModel

TRUSTED_HISTORY = 0.25
TRUSTED_ROLE_MEETINGS = 20.0
N_NEIGHBOURS = 10
HISTORY, ROLE, POPULARITY, NONE = "history", "role", "popularity", "none"


@dataclass(frozen=True, kw_only=True)
class ColdModules:
    """Modules of a catalogue that nobody had met in training, and what stands in for them.

    Attributes
    ----------
    row
        int64, (n_cold,), rows of the catalogue.
    neighbours
        int32, (n_cold, N_NEIGHBOURS), positions in the snapshot of modules with like content.
    shares
        float64, (n_cold, N_NEIGHBOURS), what each neighbour says; 0 where there is none.
    """

    row: NDArray[np.int64]
    neighbours: NDArray[np.int32]
    shares: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BoundAffinity:
    """A ranking model in the order of one catalogue's modules.

    Attributes
    ----------
    model
        In the snapshot's own order.
    to_snapshot
        int32, (n_modules,), positions in the snapshot; −1 for newer modules.
    cold
        Newer modules, and those of the snapshot that nobody had met.
    popularity
        float64, (n_modules,), percentiles of overall popularity.
    popularity_by_role
        Role id → percentiles of what learners in that role met, shrunk to overall popularity.
    """

    model: RankingModel
    to_snapshot: NDArray[np.int32]
    cold: ColdModules
    popularity: NDArray[np.float64]
    popularity_by_role: Mapping[str, NDArray[np.float64]]

    @cached_property
    def is_new(self) -> NDArray[np.bool_]:
        """Modules whose affinity is borrowed from others, (n_modules,)."""
        new = np.zeros(len(self.to_snapshot), dtype=bool)
        new[self.cold.row] = True
        return new

    def affinity(
        self,
        log: InteractionLog,
        role_ids: Sequence[str | None],
        now_seconds: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], list[str]]:
        """Return affinity in [0,1], (n_learners, n_modules), and what it mostly rests on.

        Parameters
        ----------
        log
            Of n learners, modules in the catalogue's order.
        role_ids
            Present roles; a role's popularity stands in while the history is short: a history of n
            modules weighs n / (n + `TRUSTED_HISTORY`) in the mean of reciprocal ranks.
        now_seconds
            float64, (n,), when it is asked, seconds since 1970; no event of the learner is later.
        """
        by_role = self.popularity_by_role
        affinity = np.array([by_role.get(each or "", self.popularity) for each in role_ids])
        bases = [ROLE if each in by_role else POPULARITY for each in role_ids]
        histories = self.history(log, now_seconds)
        met = histories.lengths > 0
        if met.any():
            told = histories.take(met)
            trust = told.lengths / (told.lengths + TRUSTED_HISTORY)
            own = self.spread_to_catalogue(self.model.scores(told), told)
            mixed = _reciprocal_ranks(own)
            mixed *= trust[:, None]
            mixed += (1.0 - trust)[:, None] * self._usual_ranks(role_ids, met)
            affinity[met] = _percentiles_of(mixed)
            for row in met.nonzero()[0][trust >= 0.5].tolist():
                bases[row] = HISTORY
        return affinity, bases

    def _usual_ranks(
        self, role_ids: Sequence[str | None], chosen: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Return reciprocals of ranks by popularity for some of the learners."""
        by_role, overall = self._ranks_by_role, self._ranks_overall
        return np.array(
            [
                by_role.get(each or "", overall)
                for each, is_chosen in zip(role_ids, chosen.tolist(), strict=True)
                if is_chosen
            ]
        )

    @cached_property
    def _ranks_overall(self) -> NDArray[np.float64]:
        return _reciprocal_ranks(self.popularity)

    @cached_property
    def _ranks_by_role(self) -> Mapping[str, NDArray[np.float64]]:
        return {name: _reciprocal_ranks(one) for name, one in self.popularity_by_role.items()}

    def history(self, log: InteractionLog, now_seconds: NDArray[np.float64]) -> Sequences:
        """Return what learners met, in the snapshot's order of modules, asked at instants (n,)."""
        met = sequence_modules(log)
        module = self.to_snapshot[met.module]
        asked = replace(met, module=module, asked_at_seconds=now_seconds)
        return asked if (module >= 0).all() else asked.keep(module >= 0)

    def placing_newer_only(self) -> "BoundAffinity":
        """Return it with the model's own opinion of what the snapshot has and nobody had met."""
        newer = self.to_snapshot[self.cold.row] < 0
        return replace(
            self,
            cold=ColdModules(
                row=self.cold.row[newer],
                neighbours=self.cold.neighbours[newer],
                shares=self.cold.shares[newer],
            ),
        )

    def spread_to_catalogue(
        self, scores: NDArray[np.float64], histories: Sequences | None = None
    ) -> NDArray[np.float64]:
        """Turn scores of the snapshot's modules into percentiles, (n_learners, n_modules).

        `scores` is float64, (n_learners, n_modules of the snapshot); `histories` is what the
        learners met, in the snapshot's order: cold modules like it move up.
        """
        return _spread(percentiles(scores), self.to_snapshot, self.cold, histories)


def bind_affinity(arrays: Mapping[str, NDArray[Any]], index: CatalogueIndex) -> BoundAffinity:
    """Put a snapshot's ranking part in the order of a catalogue.

    Parameters
    ----------
    arrays
        The snapshot's part "ranking": `module_ids`, `role_ids`, `met_by_role`, `likeness` (absent
        in snapshots of before there was such an array) and the model's own.
    index
        The catalogue.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    model = from_arrays(arrays)
    module_ids = IdMap(arrays["module_ids"].tolist())
    to_snapshot = module_ids.positions(index.module_ids)
    cold = _cold_modules(index, to_snapshot, model, arrays.get("likeness", USUAL_WEIGHTS))
    overall = _spread(percentiles(model.popularity), to_snapshot, cold)
    share = model.popularity / max(model.popularity.sum(), 1.0)
    by_role = {
        str(role_id): _spread(percentiles(met + TRUSTED_ROLE_MEETINGS * share), to_snapshot, cold)
        for role_id, met in zip(arrays["role_ids"], arrays["met_by_role"], strict=True)
    }
    return BoundAffinity(
        model=model,
        to_snapshot=to_snapshot,
        cold=cold,
        popularity=overall,
        popularity_by_role=by_role,
    )


def percentiles(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of other entries of its row below each, ties by half, in [0,1].

    `scores` is float64, (n,) or (n_rows, n), and so is what is returned.
    """
    n = scores.shape[-1]
    if n < 2:
        return np.full(scores.shape, 0.5)
    # All rows end to end; no run of ties goes over the end of a row.
    flat, begins = scores.ravel(), np.arange(0, scores.size, n)
    order = (scores.reshape(-1, n).argsort(axis=1) + begins[:, None]).ravel()
    ordered = flat[order]
    opens = np.ones(len(flat), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=opens[1:])
    opens[begins] = True
    first = opens.nonzero()[0]
    ends = np.empty_like(first)
    ends[:-1], ends[-1:] = first[1:], len(flat)
    # Twice the middle of each run of ties, counted from the start of its row.
    twice = (first + ends).repeat(ends - first).reshape(-1, n) - (1 + 2 * begins)[:, None]
    shares = np.empty(len(flat))
    shares[order] = (twice / 2 / (n - 1)).ravel()
    return shares.reshape(scores.shape)


def _spread(
    values: NDArray[np.float64],
    to_snapshot: NDArray[np.int32],
    cold: ColdModules,
    histories: Sequences | None = None,
) -> NDArray[np.float64]:
    """Carry percentiles, rows of learners or one, over to the catalogue's modules.

    Cold modules take those of their neighbours.
    """
    if values.shape[-1] == 0:
        return np.zeros((*values.shape[:-1], len(to_snapshot)))
    # Modules without a place in the snapshot are among the cold ones.
    spread = values.take(to_snapshot, axis=-1)
    if len(cold.row):
        relevance = _reciprocal_ranks(values)
        if histories is not None:
            relevance[histories.learner, histories.module] = 1.0 / (1.0 + histories.lag)
        borrowed = (cold.shares * relevance[..., cold.neighbours]).sum(axis=-1)
        spread[..., cold.row] = _percentiles_of(borrowed, values.shape[-1])
    return spread


def _reciprocal_ranks(percentile: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 for the first of n and 1/n for the last, of the same shape."""
    rank = np.subtract(1.0, percentile)
    rank *= max(percentile.shape[-1] - 1, 1)
    rank += 1.0
    return np.divide(1.0, rank, out=rank)


def _percentiles_of(reciprocal: NDArray[np.float64], n: int | None = None) -> NDArray[np.float64]:
    """Turn reciprocals of ranks among n, by default as many as there are, into percentiles."""
    span = max((reciprocal.shape[-1] if n is None else n) - 1, 1)
    rank = np.maximum(reciprocal, 1.0 / (1.0 + span))
    np.divide(1.0, rank, out=rank)
    rank -= 1.0
    rank /= span
    percentile = np.subtract(1.0, rank, out=rank)
    return np.minimum(np.maximum(percentile, 0.0, out=percentile), 1.0, out=percentile)


def _cold_modules(
    index: CatalogueIndex,
    to_snapshot: NDArray[np.int32],
    model: RankingModel,
    weights: NDArray[np.float64],
) -> ColdModules:
    known = to_snapshot >= 0
    known[known] = model.popularity[to_snapshot[known]] > 0
    row = np.flatnonzero(~known)
    content = ModuleContent.of(index) if len(row) and known.any() else None
    if content is None:
        nobody = np.zeros((len(row), N_NEIGHBOURS))
        return ColdModules(row=row, neighbours=nobody.astype(np.int32), shares=nobody)
    nearest, shares = content.nearest(row, known, weights, N_NEIGHBOURS)
    # Where there is no neighbour the share is 0, and any position will do.
    neighbours = np.where(nearest >= 0, to_snapshot[nearest], 0).astype(np.int32)
    return ColdModules(row=row, neighbours=neighbours, shares=shares)
