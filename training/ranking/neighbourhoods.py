"""Ridge regressions of each module upon its neighbours alone, for large catalogues."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from features.score.ranking.weights import among_largest

N_NEIGHBOURS = 200


def regress_on_neighbours(
    gram: sparse.csr_array, target: sparse.csr_array, penalties: Sequence[NDArray[np.floating]]
) -> list[sparse.csr_array]:
    """Solve (XᵀX + Λ)·B = XᵀY column by column, in the rows of the column's neighbours alone.

    They are the up to `N_NEIGHBOURS` modules i with the largest XᵀY[i] / √XᵀX[i, i] above 0; all
    other weights are 0.

    Parameters
    ----------
    gram
        XᵀX, (n_modules, n_modules), with a diagonal above 0 in every row that `target` has
        entries in; its precision is worked in.
    target
        XᵀY, (n_modules, n_modules), without a diagonal where no module may tell of itself.
    penalties
        (n_modules,) each, > 0: the diagonals Λ to solve with. To find the neighbours and what
        they have in common costs more than to solve, and is done once for all.

    Returns
    -------
    (n_modules, n_modules), one for each Λ.

    References
    ----------
    Steck (2019), "Markov random fields for collaborative filtering", section 3.2, which inverts the
    gram of each module's neighbours in place of the whole; Ning & Karypis (2011), "SLIM: sparse
    linear methods for top-N recommender systems", for neighbours by cosine.
    """
    near = _nearest(target, np.sqrt(gram.diagonal()))
    (solve,) = linalg.get_lapack_funcs(("posv",), (gram.data,))
    weights = [np.empty_like(near.data) for _ in penalties]
    for start, end in pairwise(near.indptr.tolist()):
        modules = near.indices[start:end]
        system = gram[modules][:, modules].toarray()
        for own, solved in zip(penalties, weights, strict=True):
            regular = system + np.diag(own[modules])
            _, solved[start:end], failed = solve(regular, near.data[start:end], overwrite_a=1)
            if failed:
                raise linalg.LinAlgError("the gram matrix is not positive definite")
    of_columns = (
        sparse.csr_array((solved, near.indices, near.indptr), near.shape) for solved in weights
    )
    return [sparse.csr_array(each.T) for each in of_columns]


def _nearest(target: sparse.csr_array, length: NDArray[np.floating]) -> sparse.csr_array:
    """Return the transpose of the target with the entries of neighbours alone."""
    columns = sparse.csr_array(target.T)
    near = among_largest(columns.data / length[columns.indices], columns.indptr, N_NEIGHBOURS)
    indptr = np.concatenate([[0], np.cumsum(near)])[columns.indptr]
    return sparse.csr_array((columns.data[near], columns.indices[near], indptr), columns.shape)
