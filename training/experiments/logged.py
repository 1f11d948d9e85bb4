"""Logged recommendations beside another policy's probabilities, and whether they can speak for it.

References
----------
Kong, A., Liu, J. S. & Wong, W. H. (1994). Sequential imputations and Bayesian missing data
problems. JASA 89. (effective sample size)
Li, L., Chu, W., Langford, J. & Wang, X. (2011). Unbiased offline evaluation of contextual-bandit-
based news article recommendation algorithms. WSDM. (what a log must hold; mean weight 1)
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import CannotTellError, InvalidValueError, ReplayRefusedError

Floats = NDArray[np.float64]
LEAST_EFFECTIVE = 1000.0
MEAN_WEIGHT_LOW, MEAN_WEIGHT_HIGH = 0.95, 1.05


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One row a recommendation, whatever was chosen there: a module, or a slate.

    Attributes
    ----------
    learner
        Integers, (n,), whose it was; any numbers.
    reward
        float64, (n,): what it earned, in the metric's unit.
    propensity
        float64, (n,), in (0,1]: the logging policy's probability of what was chosen.
    target
        float64, (n,), in [0,1]: the other policy's probability of the same.
    modelled_logged
        float64, (n,): the reward expected of what was chosen, by a model fitted on other learners
        (cross-fitted); zeros without a model.
    modelled_target
        float64, (n,): the reward expected of the other policy, Σ over candidates of its
        probability times the model's.
    """

    learner: NDArray[np.integer]
    reward: Floats
    propensity: Floats
    target: Floats
    modelled_logged: Floats
    modelled_target: Floats

    def __post_init__(self) -> None:
        n = len(self.learner)
        columns = ("reward", "propensity", "target", "modelled_logged", "modelled_target")
        for name in columns:
            values = getattr(self, name)
            if len(values) != n or not np.isfinite(values).all():
                raise InvalidValueError(f"{name}: needs a finite number for each of {n} rows")
        if np.any(self.propensity <= 0.0) or np.any(self.propensity > 1.0):
            raise InvalidValueError("propensity: each must be above 0 and at most 1")
        if np.any(self.target < 0.0) or np.any(self.target > 1.0):
            raise InvalidValueError("target: each must be between 0 and 1")
        if n == 0:
            raise CannotTellError("replay: nothing is logged yet")

    @property
    def weight(self) -> Floats:
        """Target ÷ propensity, (n,)."""
        return self.target / self.propensity


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The candidates of each recommendation, padded to the longest list.

    Attributes
    ----------
    chosen
        Integers, (n,): the column that was chosen.
    target
        float64, (n, n_candidates): the other policy's probabilities, rows summing to 1; 0 where a
        list is shorter.
    modelled
        float64, (n, n_candidates): expected rewards by a cross-fitted model; finite everywhere.
    """

    chosen: NDArray[np.integer]
    target: Floats
    modelled: Floats


@dataclass(frozen=True, kw_only=True)
class Support:
    """How far a log supports another policy.

    Attributes
    ----------
    n, n_learners
        Recommendations, and the learners they were given to.
    effective_n
        (Σw)² ÷ Σw²: how many of the other policy's own recommendations they are worth.
    mean_weight, largest_weight
        Of w; the mean is 1 where both policies chose among the same.
    overlap
        Mean of min(w, 1): the probability the two policies share, 1 less their total variation.
    refusal
        Why the log cannot answer; None where it can.
    """

    n: int
    n_learners: int
    effective_n: float
    mean_weight: float
    largest_weight: float
    overlap: float
    refusal: str | None


def log_candidates(
    learner: NDArray[np.integer], reward: Floats, propensity: Floats, candidates: Candidates
) -> Logged:
    """Take from the candidates what the estimators need.

    Parameters
    ----------
    learner, reward, propensity
        As in `Logged`, (n,).
    candidates
        Their lists.

    Raises
    ------
    InvalidValueError
        Rows of the target policy do not sum to 1, or the arrays do not fit.
    """
    if not np.allclose(candidates.target.sum(axis=1), 1.0, rtol=0.0, atol=1e-6):
        raise InvalidValueError("target: the probabilities of a list must sum to 1")
    rows = np.arange(len(candidates.chosen))
    return Logged(
        learner=learner,
        reward=reward,
        propensity=propensity,
        target=candidates.target[rows, candidates.chosen],
        modelled_logged=candidates.modelled[rows, candidates.chosen],
        modelled_target=np.sum(candidates.target * candidates.modelled, axis=1),
    )


def support_of(logged: Logged) -> Support:
    """Measure the support, and say why not where it is too little."""
    weight = logged.weight
    squares = float(weight @ weight)
    effective = float(weight.sum()) ** 2 / squares if squares > 0.0 else 0.0
    mean = float(weight.mean())
    return Support(
        n=len(weight),
        n_learners=len(np.unique(logged.learner)),
        effective_n=effective,
        mean_weight=mean,
        largest_weight=float(weight.max()),
        overlap=float(np.minimum(weight, 1.0).mean()),
        refusal=_refusal(logged, effective, mean),
    )


def require_support(logged: Logged) -> Support:
    """Return the support.

    Raises
    ------
    ReplayRefusedError
        The log was deterministic, its effective size is under `LEAST_EFFECTIVE`, or its mean weight
        is outside `MEAN_WEIGHT_LOW`–`MEAN_WEIGHT_HIGH`.
    """
    support = support_of(logged)
    if support.refusal is not None:
        raise ReplayRefusedError(support.refusal)
    return support


def _refusal(logged: Logged, effective: float, mean: float) -> str | None:
    if np.all(logged.propensity == 1.0):
        return (
            "the logged policy was deterministic: what it never chose cannot be learned from its "
            "log; let it explore"
        )
    if effective < LEAST_EFFECTIVE:
        return (
            f"the log is worth {effective:.0f} recommendations of this policy, "
            f"{LEAST_EFFECTIVE:.0f} are needed; log more, or try a policy nearer to the logged one"
        )
    if not MEAN_WEIGHT_LOW <= mean <= MEAN_WEIGHT_HIGH:
        return (
            f"the mean weight is {mean:.3f}, not {MEAN_WEIGHT_LOW}–{MEAN_WEIGHT_HIGH}: the policy "
            "chooses what was never logged, propensities are wrong, or the log is still short"
        )
    return None
