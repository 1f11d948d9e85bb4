"""Ridge regressions of each module upon its neighbours alone, for large catalogues."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from features.score.ranking.weights import among_largest

N_NEIGHBOURS = 100
N_COMMON = 4_096


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
    blocks = _Blocks(gram)
    for start, end in pairwise(near.indptr.tolist()):
        if start == end:
            continue
        modules = near.indices[start:end]
        system = blocks.of(modules)
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


class _Blocks:
    """Small square parts of a large symmetric sparse matrix.

    The `N_COMMON` fullest rows, which most neighbourhoods reach into, are laid out among one
    another: to walk along them again and again would take most of the time.
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        common = np.argsort(-np.diff(matrix.indptr), kind="stable")[:N_COMMON]
        self.matrix = matrix
        self.laid_out = matrix[common][:, common].toarray()
        self.place = np.full(matrix.shape[0], -1)
        self.place[common] = np.arange(len(common))

    def of(self, rows: NDArray[np.integer]) -> NDArray[np.floating]:
        """Return the matrix of these rows and columns, (n, n)."""
        block = np.empty((len(rows), len(rows)), dtype=self.matrix.dtype)
        place = self.place[rows]
        is_rare = place < 0
        common = np.flatnonzero(~is_rare)
        block[np.ix_(common, common)] = self.laid_out[np.ix_(place[common], place[common])]
        rare = self.matrix[rows[is_rare]][:, rows].toarray()
        block[is_rare], block[:, is_rare] = rare, rare.T
        return block
