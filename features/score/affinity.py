"""Affinity: the ranking model's opinion as percentiles over a catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.ids import IdMap
from features.encode.log import InteractionLog
from features.encode.sequences import Sequences, sequence_modules
from features.encode.skills import ModuleSkillIndex
from features.score.ranking.arrays import from_arrays
from features.score.ranking.model import RankingModel

TRUSTED_HISTORY = 3.0
TRUSTED_ROLE_MEETINGS = 20.0
N_NEIGHBOURS = 10
HISTORY, ROLE, POPULARITY, NONE = "history", "role", "popularity", "none"


@dataclass(frozen=True, kw_only=True)
class BoundAffinity:
    """A ranking model in the order of one catalogue's modules.

    Attributes
    ----------
    model
        In the snapshot's own order.
    to_snapshot
        int32, (n_modules,), positions in the snapshot; −1 for newer modules.
    neighbours
        int32, (n_newer, N_NEIGHBOURS), catalogue rows like each newer module in skills, −1 padded.
    popularity
        float64, (n_modules,), percentiles of overall popularity.
    popularity_by_role
        Role id → percentiles of what learners in that role met, shrunk to overall popularity.
    """

    model: RankingModel
    to_snapshot: NDArray[np.int32]
    neighbours: NDArray[np.int32]
    popularity: NDArray[np.float64]
    popularity_by_role: Mapping[str, NDArray[np.float64]]

    @property
    def is_new(self) -> NDArray[np.bool_]:
        """Modules the snapshot does not know, (n_modules,)."""
        new: NDArray[np.bool_] = self.to_snapshot < 0
        return new

    def affinity(self, log: InteractionLog, role_id: str | None) -> tuple[NDArray[np.float64], str]:
        """Return affinity in [0,1], (n_modules,), and what it mostly rests on.

        Parameters
        ----------
        log
            Of one learner, modules in the catalogue's order.
        role_id
            Present role; its popularity stands in while the history is short: a history of n
            modules weighs n / (n + `TRUSTED_HISTORY`).
        """
        prior = self.popularity_by_role.get(role_id or "", self.popularity)
        basis = ROLE if role_id in self.popularity_by_role else POPULARITY
        history = self._in_snapshot_order(log)
        n = len(history.module)
        if n == 0:
            return prior, basis
        trust = n / (n + TRUSTED_HISTORY)
        own = self.spread_to_catalogue(self.model.scores(history)[0])
        return trust * own + (1.0 - trust) * prior, HISTORY if trust >= 0.5 else basis

    def _in_snapshot_order(self, log: InteractionLog) -> Sequences:
        met = sequence_modules(log).module
        known = self.to_snapshot[met]
        known = known[known >= 0]
        return Sequences(
            indptr=np.array([0, len(known)]),
            module=known,
            at_seconds=np.zeros(len(known)),
        )

    def spread_to_catalogue(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn one learner's scores of the snapshot's modules into percentiles, (n_modules,)."""
        return _spread(percentiles(scores), self.to_snapshot, self.neighbours)


def bind_affinity(arrays: Mapping[str, NDArray[Any]], index: ModuleSkillIndex) -> BoundAffinity:
    """Put a snapshot's ranking part in the order of a catalogue.

    Parameters
    ----------
    arrays
        The snapshot's part "ranking": `module_ids`, `role_ids`, `met_by_role` and the model's own.
    index
        The catalogue's modules and skills.

    Raises
    ------
    KeyError
        If an array is missing.
    """
    model = from_arrays(arrays)
    module_ids = IdMap(arrays["module_ids"].tolist())
    to_snapshot = module_ids.positions(index.module_ids)
    neighbours = _neighbours(index, to_snapshot)
    overall = _spread(percentiles(model.popularity), to_snapshot, neighbours)
    share = model.popularity / max(model.popularity.sum(), 1.0)
    by_role = {
        str(role_id): _spread(
            percentiles(met + TRUSTED_ROLE_MEETINGS * share), to_snapshot, neighbours
        )
        for role_id, met in zip(arrays["role_ids"], arrays["met_by_role"], strict=True)
    }
    return BoundAffinity(
        model=model,
        to_snapshot=to_snapshot,
        neighbours=neighbours,
        popularity=overall,
        popularity_by_role=by_role,
    )


def percentiles(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of other entries below each, ties by half, in [0,1]; (n,) as given."""
    n = len(scores)
    if n < 2:
        return np.full(n, 0.5)
    ordered = np.sort(scores)
    below = np.searchsorted(ordered, scores, side="left")
    not_above = np.searchsorted(ordered, scores, side="right")
    shares: NDArray[np.float64] = (below + not_above - 1) / 2 / (n - 1)
    return shares


def _spread(
    values: NDArray[np.float64], to_snapshot: NDArray[np.int32], neighbours: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Carry snapshot values over; a newer module gets its neighbours' mean, shrunk towards 0."""
    known = to_snapshot >= 0
    spread = np.zeros(len(to_snapshot))
    spread[known] = values[to_snapshot[known]]
    if not known.all():
        there = neighbours >= 0
        total = np.where(there, spread[neighbours], 0.0).sum(axis=1)
        spread[~known] = total / (there.sum(axis=1) + 1)
    return spread


def _neighbours(index: ModuleSkillIndex, to_snapshot: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return known modules most like each newer one by cosine of skills."""
    newer = np.flatnonzero(to_snapshot < 0)
    found = np.full((len(newer), N_NEIGHBOURS), -1, dtype=np.int32)
    norms = np.sqrt(
        np.bincount(index.module, weights=index.weight**2, minlength=len(index.module_ids))
    )
    for place, row in enumerate(newer):
        profile = np.zeros(len(index.skill_ids))
        span = slice(index.indptr[row], index.indptr[row + 1])
        profile[index.skill[span]] = index.weight[span]
        likeness = np.bincount(
            index.module, weights=index.weight * profile[index.skill], minlength=len(norms)
        )
        likeness[to_snapshot < 0] = 0.0
        likeness = np.divide(likeness, norms, out=np.zeros(len(likeness)), where=norms > 0)
        best = np.argsort(-likeness, kind="stable")[:N_NEIGHBOURS]
        best = best[likeness[best] > 0]
        found[place, : len(best)] = best
    return found
