"""The report of an evaluation: one JSON document."""

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.evaluation.comparisons import RankingScores, SuccessScores, compare
from training.evaluation.groups import Judged, judged_attempts, judged_questions, modules_met
from training.evaluation.ranking_metrics import popularity_lift, summarise_ranking
from training.evaluation.slices import Contest, cold_slices, slice_rows
from training.models import RANKING, SUCCESS, Judgement, Models, Task
from training.ranking.fit import BLEND
from training.slices import SMALLEST_SLICE
from training.success.metrics import success_metrics

BYTES_PER_MEBIBYTE = 2**20
COMPARISONS, SLICES, COLD = "comparisons", "slices", "cold"


@dataclass(frozen=True, kw_only=True)
class Elapsed:
    """How long something took and how much memory the process has had at most."""

    seconds: float
    peak_memory_mb: float


def measure(started: float, ended: float) -> Elapsed:
    """Return what was used between two readings of a monotonic clock, in seconds."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux kibibytes.
    scale = 1 if sys.platform == "darwin" else 1024
    return Elapsed(seconds=ended - started, peak_memory_mb=peak * scale / BYTES_PER_MEBIBYTE)


def write_report(
    protocol: str, task: Task, models: Models, judgement: Judgement, elapsed: Elapsed
) -> dict[str, Any]:
    """Return the document that `evaluate --out` writes.

    Returns
    -------
    dict
        `ranking` and `success` hold metrics by model, and are absent where nothing could be
        judged; `chosen` names what a snapshot would hold; `comparisons`, `slices` and `cold` have
        an entry for each half that was judged (see docs/models.md).
    """
    asked = np.union1d(task.holdout.question.learner, judgement.attempt_learner)
    document: dict[str, Any] = {
        "protocol": protocol,
        "n_learners": len(asked),
        "n_modules": task.data.log.n_modules,
        "seed": task.seed,
        "seconds": elapsed.seconds,
        "peak_memory_mb": elapsed.peak_memory_mb,
        "data_hash": task.data.data_hash,
        COMPARISONS: {},
        SLICES: {"smallest": SMALLEST_SLICE},
        COLD: {},
    }
    if judgement.ranked:
        document[RANKING] = _ranking_metrics(task, judgement)
    if judgement.logits:
        success = judgement.attempt_success.astype(np.float64)
        document[SUCCESS] = {
            name: success_metrics(success, logits) for name, logits in judgement.logits.items()
        }
    document["chosen"] = chosen_of(models, document)
    if models.ranking is not None and judgement.ranked:
        _add_ranking_contest(document, task, judgement)
    if models.success is not None and judgement.logits:
        _add_success_contest(document, task, judgement, list(models.success.baselines))
    return document


def chosen_of(models: Models, document: Mapping[str, Any]) -> dict[str, str]:
    """Return the chosen model of each half that is in the document."""
    chosen = {}
    if models.ranking is not None and RANKING in document:
        chosen[RANKING] = models.ranking.chosen
    if models.success is not None and SUCCESS in document:
        chosen[SUCCESS] = models.success.chosen
    return chosen


def _ranking_metrics(task: Task, judgement: Judgement) -> dict[str, dict[str, Any]]:
    rng = np.random.default_rng(task.seed)
    met = modules_met(task.data.log.take(task.holdout.ranking_rows))
    history = task.holdout.question.history
    return {
        name: {
            **summarise_ranking(ranked, rng),
            "popularity_lift_at_10": popularity_lift(ranked, history, met),
        }
        for name, ranked in judgement.ranked.items()
    }


def _add_ranking_contest(document: dict[str, Any], task: Task, judgement: Judgement) -> None:
    learner = task.holdout.question.learner
    scores = RankingScores(ranked=judgement.ranked, learner=learner, seed=task.seed)
    chosen, metrics = document["chosen"][RANKING], document[RANKING]
    baselines = [name for name in metrics if name not in (chosen, BLEND)]
    document[COMPARISONS][RANKING] = {
        "ndcg_at_10": compare(chosen, baselines, scores.ndcg_at_10, len(learner))
    }
    document[COLD][RANKING] = {"n_without_question": task.holdout.n_without_question}
    if baselines:
        best = max(baselines, key=lambda name: metrics[name]["ndcg_at_10"])
        contest = Contest(
            chosen=chosen, baseline=best, measure=scores.measure, difference=scores.ndcg_at_10
        )
        _add_slices(document, RANKING, judged_questions(task.data, task.holdout), contest)


def _add_success_contest(
    document: dict[str, Any], task: Task, judgement: Judgement, baselines: list[str]
) -> None:
    scores = SuccessScores(
        logits=judgement.logits,
        success=judgement.attempt_success.astype(np.float64),
        learner=judgement.attempt_learner,
    )
    chosen, metrics, n = document["chosen"][SUCCESS], document[SUCCESS], len(scores.success)
    document[COMPARISONS][SUCCESS] = {
        "log_loss": compare(chosen, baselines, scores.log_loss, n),
        "auc": compare(chosen, baselines, scores.auc, n),
    }
    document[COLD][SUCCESS] = {}
    for name in metrics:
        metrics[name] |= _intervals(scores.measure(name, np.ones(n, dtype=bool)))
    best = min(baselines, key=lambda name: metrics[name]["log_loss"])
    contest = Contest(
        chosen=chosen, baseline=best, measure=scores.measure, difference=scores.log_loss
    )
    _add_slices(document, SUCCESS, judged_attempts(task.data, task.holdout), contest)


def _intervals(measured: Mapping[str, Any]) -> dict[str, Any]:
    return {name: measured[name] for name in ("auc_ci", "log_loss_ci", "ece_by_chance")}


def _add_slices(document: dict[str, Any], part: str, judged: Judged, contest: Contest) -> None:
    document[SLICES][part] = slice_rows(judged, contest)
    document[COLD][part] |= cold_slices(judged, contest)
