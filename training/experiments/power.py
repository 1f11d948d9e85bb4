"""What an experiment of a size can find, and what size finds an effect.

References
----------
Cohen, J. (1988). Statistical power analysis for the behavioral sciences.
Eldridge, S. M., Ashby, D. & Kerry, S. (2006). Sample size for cluster randomized trials: effect of
coefficient of variation of cluster size and analysis method. International Journal of Epidemiology
35. (design effect)
Donner, A. & Klar, N. (2000). Design and analysis of cluster randomization trials in health
research. (intraclass correlation by analysis of variance)
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.results import ALPHA
from training.experiments.rows import Rows, cluster_sums
from training.experiments.sequential import half_width

POWER = 0.8
LARGEST = 1e12  # rows: beyond it an effect counts as not to be found


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is fixed about an experiment before its size.

    Attributes
    ----------
    standard_deviation
        Of a learner's value, > 0, from history; after CUPED, times √(1 − correlation²).
    treatment_share
        Of the learners of both arms, in (0,1).
    design_effect
        By how much clusters raise the variance, ≥ 1 as a rule; 1 without clusters.
    always_valid
        Whether results are read by always-valid intervals, which need more.
    alpha
        In (0,1).
    """

    standard_deviation: float
    treatment_share: float = 0.5
    design_effect: float = 1.0
    always_valid: bool = False
    alpha: float = ALPHA

    def __post_init__(self) -> None:
        if not self.standard_deviation > 0.0:
            raise CannotTellError("history: the metric has no variance, so no size can be planned")
        if not (0.0 < self.treatment_share < 1.0 and 0.0 < self.alpha < 1.0):
            raise InvalidValueError("treatment_share, alpha: must be between 0 and 1")
        if not self.design_effect > 0.0:
            raise InvalidValueError("design_effect: must be above 0")


def power_of(design: Design, n: float, effect: float) -> float:
    """Return the probability that n learners of both arms show an effect.

    Parameters
    ----------
    design
        What is fixed.
    n
        Learners of both arms, > 2 × the design effect.
    effect
        The true difference, in the metric's unit; its sign does not matter.

    Returns
    -------
    float
        Of Student's t (noncentral, as statsmodels has it) with n less two degrees, n being divided
        by the design effect; or of leaving the always-valid interval at the planned end.
    """
    effective = n / design.design_effect
    shares = design.treatment_share * (1.0 - design.treatment_share)
    shift = abs(effect) / design.standard_deviation * math.sqrt(effective * shares)
    if design.always_valid:
        reach = _sequential_reach(design.alpha)
        return float(stats.norm.cdf(shift - reach) + stats.norm.cdf(-shift - reach))
    degrees = effective - 2.0
    if degrees <= 0.0:
        raise CannotTellError(f"power: {n:g} learners are too few; plan more than two an arm")
    reach = float(stats.t.ppf(1.0 - design.alpha / 2.0, degrees))
    return float(stats.nct.sf(reach, degrees, shift) + stats.nct.cdf(-reach, degrees, shift))


def planned_size(design: Design, effect: float, power: float = POWER) -> int:
    """Return how many learners of both arms find an effect with a power.

    Raises
    ------
    InvalidValueError
        The effect is 0, or the power not between alpha and 1.
    CannotTellError
        No size up to `LARGEST` would.
    """
    _check_power(design, power)
    if effect == 0.0 or not math.isfinite(effect):
        raise InvalidValueError("effect: must be a number other than 0")
    least = 2.0 * design.design_effect * (1.0 + 1e-6) + 1.0

    def missing(n: float) -> float:
        return power_of(design, n, effect) - power

    if missing(least) >= 0.0:
        return math.ceil(least)
    most = least
    while missing(most) < 0.0:
        most *= 2.0
        if most > LARGEST:
            raise CannotTellError("effect: too small for any number of learners to show")
    return math.ceil(float(optimize.brentq(missing, most / 2.0, most, xtol=1e-6)))


def minimum_detectable_effect(design: Design, n: float, power: float = POWER) -> float:
    """Return the least difference, in the metric's unit, that n learners show with a power.

    Raises
    ------
    InvalidValueError
        The power is not between alpha and 1.
    CannotTellError
        n is too small.
    """
    _check_power(design, power)
    power_of(design, n, 0.0)
    most = design.standard_deviation / math.sqrt(n)
    while power_of(design, n, most) < power:
        most *= 2.0
    return float(optimize.brentq(lambda effect: power_of(design, n, effect) - power, 0.0, most))


def weeks_needed(n: float, n_per_week: float, maturity_days: float = 0.0) -> float:
    """Return how many weeks until n learners have come in and their outcomes are mature."""
    if not n_per_week > 0.0:
        raise CannotTellError("arrivals: nobody comes in; widen eligibility or coverage")
    return n / n_per_week + maturity_days / 7.0


def design_effect(sizes: NDArray[np.integer], correlation: float) -> float:
    """Return by how much clusters raise the variance of a mean.

    Parameters
    ----------
    sizes
        Integers, (n_clusters,), learners of each, ≥ 1.
    correlation
        Intraclass, at most 1.

    Returns
    -------
    float
        1 + ((cv² + 1)·mean size − 1)·correlation, cv being that of the sizes.
    """
    whole = np.asarray(sizes, dtype=np.float64)
    if len(whole) == 0:
        raise CannotTellError("clusters: there are none")
    return float(1.0 + (np.mean(whole**2) / np.mean(whole) - 1.0) * correlation)


def intraclass_correlation(values: Rows, clusters: NDArray[np.integer]) -> float:
    """Estimate how alike learners of a cluster are, by one-way analysis of variance.

    Parameters
    ----------
    values
        float64, (n,), of each learner.
    clusters
        Integers, (n,), any numbers.

    Returns
    -------
    float
        (MSB − MSW) ÷ (MSB + (m₀ − 1)·MSW), at least 0, m₀ the adjusted mean size.

    Raises
    ------
    CannotTellError
        One cluster, no cluster with two learners, or no variance.
    """
    sums, sizes = cluster_sums(values, clusters)
    n, n_clusters = len(values), len(sizes)
    if n_clusters < 2 or n == n_clusters:
        raise CannotTellError("clusters: two are needed, one of them with two learners")
    means = sums / sizes
    between = float(sizes @ (means - values.mean()) ** 2) / (n_clusters - 1)
    all_squares = float(np.sum((values - values.mean()) ** 2))
    within = max(all_squares - between * (n_clusters - 1), 0.0) / (n - n_clusters)
    usual = (n - float(sizes @ sizes) / n) / (n_clusters - 1)
    total = between + (usual - 1.0) * within
    if total <= 0.0:
        raise CannotTellError("history: the metric has no variance")
    return max((between - within) / total, 0.0)


def _sequential_reach(alpha: float) -> float:
    """Return how many standard errors the sequence is wide at the planned size."""
    return float(half_width(1.0, 1, 1, alpha))


def _check_power(design: Design, power: float) -> None:
    if not design.alpha < power < 1.0:
        raise InvalidValueError(f"power: {power} must be between alpha and 1")
