"""The chosen model against others on the same learners, measure by measure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import sigmoid
from training.evaluation.estimates import (
    Estimate,
    adjust_p_values,
    auc_over_rows,
    mean_over_rows,
    share_interval,
)
from training.evaluation.ranking_metrics import RankedTargets, bootstrap_interval
from training.success.metrics import auc, calibration_by_chance, calibration_error

Rows = NDArray[np.bool_]
Difference = Callable[[str, str, Rows], Estimate | None]


@dataclass(frozen=True, kw_only=True)
class RankingScores:
    """How models ranked the same questions; `learner`, int64, (n,), says whose each is."""

    ranked: Mapping[str, RankedTargets]
    learner: NDArray[np.int64]
    seed: int

    def measure(self, model: str, rows: Rows) -> dict[str, Any]:
        """Return HR@10 and NDCG@10 with their intervals on some of the questions."""
        ranked = self.ranked[model]
        hits, gains = ranked.rank[rows] <= 10, ranked.ndcg_at_10[rows]
        interval = bootstrap_interval(gains, np.random.default_rng(self.seed))
        return {
            "hr_at_10": float(hits.mean()),
            "hr_at_10_ci": share_interval(int(hits.sum()), len(hits)),
            "ndcg_at_10": float(gains.mean()),
            "ndcg_at_10_ci": list(interval),
        }

    def ndcg_at_10(self, one: str, other: str, rows: Rows) -> Estimate:
        """Estimate how much higher NDCG@10 of `one` is than that of `other`."""
        gained = self.ranked[one].ndcg_at_10[rows] - self.ranked[other].ndcg_at_10[rows]
        return mean_over_rows(gained, self.learner[rows])


@dataclass(frozen=True, kw_only=True)
class SuccessScores:
    """Log odds that models gave the same attempts.

    `learner`, int64, and `success`, 0.0 or 1.0, are (n_attempts,).
    """

    logits: Mapping[str, NDArray[np.float64]]
    success: NDArray[np.float64]
    learner: NDArray[np.int64]

    def measure(self, model: str, rows: Rows) -> dict[str, Any]:
        """Return AUC, log loss and calibration error with what is known of their doubt.

        `ece_by_chance` is what the error would be on average were the model perfectly calibrated.
        """
        success, logits = self.success[rows], self.logits[model][rows]
        p = sigmoid(logits)
        discrimination = auc_over_rows(success, logits, self.learner[rows])
        loss = mean_over_rows(self._loss(model)[rows], self.learner[rows])
        return {
            "auc": auc(success, logits),
            "auc_ci": None if discrimination is None else _within_unit(discrimination.interval),
            "log_loss": loss.value,
            "log_loss_ci": loss.interval,
            "ece": calibration_error(success, p),
            "ece_by_chance": calibration_by_chance(p),
        }

    def log_loss(self, one: str, other: str, rows: Rows) -> Estimate:
        """Estimate how much lower the log loss of `one` is, per attempt, clustered by learner."""
        return mean_over_rows((self._loss(other) - self._loss(one))[rows], self.learner[rows])

    def auc(self, one: str, other: str, rows: Rows) -> Estimate | None:
        """Estimate how much higher the AUC of `one` is; None without both kinds of outcome."""
        success, learner = self.success[rows], self.learner[rows]
        own = auc_over_rows(success, self.logits[one][rows], learner)
        theirs = auc_over_rows(success, self.logits[other][rows], learner)
        return None if own is None or theirs is None else own - theirs

    def _loss(self, model: str) -> NDArray[np.float64]:
        logits = self.logits[model]
        return np.asarray(np.logaddexp(0.0, logits) - self.success * logits)


def _within_unit(interval: list[float] | None) -> list[float] | None:
    return None if interval is None else [max(interval[0], 0.0), min(interval[1], 1.0)]


def compare(
    chosen: str, baselines: list[str], difference: Difference, n_rows: int
) -> dict[str, dict[str, Any]]:
    """Compare the chosen model with every baseline; the comparisons are one family.

    Returns
    -------
    dict
        Baseline → `better_by` (positive where the chosen model is better), `better_by_ci`,
        `p_value` (two-sided), `p_holm` and `n_learners`; baselines that cannot be compared are
        left out.
    """
    everything = np.ones(n_rows, dtype=bool)
    found = {name: difference(chosen, name, everything) for name in baselines}
    estimates = {name: estimate for name, estimate in found.items() if estimate is not None}
    adjusted = adjust_p_values({name: estimate.p_value for name, estimate in estimates.items()})
    return {
        name: {
            "better_by": estimate.value,
            "better_by_ci": estimate.interval,
            "p_value": estimate.p_value,
            "p_holm": adjusted[name],
            "n_learners": estimate.n_learners,
        }
        for name, estimate in estimates.items()
    }
