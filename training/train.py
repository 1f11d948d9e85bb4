"""One training: models fitted, judged on held-out learners, tracked, and registered."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import InvalidValueError
from features.score.scorer import PERSONAS
from features.score.snapshot import Snapshot
from features.store.registry import CHALLENGER, Registry
from features.store.snapshots import write_snapshot
from training.card import summarise_card, write_card
from training.champion import judge_beside, read_champion
from training.data_schema import describe_schema
from training.drift.reference import REFERENCE_FILE, write_reference
from training.evaluation.protocols import hold_out_by_id
from training.evaluation.report import COLD, COMPARISONS, measure, write_report
from training.evaluation.slices import slice_metrics
from training.fairness import FAIRNESS
from training.fairness_by_group import fairness_metrics, judge_fairness
from training.gate import HeldOutResults
from training.histories.data import TrainingData
from training.lineage import LEARNERS_FILE, write_learners
from training.model_settings import ModelSettings
from training.models import (
    RANKING,
    SUCCESS,
    Judgement,
    Models,
    Report,
    Task,
    fit_models,
    judge_models,
    served_ranking,
)
from training.personas.account import figures_of
from training.personas.find import find_personas
from training.pictures import draw_pictures
from training.provenance import provenance_of
from training.results import RESULTS_FILE, results_of, write_results
from training.tracking import Run, code_version, open_run

HELD_OUT = "held-out"
REPORT_FILE = "report.json"
CARD_FILE = "model_card.md"
MEASURED = (RANKING, SUCCESS, COMPARISONS, COLD)
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a training gave: the run, the registered version, and the report."""

    run_id: str
    version: str
    checksum: str
    document: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    task: Task
    snapshot: Snapshot
    models: Models
    judgement: Judgement
    results: HeldOutResults
    document: dict[str, Any]


def train(
    data: TrainingData,
    registry: Registry,
    *,
    seed: int,
    now: datetime,
    settings: ModelSettings | None = None,
    report: Report = lambda _: None,
) -> Trained:
    """Fit, judge, track and register; the new version becomes the challenger.

    Parameters
    ----------
    data
        Everything known.
    registry
        Where run and version go.
    seed
        Of every random choice.
    now
        Written into the snapshot's manifest.
    settings
        Hyper-parameters, as `tune` finds them; the default ones where absent.
    report
        Called with a few words before each long step.

    Raises
    ------
    InvalidValueError
        If the histories teach neither a ranking nor a model of success.
    RegistryError
        If the tracking store does not answer; nothing is registered then.
    """
    tags = {"data_hash": data.data_hash, "seed": str(seed), **code_version(ROOT)}
    with open_run(registry, f"train seed {seed}", tags) as run:
        run.log_parameters({"seed": seed, "rows": data.n_rows, **tags})
        holdout = hold_out_by_id(data, np.random.default_rng(seed))
        task = Task(
            data=data,
            holdout=holdout,
            seed=seed,
            settings=settings or ModelSettings(),
            report=report,
        )
        outcome = _fit_and_judge(task, now, read_champion(registry))
        report("tracking")
        with task.stopwatch.measuring("tracking"), TemporaryDirectory() as scratch:
            write_reference(data, Path(scratch) / REFERENCE_FILE)
            write_learners(data.log.learner_ids, Path(scratch) / LEARNERS_FILE)
            card = _log(run, outcome, tags, now, Path(scratch))
            folder = Path(scratch) / "snapshot"
            digest = write_snapshot(outcome.snapshot, folder)
            version = registry.register(run.run_id, folder, {**tags, "checksum": digest})
            registry.describe(version, summarise_card(card))
        registry.set_alias(CHALLENGER, version)
    document = outcome.document | {"seconds_by_part": task.stopwatch.seconds}
    return Trained(run_id=run.run_id, version=version, checksum=digest, document=document)


def _fit_and_judge(task: Task, now: datetime, champion: Snapshot | None) -> _Outcome:
    started = perf_counter()
    models = fit_models(task)
    if models.ranking is None and models.success is None:
        raise InvalidValueError(
            "these histories teach nothing: no learner met two modules, and no event carries a "
            "success or a score. Import more of them and train again."
        )
    with task.stopwatch.measuring("judging"):
        judgement = judge_models(models, task)
        elapsed = measure(started, perf_counter())
        document = write_report(HELD_OUT, task, models, judgement, elapsed)
        beside = judge_beside(judgement, task, models.index, champion)
    task.report("personas")
    with task.stopwatch.measuring(PERSONAS):
        rng = np.random.default_rng(task.seed)
        document[PERSONAS] = find_personas(task.data.log, models.index, champion, rng)
    snapshot = build_snapshot(task, models, document, now)
    results = results_of(task, models, beside, document)
    with task.stopwatch.measuring(FAIRNESS):
        fair = judge_fairness(task, models.index, snapshot, champion)
    document[FAIRNESS] = fair.document
    return _Outcome(
        task=task,
        snapshot=snapshot,
        models=models,
        judgement=judgement,
        results=replace(results, gap_closed=fair.aligned(results.learner_ids)),
        document=document,
    )


def build_snapshot(
    task: Task, models: Models, document: Mapping[str, Any], now: datetime
) -> Snapshot:
    """Gather what was learned: arrays of the chosen models, and a manifest that says whence."""
    arrays: dict[str, NDArray[Any]] = {}
    learned: dict[str, Any] = {
        "seed": task.seed,
        "data_hash": task.data.data_hash,
        "settings": {},
    }
    if models.ranking is not None:
        chosen = models.ranking.models[models.ranking.chosen]
        parts = served_ranking(chosen, models.index, task)
        arrays |= {f"{RANKING}.{name}": array for name, array in parts.items()}
        learned[RANKING] = models.ranking.chosen
        learned["settings"][RANKING] = asdict(models.ranking.settings)
    if models.success is not None:
        own = models.success.model.to_arrays()
        arrays |= {f"{SUCCESS}.{name}": array for name, array in own.items()}
        learned[SUCCESS] = models.success.chosen
        learned["settings"][SUCCESS] = asdict(models.success.settings)
    return Snapshot(
        manifest={
            "learned": learned,
            "trained_at": now.isoformat(),
            "n_rows": dict(task.data.n_rows),
            "data_schema": describe_schema(task.data),
            "metrics": {part: document[part] for part in (RANKING, SUCCESS) if part in document},
            # They go on from former personas, so they are no part of the checksum.
            PERSONAS: document.get(PERSONAS, {}),
        },
        arrays=arrays,
    )


def _log(run: Run, outcome: _Outcome, tags: Mapping[str, str], now: datetime, scratch: Path) -> str:
    """Log parameters, metrics, and every file of the run; return the model card."""
    document, models = outcome.document, outcome.models
    run.log_parameters({f"chosen.{part}": name for part, name in document["chosen"].items()})
    provenance = provenance_of(outcome.task, models, tags, now)
    run.log_parameters({"package": provenance.environment, **provenance.settings})
    if models.ranking is not None:
        run.log_metrics({"validation.ranking": dict(models.ranking.validation)})
    if models.success is not None:
        run.log_metrics({"validation.success": dict(models.success.validation)})
    run.log_metrics({part: document[part] for part in MEASURED if part in document})
    run.log_metrics(slice_metrics(document))
    run.log_metrics(fairness_metrics(document[FAIRNESS]))
    run.log_metrics({PERSONAS: figures_of(document[PERSONAS])})
    run.log_metrics({"seconds": document["seconds"], "peak_memory_mb": document["peak_memory_mb"]})
    (scratch / REPORT_FILE).write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    card = write_card(document, provenance)
    (scratch / CARD_FILE).write_text(card)
    write_results(outcome.results, scratch / RESULTS_FILE)
    draw_pictures(outcome.task, models, outcome.judgement, document, scratch)
    for path in sorted(scratch.iterdir()):
        run.log_file(path)
    return card
