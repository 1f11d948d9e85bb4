"""What another policy would have earned on the logged recommendations.

A recommendation adds to a sum above and one below; a value is their ratio, and learners, not
recommendations, are drawn again for its interval, since those of a learner resemble each other.

References
----------
Horvitz, D. G. & Thompson, D. J. (1952). A generalization of sampling without replacement from a
finite universe. JASA 47. (IPS)
Swaminathan, A. & Joachims, T. (2015). The self-normalized estimator for counterfactual learning.
NeurIPS. (SNIPS)
Dudík, M., Erhan, D., Langford, J. & Li, L. (2014). Doubly robust policy evaluation and
optimization. Statistical Science 29. (DM, DR)
Wang, Y.-X., Agarwal, A. & Dudík, M. (2017). Optimal and adaptive off-policy evaluation in
contextual bandits. ICML. (Switch-DR)
Su, Y., Dimakopoulou, M., Krishnamurthy, A. & Dudík, M. (2020). Doubly robust off-policy evaluation
with shrinkage. ICML. (DRos)
Field, C. A. & Welsh, A. H. (2007). Bootstrapping clustered data. JRSS B 69.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.logged import Floats, Logged, Support, require_support
from training.experiments.results import ALPHA
from training.experiments.slope import slope

# Times the square of the weight that a twentieth exceeds: what is usual shrinks by a tenth at most,
# so that shrinking is about rare weights, and a log without them is read as DR (∞) would.
SHRINKAGES = (10.0, 30.0, 100.0, 300.0, 1e3, float("inf"))
USUAL_SHARE = 0.95
SWITCHES = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, float("inf"))
N_RESAMPLES = 1000
AT_ONCE = 50  # resamples held in memory


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What each recommendation adds above and below, float64, (n,) each."""

    above: Floats
    below: Floats

    @property
    def value(self) -> float:
        """Σ above ÷ Σ below; CannotTellError where nothing is below, as with weights of nought."""
        below = float(self.below.sum())
        if below == 0.0:
            raise CannotTellError("replay: the other policy chooses nothing that was logged")
        return float(self.above.sum()) / below


@dataclass(frozen=True, kw_only=True)
class PolicyValue:
    """What a policy earns a recommendation, by one estimator.

    Attributes
    ----------
    value, low, high
        In the metric's unit; the interval from resampled learners (percentiles).
    gain, gain_low, gain_high
        Less what the logged policy earned, on the same resamples.
    parameter
        Chosen by SLOPE: λ of DRos, the largest weight of Switch-DR; None for others.
    """

    value: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float
    parameter: float | None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """The other policy by every estimator.

    Attributes
    ----------
    support
        What the log can bear.
    logged_value
        What the logged policy earned a recommendation.
    values
        By estimator: `ips`, `snips`, `dm`, `dr`, `switch_dr`, `dros`. The direct method has the
        model's bias, which its interval does not show.
    """

    support: Support
    logged_value: float
    values: Mapping[str, PolicyValue]


def replay(
    logged: Logged,
    rng: np.random.Generator,
    n_resamples: int = N_RESAMPLES,
    alpha: float = ALPHA,
) -> Replay:
    """Estimate what the other policy would have earned.

    Parameters
    ----------
    logged
        The log, with the other policy's probabilities.
    rng
        Draws the learners of resamples.
    n_resamples
        How often learners are drawn again, ≥ 2.
    alpha
        One minus the level of intervals, in (0,1).

    Raises
    ------
    ReplayRefusedError
        The log cannot support the answer; the detail says why.
    CannotTellError
        All recommendations are one learner's.
    """
    support = require_support(logged)
    if support.n_learners < 2:
        raise CannotTellError("replay: all recommendations are one learner's; wait for others")
    switch, shrinkage = choose_switch(logged), choose_shrinkage(logged)
    chosen = {
        "ips": (ips(logged), None),
        "snips": (snips(logged), None),
        "dm": (direct(logged), None),
        "dr": (doubly_robust(logged), None),
        "switch_dr": (switch_doubly_robust(logged, switch), switch),
        "dros": (shrunk_doubly_robust(logged, shrinkage), shrinkage),
    }
    earned = _each(logged.reward)
    drawn = _resample(logged, [earned, *(terms for terms, _ in chosen.values())], rng, n_resamples)
    values = {
        name: _policy_value(terms.value, earned.value, drawn[:, [place, 0]], parameter, alpha)
        for place, (name, (terms, parameter)) in enumerate(chosen.items(), start=1)
    }
    return Replay(support=support, logged_value=earned.value, values=values)


def ips(logged: Logged) -> Terms:
    """Inverse propensity scores: w·r."""
    return _each(logged.weight * logged.reward)


def snips(logged: Logged) -> Terms:
    """Self-normalised: Σ w·r ÷ Σ w."""
    return Terms(above=logged.weight * logged.reward, below=logged.weight)


def direct(logged: Logged) -> Terms:
    """Believe the model: what it expects of the other policy."""
    return _each(logged.modelled_target)


def doubly_robust(logged: Logged) -> Terms:
    """Add the model's weighted errors to the direct method: q̂(π) + w·(r − q̂)."""
    return _corrected(logged, logged.weight)


def switch_doubly_robust(logged: Logged, largest: float) -> Terms:
    """Be doubly robust where w ≤ largest (> 0), and believe the model beyond."""
    _above_zero(largest, "largest")
    return _corrected(logged, np.where(logged.weight <= largest, logged.weight, 0.0))


def shrunk_doubly_robust(logged: Logged, shrinkage: float) -> Terms:
    """Be doubly robust with weights λw ÷ (w² + λ) (DRos), λ > 0; ∞ shrinks nothing.

    Raises
    ------
    InvalidValueError
        λ is not above 0: at 0 it would silently be the direct method.
    """
    _above_zero(shrinkage, "shrinkage")
    return _corrected(logged, logged.weight / (logged.weight**2 / shrinkage + 1.0))


def choose_switch(logged: Logged) -> float:
    """Choose the largest weight of Switch-DR by SLOPE over `SWITCHES`."""
    terms = [switch_doubly_robust(logged, largest) for largest in SWITCHES]
    return SWITCHES[_believed(logged, terms)]


def choose_shrinkage(logged: Logged) -> float:
    """Choose λ of DRos by SLOPE over `SHRINKAGES`, which follow the weights of the log."""
    usual = float(np.quantile(logged.weight, USUAL_SHARE))
    if usual == 0.0:
        return float("inf")
    shrinkages = [share * usual**2 for share in SHRINKAGES]
    terms = [shrunk_doubly_robust(logged, shrinkage) for shrinkage in shrinkages]
    return shrinkages[_believed(logged, terms)]


def standard_error(logged: Logged, terms: Terms) -> float:
    """Return the standard error of a value, learners being the unit, by the delta method."""
    errors = (terms.above - terms.value * terms.below) / terms.below.sum()
    _, place = np.unique(logged.learner, return_inverse=True)
    by_learner = np.bincount(place, weights=errors)
    n = len(by_learner)
    if n < 2:
        raise CannotTellError("replay: all recommendations are one learner's; wait for others")
    return float(np.sqrt(n / (n - 1) * np.sum(by_learner**2)))


def _believed(logged: Logged, terms: list[Terms]) -> int:
    reach = float(stats.norm.ppf(1.0 - ALPHA / 2.0))
    widths = np.array([reach * standard_error(logged, one) for one in terms])
    return slope(np.array([one.value for one in terms]), widths)


def _corrected(logged: Logged, weight: Floats) -> Terms:
    return _each(logged.modelled_target + weight * (logged.reward - logged.modelled_logged))


def _each(values: Floats) -> Terms:
    return Terms(above=values, below=np.ones(len(values)))


def _resample(
    logged: Logged, terms: list[Terms], rng: np.random.Generator, n_resamples: int
) -> Floats:
    """Return the values of resampled learners, (n_resamples, n_terms)."""
    _, place = np.unique(logged.learner, return_inverse=True)
    n = int(place.max()) + 1
    columns = [column for one in terms for column in (one.above, one.below)]
    sums = np.stack([np.bincount(place, weights=column) for column in columns], axis=1)
    drawn = [
        rng.multinomial(n, np.full(n, 1.0 / n), size=min(AT_ONCE, n_resamples - start)) @ sums
        for start in range(0, n_resamples, AT_ONCE)
    ]
    totals = np.concatenate(drawn)
    return np.asarray(totals[:, 0::2] / totals[:, 1::2])


def _policy_value(
    value: float, earned: float, drawn: Floats, parameter: float | None, alpha: float
) -> PolicyValue:
    ends = [alpha / 2.0, 1.0 - alpha / 2.0]
    low, high = np.quantile(drawn[:, 0], ends)
    gain_low, gain_high = np.quantile(drawn[:, 0] - drawn[:, 1], ends)
    return PolicyValue(
        value=value,
        low=float(low),
        high=float(high),
        gain=value - earned,
        gain_low=float(gain_low),
        gain_high=float(gain_high),
        parameter=parameter,
    )


def _above_zero(value: float, name: str) -> None:
    if not value > 0.0:
        raise InvalidValueError(f"{name}: {value} is not above 0")
