"""Implicit ALS, fitted by the library `implicit`."""

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.encode.sequences import Sequences
from features.score.ranking.factors import FactorFoldIn
from training.ranking.linear import learners_by_modules


def fit_als(
    sequences: Sequences,
    n_modules: int,
    *,
    n_factors: int,
    regularization: float,
    confidence: float,
    seed: int,
) -> FactorFoldIn:
    """Factorise histories and keep what folding learners in needs.

    Parameters
    ----------
    sequences
        At least one learner and one module.
    n_modules
        Columns.
    n_factors
        Capped below the smaller side of the matrix.
    regularization, confidence
        λ > 0 and the weight of an observed module (`alpha` of the library).
    seed
        Of the initial factors.

    References
    ----------
    Hu, Koren & Volinsky (2008); Rendle, Krichene, Zhang & Koren (2022), "Revisiting the performance
    of iALS on item recommendation benchmarks", for how much tuning matters.
    """
    # Imported here because the library reads the number of threads when it is imported.
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415

    rows = sparse.csr_matrix(learners_by_modules(sequences, n_modules), dtype=np.float32)
    n_factors = max(1, min(n_factors, min(rows.shape) - 1))
    # The library warns of other threads where a model is made, not only where it is fitted.
    with threadpool_limits(1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=n_factors,
            regularization=regularization,
            alpha=confidence,
            random_state=seed,
            num_threads=1,
        )
        model.fit(rows, show_progress=False)
    return FactorFoldIn(
        factors=np.asarray(model.item_factors, dtype=np.float32),
        regularization=regularization,
        confidence=confidence,
    )
