"""How long the rest of a pathway will take, from the learner's own pace.

References
----------
Gelman, A. et al. (2013). Bayesian Data Analysis, 3rd ed., 2.6 (the gamma–Poisson model): with a
rate λ ~ Gamma(a, b), the waiting time T for n further events is b times a beta-prime variable,
that is, T / (T + b) ~ Beta(n, a).
"""

import numpy as np
from scipy.special import betaincinv

from features.domain.instants import SECONDS_PER_DAY
from features.domain.journey import Projection
from features.encode.learner import LearnerArrays

# Before anything is known of a pace: one module a week, believed as much as two weeks of watching.
PRIOR_MODULES, PRIOR_DAYS = 2.0, 14.0
# Older habits say less about the present pace.
OBSERVED_DAYS = 180.0
INTERVAL = (0.1, 0.5, 0.9)
LEAST_CHANCE = 0.2


def project(arrays: LearnerArrays, p_success: list[float], now_seconds: float) -> Projection:
    """Project the time until as many more modules are done.

    Parameters
    ----------
    arrays
        The learner; modules done within `OBSERVED_DAYS` tell the pace.
    p_success
        One a module that is left, in [0,1]; a module counts 1/p attempts, at most
        1/`LEAST_CHANCE`.
    now_seconds
        Seconds since 1970.
    """
    if not p_success:
        return Projection(median_days=0.0, low_days=0.0, high_days=0.0)
    n_left = float(np.sum(1.0 / np.maximum(p_success, LEAST_CHANCE)))
    n_done, days = _pace(arrays, now_seconds)
    shape, rate = PRIOR_MODULES + n_done, PRIOR_DAYS + days
    share = betaincinv(n_left, shape, np.array(INTERVAL))
    low, median, high = (rate * share / (1.0 - share)).tolist()
    return Projection(median_days=median, low_days=low, high_days=high)


def _pace(arrays: LearnerArrays, now_seconds: float) -> tuple[float, float]:
    """Return how many modules were done in how many days of watching."""
    log = arrays.log
    if not log.is_timed or len(log) == 0:
        return 0.0, 0.0
    watched = min((now_seconds - float(log.at_seconds[0])) / SECONDS_PER_DAY, OBSERVED_DAYS)
    recent = arrays.done_at_seconds >= now_seconds - OBSERVED_DAYS * SECONDS_PER_DAY
    return float(recent.sum()), max(watched, 0.0)
