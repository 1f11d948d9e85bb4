"""Linear module-to-module models learned from sequences."""

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from features.encode.sequences import Sequences
from features.score.ranking.weights import Recency


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
) -> NDArray[np.float32]:
    """Return how many learners met both modules, (n_modules, n_modules).

    A learner with n modules counts n^−`length_power`; a pair makes n² of the entries, so that
    without it the few longest histories speak for everyone.
    """
    rows = learners_by_modules(sequences, n_modules)
    if length_power:
        weight = np.maximum(sequences.lengths, 1.0) ** -length_power
        weighted = sparse.diags_array(weight.astype(np.float32)) @ rows
    else:
        weighted = rows
    gram: NDArray[np.float32] = (rows.T @ weighted).toarray()
    return gram


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
    """Return a copy with λ and p / (1 − p) of itself added to the diagonal."""
    regular = gram.copy()
    places = np.diag_indices_from(regular)
    regular[places] += regularization + dropout / (1.0 - dropout) * regular[places]
    return regular


def fit_cosine(gram: NDArray[np.float32], shrinkage: float) -> NDArray[np.float32]:
    """Return cosines of modules over learners, shrunk where few learners met them.

    References
    ----------
    Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering".
    """
    # A module nobody met has no likeness to any; the 1 only keeps 0/0 away.
    norm = np.sqrt(np.maximum(np.diag(gram), 1.0) + shrinkage)
    cosine = gram / np.outer(norm, norm)
    np.fill_diagonal(cosine, 0.0)
    return np.asarray(cosine, dtype=np.float32)


def count_transitions(
    sequences: Sequences, n_modules: int, *, longest_gap: int, decay: float
) -> NDArray[np.float32]:
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
    counts = np.zeros(n_modules * n_modules, dtype=np.float32)
    module, learner = sequences.module.astype(np.int64), sequences.learner
    for gap in range(1, longest_gap + 1):
        together = learner[gap:] == learner[:-gap]
        pair = module[:-gap][together] * n_modules + module[gap:][together]
        counts += decay ** (gap - 1) * np.bincount(pair, minlength=len(counts)).astype(np.float32)
    return counts.reshape(n_modules, n_modules)


def normalise_rows(counts: NDArray[np.float32], shrinkage: float) -> NDArray[np.float32]:
    """Turn counts into shares of their row, shrunk where the row is short."""
    totals = counts.sum(axis=1, keepdims=True) + shrinkage
    return np.asarray(counts / totals, dtype=np.float32)
