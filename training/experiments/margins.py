"""Guardrails by non-inferiority, and goals by Holm over metrics × arms.

References
----------
Piaggio, G. et al. (2012). Reporting of noninferiority and equivalence randomized trials. JAMA 308.
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of
Statistics 6.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from features.domain.errors import InvalidValueError
from training.experiments.results import Difference
from training.holm import holm


class Guardrail(StrEnum):
    """What is known of a guardrail."""

    HELD = "held"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class NonInferiority:
    """A guardrail judged.

    Attributes
    ----------
    verdict
        Held where the interval lies above −margin, broken where below, unknown where it spans it.
    p_value
        One-sided, against the arm being worse by the margin or more.
    """

    verdict: Guardrail
    p_value: float


def non_inferiority(
    difference: Difference,
    margin: float,
    *,
    higher_is_better: bool,
    interval: tuple[float, float] | None = None,
) -> NonInferiority:
    """Judge whether an arm is not worse than the control by a margin fixed beforehand.

    Parameters
    ----------
    difference
        Absolute or relative, in the unit of the margin.
    margin
        How much worse is still borne, ≥ 0.
    higher_is_better
        Whether more of the metric is good.
    interval
        Low and high that judge instead of the difference's own, such as always-valid ones.

    Raises
    ------
    InvalidValueError
        The margin is negative or not a number.
    """
    if not margin >= 0.0:
        raise InvalidValueError(f"margin: {margin} must be a number of at least 0")
    low, high = interval or (difference.low, difference.high)
    value = difference.value
    if not higher_is_better:
        low, high, value = -high, -low, -value
    verdict = Guardrail.UNKNOWN
    if low > -margin:
        verdict = Guardrail.HELD
    elif high < -margin:
        verdict = Guardrail.BROKEN
    excess = (value + margin) / difference.standard_error
    return NonInferiority(verdict=verdict, p_value=float(stdtr(difference.degrees, -excess)))


def adjust_goals(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust the p-values of goal metrics × arms as one family by Holm.

    Parameters
    ----------
    p_values
        float64, (n_metrics, n_arms), in [0,1]; NaN where nothing can be told yet: such a test
        stays NaN and still counts, so that a result does not lose when it comes.

    Returns
    -------
    ndarray
        The same shape.
    """
    unknown = np.isnan(p_values)
    adjusted = holm(np.where(unknown, 1.0, p_values).ravel()).reshape(p_values.shape)
    return np.where(unknown, np.nan, adjusted)
