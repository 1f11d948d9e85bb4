"""Intervals and p-values that hold at every look at once: asymptotic confidence sequences.

References
----------
Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H. & Ramdas, A. (2024). Time-uniform central
limit theory and asymptotic confidence sequences. Annals of Statistics 52. (boundary, and ρ that
makes it tightest at a planned size)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError
from training.experiments.results import ALPHA, Difference


@dataclass(frozen=True, kw_only=True)
class AlwaysValid:
    """An interval and p-value that hold however often, and whenever, one looks."""

    low: float
    high: float
    p_value: float


def always_valid(
    difference: Difference, n: int, planned_n: int, alpha: float = ALPHA
) -> AlwaysValid:
    """Return the always-valid interval and p-value of an effect.

    Parameters
    ----------
    difference
        Absolute or relative.
    n, planned_n
        Rows of both arms now, and as planned before the start; > 0. Over clusters, clusters.
    alpha
        One minus the level, in (0,1).

    Raises
    ------
    InvalidValueError
        A size is not above 0, or alpha outside (0,1).
    """
    reach = float(half_width(difference.standard_error, n, planned_n, alpha))
    return AlwaysValid(
        low=difference.value - reach,
        high=difference.value + reach,
        p_value=float(
            always_valid_p(difference.value, difference.standard_error, n, planned_n, alpha)
        ),
    )


def half_width(
    standard_error: NDArray[np.float64] | float,
    n: NDArray[np.integer] | int,
    planned_n: int,
    alpha: float = ALPHA,
) -> NDArray[np.float64]:
    """Return the half-width of the confidence sequence.

    Parameters
    ----------
    standard_error
        Of the effect after n rows; float64, any shape, or a number.
    n
        Rows of both arms, the same shape, > 0.
    planned_n
        Where the sequence is tightest, > 0; to be fixed before the start.
    alpha
        One minus the level, in (0,1).

    Returns
    -------
    ndarray
        σ̂√n · √(2(nρ² + 1)/(n²ρ²) · ln(√(nρ² + 1)/α)), in the unit of the effect, with
        ρ² = (−2 ln α + ln(1 − 2 ln α)) ÷ planned_n and σ̂ the standard error.
    """
    mixed = _mixed(n, planned_n, alpha)
    reach = 2.0 * (mixed + 1.0) / mixed * np.log(np.sqrt(mixed + 1.0) / alpha)
    return np.asarray(standard_error * np.sqrt(reach))


def always_valid_p(
    value: NDArray[np.float64] | float,
    standard_error: NDArray[np.float64] | float,
    n: NDArray[np.integer] | int,
    planned_n: int,
    alpha: float = ALPHA,
) -> NDArray[np.float64]:
    """Return the p-value of the same sequence: the least level whose boundary leaves out 0.

    Parameters
    ----------
    value, standard_error
        The effect and its standard error after n rows; float64, any shape, or numbers.
    n, planned_n, alpha
        As in `half_width`; alpha only sets ρ, which may not hang on the data.

    Returns
    -------
    ndarray
        min(1, √(nρ² + 1) · exp(−nρ²z²/(2(nρ² + 1)))), z = value ÷ standard error. It is under
        alpha exactly where the interval leaves out 0.
    """
    mixed = _mixed(n, planned_n, alpha)
    z_squared = (value / np.asarray(standard_error)) ** 2
    likelihood = np.log(mixed + 1.0) / 2.0 - mixed * z_squared / (2.0 * (mixed + 1.0))
    return np.asarray(np.exp(np.minimum(likelihood, 0.0)))


def _mixed(n: NDArray[np.integer] | int, planned_n: int, alpha: float) -> NDArray[np.float64]:
    """Return nρ²."""
    if not 0.0 < alpha < 1.0:
        raise InvalidValueError(f"alpha: {alpha} is not between 0 and 1")
    if planned_n <= 0 or np.any(np.asarray(n) <= 0):
        raise InvalidValueError("n, planned_n: sizes must be above 0; plan the size first")
    twice = -2.0 * np.log(alpha)
    return np.asarray(n, dtype=np.float64) * float(twice + np.log(1.0 + twice)) / planned_n
