"""SLOPE: which of several estimators to believe, when bias falls as variance rises.

References
----------
Su, Y., Srinath, P. & Krishnamurthy, A. (2020). Adaptive estimator selection for off-policy
evaluation. ICML. (the rule and its constant √6 − 1)
Lepski, O. V. & Spokoiny, V. G. (1997). Optimal pointwise adaptive methods in nonparametric
estimation. Annals of Statistics 25.
"""

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError

NEARNESS = float(np.sqrt(6.0) - 1.0)


def slope(values: NDArray[np.float64], widths: NDArray[np.float64]) -> int:
    """Return the place of the estimate to believe.

    Parameters
    ----------
    values, widths
        float64, (n,), n ≥ 1: estimates of one number, and the half-widths of their intervals, ≥ 0;
        the wider, the less biased.

    Returns
    -------
    int
        The narrowest estimate whose like, and all wider ones, agree: going from wide to narrow, the
        last before |value − wider value| > width + (√6 − 1)·wider width for some wider one.

    Raises
    ------
    InvalidValueError
        There is none, or a number is not finite.
    """
    if len(values) == 0 or not (np.isfinite(values).all() and np.isfinite(widths).all()):
        raise InvalidValueError("values, widths: give one finite number each, for one or more")
    order = np.argsort(-widths, kind="stable")
    values, widths = values[order], widths[order]
    for place in range(1, len(order)):
        apart = np.abs(values[:place] - values[place])
        if np.any(apart > widths[place] + NEARNESS * widths[:place]):
            return int(order[place - 1])
    return int(order[-1])
