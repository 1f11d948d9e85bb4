"""The report of an evaluation: one JSON document and a table."""

import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.evaluation.ranking_metrics import summarise_ranking
from training.models import RANKING, SUCCESS, Judgement, Models, Task
from training.success.metrics import success_metrics

BYTES_PER_MEBIBYTE = 2**20


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
        judged; `chosen` names what a snapshot would hold.
    """
    rng = np.random.default_rng(task.seed)
    asked = np.union1d(task.holdout.question.learner, judgement.attempt_learner)
    document: dict[str, Any] = {
        "protocol": protocol,
        "n_learners": len(asked),
        "n_modules": task.data.log.n_modules,
        "seed": task.seed,
        "seconds": elapsed.seconds,
        "peak_memory_mb": elapsed.peak_memory_mb,
        "data_hash": task.data.data_hash,
    }
    if judgement.ranked:
        document[RANKING] = {
            name: summarise_ranking(ranked, rng) for name, ranked in judgement.ranked.items()
        }
    if judgement.logits:
        success = judgement.attempt_success.astype(np.float64)
        document[SUCCESS] = {
            name: success_metrics(success, logits) for name, logits in judgement.logits.items()
        }
    return document | {"chosen": chosen_of(models, document)}


def chosen_of(models: Models, document: Mapping[str, Any]) -> dict[str, str]:
    """Return the chosen model of each half that is in the document."""
    chosen = {}
    if models.ranking is not None and RANKING in document:
        chosen[RANKING] = models.ranking.chosen
    if models.success is not None and SUCCESS in document:
        chosen[SUCCESS] = models.success.chosen
    return chosen
