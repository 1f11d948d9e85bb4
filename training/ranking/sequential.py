"""Models in which order matters: ridge on decayed histories, and followers of pairs."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from features.encode.sequences import Sequences
from features.score.ranking.pairs import PairTransitions, number_pairs
from training.ranking.linear import MOST_DENSE, multiply, penalties, regularize
from training.ranking.neighbourhoods import regress_on_neighbours

MOST_PREFIXES = 60
LONGEST_LAG = 30
HORIZON = 5
HORIZON_DECAY = 0.7
FEWEST_FOLLOWERS = 2
PAIR_SHRINKAGE = 2.0


def sequential_grams(
    sequences: Sequences, n_modules: int, length_power: float = 0.0
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Return SᵀS and SᵀT over all prefixes of all histories, float32, (n_modules, n_modules).

    A row of S is a prefix with weights 1/lag; the row of T is what came next, the k-th next module
    weighted `HORIZON_DECAY`^(k − 1). Only the last `MOST_PREFIXES` prefixes of a learner count; one
    of n counts n^−`length_power`.
    """
    lengths = sequences.lengths
    n_prefixes = np.minimum(np.maximum(lengths - 1, 0), MOST_PREFIXES)
    learner = np.repeat(np.arange(len(sequences)), n_prefixes)
    within = np.arange(len(learner)) - np.repeat(np.cumsum(n_prefixes) - n_prefixes, n_prefixes)
    end = sequences.indptr[1:][learner]
    cut = end - 1 - within
    start = np.maximum(sequences.indptr[:-1][learner], cut - LONGEST_LAG)
    past = _rows(sequences, start, cut, n_modules, backwards=True)
    future = _rows(sequences, cut, np.minimum(end, cut + HORIZON), n_modules, backwards=False)
    weight = np.repeat(np.maximum(n_prefixes, 1.0) ** -length_power, n_prefixes)
    weighted = sparse.csr_array(sparse.diags_array(weight.astype(np.float32)) @ past)
    return multiply(weighted.T, past), multiply(weighted.T, future)


def _rows(
    sequences: Sequences,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    n_modules: int,
    *,
    backwards: bool,
) -> sparse.csr_array:
    """Return spans of the sequences as weighted rows: 1/lag backwards, decayed steps forwards."""
    sizes = end - start
    indptr = np.concatenate([[0], np.cumsum(sizes)])
    row = np.repeat(np.arange(len(sizes)), sizes)
    step = np.arange(indptr[-1]) - indptr[row]
    weight = 1.0 / (sizes[row] - step) if backwards else HORIZON_DECAY**step
    modules = sequences.module[start[row] + step]
    shape = (len(sizes), n_modules)
    return sparse.csr_array((weight.astype(np.float32), modules, indptr), shape=shape)


def sequential_weights(
    grams: tuple[sparse.csr_array, sparse.csr_array],
    regularizations: Sequence[float],
    dropout: float = 0.0,
) -> Iterator[NDArray[np.float32] | sparse.csr_array]:
    """Solve the ridge for each λ, as `ease_weights` does.

    `grams` and `dropout` are those of `solve_ridge`.
    """
    past, future = grams
    if past.shape[0] <= MOST_DENSE:
        dense = past.toarray(), future.toarray()
        yield from (solve_ridge(dense, each, dropout) for each in regularizations)
        return
    own = past.diagonal()
    yield from regress_on_neighbours(
        past, future, [penalties(own, each, dropout) for each in regularizations]
    )


def solve_ridge(
    grams: tuple[NDArray[np.floating], NDArray[np.floating]],
    regularization: float,
    dropout: float = 0.0,
) -> NDArray[np.float32]:
    """Solve (SᵀS + λI + p/(1 − p)·diag(SᵀS))·B = SᵀT, λ > 0, for a dropout p in [0,1).

    The precision of the grams is worked in; with a dropout, float32 is enough.

    References
    ----------
    The transition half (SLIT) of Choi, Kim, Lee, Shim & Lee (2021), "Session-aware linear
    item-item models for session-based recommendation".
    """
    regular = regularize(grams[0], regularization, dropout)
    weights = linalg.solve(regular, grams[1], assume_a="pos", overwrite_a=True, check_finite=False)
    return np.asarray(weights, dtype=np.float32)


def count_pair_followers(
    sequences: Sequences, n_modules: int, *, ordered: bool, far: int = 2, near: int = 1
) -> PairTransitions:
    """Learn what followed the modules `far` and `near` steps before it, where at least twice."""
    learner, module = sequences.learner, sequences.module
    together = learner[far:] == learner[:-far]
    pair = number_pairs(
        module[:-far][together], module[far - near : -near][together], n_modules, ordered=ordered
    )
    entry, count = np.unique(pair * n_modules + module[far:][together], return_counts=True)
    context, inverse = np.unique(entry // n_modules, return_inverse=True)
    total = np.bincount(inverse, count, minlength=len(context))
    share = count / (total[inverse] + PAIR_SHRINKAGE)
    kept = count >= FEWEST_FOLLOWERS
    pairs, first = np.unique((entry // n_modules)[kept], return_index=True)
    return PairTransitions(
        n_modules=n_modules,
        ordered=ordered,
        far=far,
        near=near,
        pair=pairs.astype(np.int64),
        indptr=np.append(first, kept.sum()).astype(np.int64),
        column=(entry % n_modules)[kept].astype(np.int32),
        weight=share[kept].astype(np.float32),
    )
