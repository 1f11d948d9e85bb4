"""How good probabilities of success are."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.encode.ability import sigmoid

N_BINS = 15


def success_metrics(
    success: NDArray[np.float64], logits: NDArray[np.float64]
) -> dict[str, float | int | None]:
    """Return auc, log_loss, brier, ece and n_attempts; None where they have no meaning.

    Parameters
    ----------
    success
        float64, (n,), 0 or 1.
    logits
        float64, (n,), predicted log odds.
    """
    p = sigmoid(logits)
    known = len(success) > 0
    return {
        "auc": auc(success, logits),
        "log_loss": log_loss(success, logits) if known else None,
        "brier": float(np.mean((p - success) ** 2)) if known else None,
        "ece": calibration_error(success, p) if known else None,
        "n_attempts": len(success),
    }


def auc(success: NDArray[np.float64], scores: NDArray[np.float64]) -> float | None:
    """Return P(a success outranks a failure), ties counting half; None without both kinds."""
    n_wins = int(success.sum())
    n_fails = len(success) - n_wins
    if n_wins == 0 or n_fails == 0:
        return None
    ranks = rankdata(scores)
    return float((ranks[success > 0].sum() - n_wins * (n_wins + 1) / 2) / (n_wins * n_fails))


def log_loss(success: NDArray[np.float64], logits: NDArray[np.float64]) -> float:
    """Return the mean negative log likelihood, in nats."""
    return float(np.mean(np.logaddexp(0.0, logits) - success * logits))


def calibration_error(success: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    """Return the expected calibration error over `N_BINS` bins of equal mass.

    Attempts are sorted by prediction and cut into bins that differ by at most one in size; the
    error is Σ share of bin · |mean prediction − mean success|.

    References
    ----------
    Naeini, M., Cooper, G. & Hauskrecht, M. (2015). Obtaining well calibrated probabilities using
    Bayesian binning.
    """
    order = np.argsort(p, kind="stable")
    gaps = [
        abs(float(np.sum(p[part] - success[part])))
        for part in np.array_split(order, min(N_BINS, len(order)))
    ]
    return sum(gaps) / len(p)


def calibration_by_chance(p: NDArray[np.float64]) -> float:
    """Return the calibration error that predictions would show on average if they were right.

    With n attempts in a bin, success strays from Σp by √Σp(1−p), a normal deviation whose mean
    size is √(2/π) of that; see `calibration_error` for the bins.
    """
    order = np.argsort(p, kind="stable")
    spreads = [
        float(np.sqrt(np.sum(p[part] * (1.0 - p[part]))))
        for part in np.array_split(order, min(N_BINS, len(order)))
    ]
    return float(np.sqrt(2.0 / np.pi) * sum(spreads) / len(p))
