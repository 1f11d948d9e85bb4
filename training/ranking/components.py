"""The components of the blend, fitted from sequences."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.encode.sequences import Sequences
from features.score.ranking.model import RankingModel, Reading
from features.score.ranking.weights import Recency, TopWeights, keep_top
from training.ranking.baselines import count_learners
from training.ranking.linear import (
    MOST_DENSE,
    count_transitions,
    ease_weights,
    gram_matrix,
    normalise_rows,
)
from training.ranking.neighbourhoods import N_NEIGHBOURS
from training.ranking.network import NetworkSettings
from training.ranking.sequential import (
    count_pair_followers,
    sequential_grams,
    sequential_weights,
)
from training.ranking.waits import measure_waits

HARMONIC = Recency(power=1.0)
LENGTH_POWER = 0.5
READINGS = (
    Reading(matrix="ease", recency=HARMONIC, base=1.0),
    Reading(matrix="ease", recency=Recency(power=0.5)),
    Reading(matrix="ease", recency=Recency()),
    Reading(matrix="sequential", recency=HARMONIC, base=1.0),
    Reading(matrix="sequential", recency=Recency(decay=float(np.exp(-1 / 1.5)))),
    Reading(matrix="next", recency=Recency(only=1)),
    Reading(matrix="next", recency=Recency(only=2)),
    Reading(matrix="next", recency=Recency(only=3)),
    Reading(matrix="soon", recency=HARMONIC, base=1.0),
    Reading(matrix="soon", recency=Recency()),
    Reading(matrix="before", recency=HARMONIC),
    *(
        Reading(matrix=matrix, recency=Recency(only=place))
        for matrix in ("ease", "sequential")
        for place in (1, 2, 3)
    ),
)
# Whether order counts, and how far before the module that follows the two stand.
PAIRS = ((True, 2, 1), (False, 2, 1), (False, 3, 1), (False, 3, 2))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every hyper-parameter of the blend worth tuning.

    Attributes
    ----------
    ease_regularization, sequential_regularization
        λ > 0 of EASE and of the sequential ridge.
    ease_dropout, sequential_dropout
        Share of a history thought missing while they are fitted, in [0,1).
    transition_decay, longest_gap
        A gap of g ≤ `longest_gap` modules between two counts decay^(g − 1) towards "soon".
    transition_shrinkage
        Added to the length of a row before shares are taken of it.
    n_kept
        How many weights a row keeps, at most.
    network
        What orders the candidates.
    """

    ease_regularization: float = 10.0
    sequential_regularization: float = 10.0
    ease_dropout: float = 0.33
    sequential_dropout: float = 0.1
    transition_decay: float = 0.8
    longest_gap: int = 10
    transition_shrinkage: float = 10.0
    n_kept: int = 300
    network: NetworkSettings = field(default_factory=NetworkSettings)


@dataclass(frozen=True, kw_only=True)
class Grams:
    """Products of the training data that all regularizations share."""

    together: sparse.csr_array
    sequential: tuple[sparse.csr_array, sparse.csr_array]


def compute_grams(sequences: Sequences, n_modules: int) -> Grams:
    """Compute the products once; they hold no learner."""
    return Grams(
        together=gram_matrix(sequences, n_modules, LENGTH_POWER),
        sequential=sequential_grams(sequences, n_modules, LENGTH_POWER),
    )


def fit_components(
    sequences: Sequences, n_modules: int, settings: Settings, grams: Grams | None = None
) -> RankingModel:
    """Fit every component; the result ranks by its base score until it gets a blend.

    Parameters
    ----------
    sequences
        What may be learned from.
    n_modules
        Size of the catalogue.
    settings
        Hyper-parameters.
    grams
        Of the same sequences, where they are known already.
    """
    grams = grams or compute_grams(sequences, n_modules)
    soon = count_transitions(
        sequences,
        n_modules,
        longest_gap=settings.longest_gap,
        decay=settings.transition_decay,
    )
    direct = count_transitions(sequences, n_modules, longest_gap=1, decay=1.0)
    (ease,) = ease_weights(grams.together, [settings.ease_regularization], settings.ease_dropout)
    (sequential,) = sequential_weights(
        grams.sequential, [settings.sequential_regularization], settings.sequential_dropout
    )
    whole = {
        "ease": ease,
        "sequential": sequential,
        "next": normalise_rows(direct, settings.transition_shrinkage),
        "soon": normalise_rows(soon, settings.transition_shrinkage),
        "before": normalise_rows(sparse.csr_array(soon.T), settings.transition_shrinkage),
    }
    n_kept = kept_weights(n_modules, settings)
    matrices = {name: keep_top(weights, n_kept) for name, weights in whole.items()}
    return RankingModel(
        popularity=count_learners(sequences, n_modules),
        matrices=matrices,
        readings=tuple(
            replace(reading, base=reading.base / _typical_best(matrices[reading.matrix]))
            for reading in READINGS
        ),
        pairs=tuple(
            count_pair_followers(sequences, n_modules, ordered=ordered, far=far, near=near)
            for ordered, far, near in PAIRS
        ),
        module_features=_module_features(sequences, n_modules),
        waits=measure_waits(sequences, matrices["next"].column) if sequences.is_timed else None,
    )


def kept_weights(n_modules: int, settings: Settings) -> int:
    """Return how many weights a row keeps: in a large catalogue no more than it has neighbours.

    A worker holds the rows of all modules, each as long as the longest.
    """
    return settings.n_kept if n_modules <= MOST_DENSE else min(settings.n_kept, N_NEIGHBOURS)


def _typical_best(weights: TopWeights) -> float:
    """Return the mean over rows of the largest weight, which puts matrices on one scale."""
    return max(float(weights.weight.max(axis=1).mean()), 1e-6)


def _module_features(sequences: Sequences, n_modules: int) -> NDArray[np.float32]:
    """Return log popularity, and how much more than its share a module comes late and first."""
    count = count_learners(sequences, n_modules)
    lengths, ends = sequences.lengths, sequences.indptr[1:]
    late = np.zeros(n_modules)
    for lag in (1, 2, 3):
        late += np.bincount(sequences.module[ends[lengths >= lag] - lag], minlength=n_modules)
    first = np.bincount(
        sequences.module[sequences.indptr[:-1][lengths > 0]], minlength=n_modules
    ).astype(np.float64)
    columns = [np.log1p(count)]
    for places in (late, first):
        expected = count * places.sum() / max(count.sum(), 1.0)
        columns.append(np.log((places + 3.0) / (expected + 3.0)))
    return np.stack(columns, axis=1).astype(np.float32)
