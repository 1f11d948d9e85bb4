"""Many tests at once: p-values adjusted so that chance alone rarely rejects any of them."""

import numpy as np
from numpy.typing import NDArray


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust the p-values of one family; any dependence between the tests is allowed.

    Parameters
    ----------
    p_values
        float64, (n,), in [0,1].

    Returns
    -------
    ndarray
        float64, (n,): the k-th smallest of n is multiplied by n − k + 1, never below a smaller
        one's. Rejecting those under α wrongly rejects anything at all with probability ≤ α.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal
    of Statistics 6.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    raised = np.maximum.accumulate(np.minimum(1.0, p_values[order] * factors))
    adjusted = np.empty(len(p_values))
    adjusted[order] = raised
    return adjusted
