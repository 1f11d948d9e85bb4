"""Linear module-to-module models learned from sequences."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from features.encode.sequences import Sequences
from features.score.ranking.weights import Recency
from training.ranking.neighbourhoods import regress_on_neighbours

MOST_DENSE = 5_000


def learners_by_modules(
    sequences: Sequences, n_modules: int, recency: Recency | None = None
) -> sparse.csr_array:
    """Return histories as sparse rows, float32; ones, or weights by recency."""
    data = np.ones(len(sequences.module)) if recency is None else recency.of(sequences.lag)
    return sparse.csr_array(
        (data.astype(np.float32), sequences.module, sequences.indptr),
        shape=(len(sequences), n_modules),
    )


def gram_matrix(
    sequences: Sequences, n_modules: int, length_power: float = 0.0
) -> sparse.csr_array:
    """Return how many learners met both modules, float32, (n_modules, n_modules).

    A learner with n modules counts n^−`length_power`; a pair makes n² of the entries, so that
    without it the few longest histories speak for everyone.
    """
    rows = learners_by_modules(sequences, n_modules)
    if length_power:
        weight = np.maximum(sequences.lengths, 1.0) ** -length_power
        weighted = sparse.diags_array(weight.astype(np.float32)) @ rows
    else:
        weighted = rows
    return multiply(rows.T, weighted)


def multiply(left: sparse.sparray, right: sparse.sparray) -> sparse.csr_array:
    """Return the product of two matrices, its columns numbered in 4 bytes where they can be."""
    product = sparse.csr_array(left @ right)
    return sparse.csr_array((product.data, product.indices, product.indptr), product.shape)


def ease_weights(
    gram: sparse.csr_array, regularizations: Sequence[float], dropout: float = 0.0
) -> Iterator[NDArray[np.float32] | sparse.csr_array]:
    """Fit EASE for each λ; of more than `MOST_DENSE` modules, each upon its neighbours alone.

    `gram` and `dropout` are those of `fit_ease`, the former in the precision it works in.
    """
    if gram.shape[0] <= MOST_DENSE:
        dense = gram.toarray()
        yield from (fit_ease(dense, each, dropout) for each in regularizations)
        return
    others = sparse.csr_array(gram - sparse.diags_array(gram.diagonal()))
    yield from regress_on_neighbours(
        gram, others, [penalties(gram.diagonal(), each, dropout) for each in regularizations]
    )


def fit_ease(
    gram: NDArray[np.floating], regularization: float, dropout: float = 0.0
) -> NDArray[np.float32]:
    """Fit EASE: the best linear map of histories onto themselves with a zero diagonal.

    Parameters
    ----------
    gram
        (n_modules, n_modules), counts of learners in common; its precision is worked in.
    regularization
        λ > 0.
    dropout
        In [0,1): share p of a history thought missing, which adds p / (1 − p) of its own count to a
        module's λ.

    References
    ----------
    Steck (2019), "Embarrassingly shallow autoencoders for sparse data", eq. 8; with dropout Steck
    (2020), "Autoencoders that don't overfit towards the identity", eq. 9.
    """
    regular = regularize(gram, regularization, dropout)
    factorise, invert = linalg.get_lapack_funcs(("potrf", "potri"), (regular,))
    # The transpose is the same matrix in the order LAPACK works in, without a copy.
    factor, failed = factorise(regular.T, lower=1, overwrite_a=1)
    inverse, _ = invert(factor, lower=1, overwrite_c=1)
    if failed:
        raise linalg.LinAlgError("the gram matrix is not positive definite")
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights, dtype=np.float32)


def regularize(
    gram: NDArray[np.floating], regularization: float, dropout: float
) -> NDArray[np.floating]:
    """Return a copy with the modules' `penalties` added to the diagonal."""
    regular = gram.copy()
    places = np.diag_indices_from(regular)
    regular[places] += penalties(regular[places], regularization, dropout)
    return regular


def penalties(
    own: NDArray[np.floating], regularization: float, dropout: float
) -> NDArray[np.floating]:
    """Return λ and p / (1 − p) of a module's own count, of the shape of `own`."""
    return regularization + dropout / (1.0 - dropout) * own


def fit_cosine(gram: sparse.csr_array, shrinkage: float) -> sparse.csr_array:
    """Return cosines of modules over learners, shrunk where few learners met them.

    References
    ----------
    Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering".
    """
    norm = np.sqrt(gram.diagonal() + shrinkage)
    pairs = gram.tocoo()
    row, column = pairs.coords
    # Only modules that somebody met are in a pair.
    cosine = pairs.data / (norm[row] * norm[column])
    return sparse.csr_array((np.where(row == column, 0.0, cosine), (row, column)), gram.shape)


def count_transitions(
    sequences: Sequences, n_modules: int, *, longest_gap: int, decay: float
) -> sparse.csr_array:
    """Count how often one module was followed by another, decayed by the gap between them.

    Parameters
    ----------
    sequences
        n learners.
    n_modules
        Size of the result.
    longest_gap
        1 counts direct successors only.
    decay
        Weight of a gap g is decay^(g − 1).

    Returns
    -------
    float32, (n_modules, n_modules): from row to column.
    """
    shape = (n_modules, n_modules)
    counts = sparse.csr_array(shape, dtype=np.float32)
    module, learner = sequences.module, sequences.learner
    for gap in range(1, longest_gap + 1):
        together = learner[gap:] == learner[:-gap]
        pairs = module[:-gap][together], module[gap:][together]
        weight = np.full(len(pairs[0]), decay ** (gap - 1), dtype=np.float32)
        counts += sparse.csr_array((weight, pairs), shape)
    return counts


def normalise_rows(counts: sparse.csr_array, shrinkage: float) -> sparse.csr_array:
    """Turn counts into shares of their row, float32, shrunk where the row is short."""
    totals = np.repeat(counts.sum(axis=1) + np.float32(shrinkage), np.diff(counts.indptr))
    return sparse.csr_array((counts.data / totals, counts.indices, counts.indptr), counts.shape)
