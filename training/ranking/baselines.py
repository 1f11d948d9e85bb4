"""The baselines every model stands beside."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from features.encode.sequences import Sequences
from features.score.ranking.model import RankingModel, Reading
from features.score.ranking.weights import Recency, keep_top
from training.ranking.factorise import fit_als
from training.ranking.linear import (
    count_transitions,
    ease_weights,
    fit_cosine,
    gram_matrix,
    normalise_rows,
)

POPULARITY = "popularity"
MOST_NEIGHBOURS = 100
MOST_WEIGHTS = 1000


def fit_baselines(
    sequences: Sequences,
    n_modules: int,
    seed: int,
    *,
    most_learners_of_als: int | None = None,
) -> Iterator[tuple[str, RankingModel]]:
    """Fit popularity, item-kNN, ALS (library defaults and tuned), EASE and a decayed Markov chain.

    Parameters
    ----------
    sequences
        What may be learned from.
    n_modules
        Columns.
    seed
        For ALS.
    most_learners_of_als
        ALS is fitted on as many of the learners, drawn by the seed; None: on all.

    Yields
    ------
    name, model
        One at a time, so that progress can be shown and memory given back.

    Notes
    -----
    The tuned ALS takes the settings that won on open course enrolments (256 factors, λ = 20,
    confidence 40); EASE takes λ = 50; the Markov chain reads the last 10 modules and counts gaps
    up to 5.
    """
    popularity = count_learners(sequences, n_modules)
    yield POPULARITY, RankingModel(popularity=popularity)
    gram = gram_matrix(sequences, n_modules)
    yield "item_knn", _single(popularity, fit_cosine(gram, 0.0), MOST_NEIGHBOURS)
    some = _draw(sequences, most_learners_of_als, seed)
    for name, n_factors, regularization, confidence in (
        ("als", 64, 0.01, 1.0),
        ("als_tuned", 256, 20.0, 40.0),
    ):
        factors = fit_als(
            some,
            n_modules,
            n_factors=n_factors,
            regularization=regularization,
            confidence=confidence,
            seed=seed,
        )
        yield name, RankingModel(popularity=popularity, factors=factors)
    (ease,) = ease_weights(gram.astype(np.float64), [50.0])
    yield "ease", _single(popularity, ease, MOST_WEIGHTS)
    del ease, gram
    counts = count_transitions(sequences, n_modules, longest_gap=5, decay=0.6)
    chain = normalise_rows(counts, 10.0)
    yield "markov", _single(popularity, chain, MOST_WEIGHTS, Recency(decay=0.7))


def _draw(sequences: Sequences, most: int | None, seed: int) -> Sequences:
    """Return up to `most` of the learners, in their order."""
    if most is None or len(sequences) <= most:
        return sequences
    drawn = np.zeros(len(sequences), dtype=bool)
    drawn[np.random.default_rng(seed).permutation(len(sequences))[:most]] = True
    return sequences.take(drawn)


def count_learners(sequences: Sequences, n_modules: int) -> NDArray[np.float64]:
    """Return how many learners met each module, float64, (n_modules,)."""
    return np.bincount(sequences.module, minlength=n_modules).astype(np.float64)


def _single(
    popularity: NDArray[np.float64],
    weights: NDArray[np.float32] | sparse.csr_array,
    n_kept: int,
    recency: Recency | None = None,
) -> RankingModel:
    return RankingModel(
        popularity=popularity,
        matrices={"weights": keep_top(weights, n_kept)},
        readings=(Reading(matrix="weights", recency=recency or Recency(), base=1.0),),
    )
