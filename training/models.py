"""Fitting every model on what a holdout allows, and judging them on what it asks."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.encode.ability import sigmoid
from features.encode.attempts import EvidenceLog
from features.encode.catalogue import CatalogueIndex, index_catalogue
from features.encode.level_scale import LearnerRoles
from features.encode.sequences import sequence_modules
from features.encode.words import index_words
from features.score.affinity import bind_affinity
from features.score.ranking.model import RankingModel
from training.evaluation.protocols import Holdout
from training.evaluation.ranking import BoundRanking, RanksModules, ask
from training.evaluation.ranking_metrics import RankedTargets
from training.histories.data import TrainingData
from training.model_settings import ModelSettings
from training.ranking.fit import BLEND, FittedRanking, RankingHistories, fit_ranking
from training.ranking.part import ranking_part
from training.stopwatch import Stopwatch
from training.success.fit import FittedSuccess, SuccessHistories, fit_success
from training.success.usual import Roles

RANKING, SUCCESS = "ranking", "success"
BOTH = frozenset({RANKING, SUCCESS})

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be learned: data, how it is held out, which halves, settings, and the seed.

    `report` hears of each long step, `stopwatch` measures the parts.
    """

    data: TrainingData
    holdout: Holdout
    seed: int
    parts: frozenset[str] = BOTH
    settings: ModelSettings = field(default_factory=ModelSettings)
    report: Report = lambda _: None
    stopwatch: Stopwatch = field(default_factory=Stopwatch)


@dataclass(frozen=True, kw_only=True)
class Models:
    """Everything fitted. A half is None where it was not asked for or the data cannot teach it."""

    index: CatalogueIndex
    ranking: FittedRanking | None
    success: FittedSuccess | None


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the models did on the held-out part.

    Attributes
    ----------
    ranked
        By model, in the order of the holdout's question.
    attempt_learner, attempt_success
        int64 and int8, (n_attempts,): whose attempt, as positions in the log, and its outcome.
    logits
        By model, float64, (n_attempts,), predicted log odds.
    """

    ranked: Mapping[str, RankedTargets]
    attempt_learner: NDArray[np.int64]
    attempt_success: NDArray[np.int8]
    logits: Mapping[str, NDArray[np.float64]]

    def p_success(self, model: str) -> NDArray[np.float64]:
        """Return a model's predicted probabilities, float64, (n_attempts,)."""
        return sigmoid(self.logits[model])


def fit_models(task: Task) -> Models:
    """Fit what the task asks for on the rows its holdout allows."""
    index = index_catalogue(task.data.catalogue)
    ranking, success = None, None
    if RANKING in task.parts:
        with task.stopwatch.measuring(RANKING):
            ranking = _fit_ranking(task)
    if SUCCESS in task.parts:
        with task.stopwatch.measuring(SUCCESS):
            success = _fit_success(task, index)
    return Models(index=index, ranking=ranking, success=success)


def judge_models(models: Models, task: Task) -> Judgement:
    """Ask every fitted model what the holdout asks."""
    ranked = _rank_held_out(models, task)
    log = task.data.log
    asked = task.holdout.asked_attempts
    whose = np.zeros(log.n_learners, dtype=bool)
    whose[log.learner[asked]] = True
    test = log.take_learners(whose)
    rows = asked[whose[log.learner]]
    logits: dict[str, NDArray[np.float64]] = {}
    if models.success is not None and asked.any():
        task.report("p_success of held-out attempts")
        evidence = evidence_log(task.data, models.index).take_learners(whose)
        words = index_words(models.index.modules)
        for name, candidate in models.success.candidates.items():
            bound = candidate.bind(models.index.skills, words)
            logits[name] = bound.predict_attempts(test, evidence)[rows]
        for name, baseline in models.success.baselines.items():
            logits[name] = baseline.predict_attempts(test)[rows]
    return Judgement(
        ranked=ranked,
        attempt_learner=log.learner[asked].astype(np.int64),
        attempt_success=log.success[asked],
        logits=logits,
    )


def _rank_held_out(models: Models, task: Task) -> dict[str, RankedTargets]:
    """Ask every ranking model, two at a time; the blend as the service would."""
    if models.ranking is None or not len(task.holdout.question.target):
        return {}

    def ask_one(name: str, model: RankingModel) -> RankedTargets:
        task.report(f"{name} on held-out learners")
        asked = _as_served(model, models.index, task) if name == BLEND else model
        return ask(asked, task.holdout.question)

    fitted = models.ranking.models
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        return dict(zip(fitted, pool.map(ask_one, fitted, fitted.values()), strict=True))


def served_ranking(
    model: RankingModel, index: CatalogueIndex, task: Task
) -> dict[str, NDArray[Any]]:
    """Return the ranking part of a snapshot with this model, learned from the task's rows."""
    log = task.data.log
    nobody = np.full(log.n_learners, "")
    roles = task.data.learner_attributes.get("role_id", nobody)
    return ranking_part(model, log.take(task.holdout.ranking_rows), index, roles, task.seed)


def _as_served(model: RankingModel, index: CatalogueIndex, task: Task) -> RanksModules:
    """Let content place the modules nobody met, where any of them has a neighbour."""
    if model.popularity.all():
        return model
    affinity = bind_affinity(served_ranking(model, index, task), index)
    return BoundRanking(affinity=affinity) if affinity.cold.shares.any() else model


def evidence_log(data: TrainingData, index: CatalogueIndex) -> EvidenceLog:
    """Put the judgements of skills into the order of the index's skills."""
    given = data.evidence
    names = [skill.skill_id for skill in data.catalogue.skills]
    position = index.skill_ids.positions(names)
    return EvidenceLog(
        learner=given.learner,
        skill=position[given.skill],
        source=given.source,
        level=given.level,
        at_seconds=given.at_seconds,
    )


def ranking_histories(task: Task) -> RankingHistories | None:
    """Take learners with something to learn from; None where nobody met two modules."""
    sequences = sequence_modules(task.data.log.take(task.holdout.ranking_rows))
    if not task.data.log.is_timed:
        sequences = sequences.as_ordinals()
    kept = sequences.lengths > 0
    train, valid = sequences.take(kept), task.holdout.valid[kept]
    if not (train.lengths >= 2).any():
        return None
    return RankingHistories(
        sequences=train,
        n_modules=task.data.log.n_modules,
        valid=valid,
        knows_learners=task.holdout.knows_learners,
    )


def success_histories(task: Task, index: CatalogueIndex) -> SuccessHistories:
    """Take the attempts that may be learned from, apart for training and validation learners."""
    log, valid = task.data.log, task.holdout.valid
    known = log.take(task.holdout.success_rows)
    taught = np.diff(known.starts) > 0
    evidence = evidence_log(task.data, index)
    if task.holdout.cutoff_seconds is not None:
        evidence = evidence.take(evidence.at_seconds < task.holdout.cutoff_seconds)
    return SuccessHistories(
        train=known.take_learners(taught & ~valid),
        valid=known.take_learners(taught & valid),
        index=index.skills,
        words=index_words(index.modules),
        evidence=evidence.take_learners(taught & ~valid),
        valid_evidence=evidence.take_learners(taught & valid),
        roles=_roles(task, index).take_learners(taught & ~valid),
    )


def _fit_ranking(task: Task) -> FittedRanking | None:
    histories = ranking_histories(task)
    if histories is None:
        return None
    return fit_ranking(
        histories, seed=task.seed, settings=task.settings.ranking, report=task.report
    )


def _fit_success(task: Task, index: CatalogueIndex) -> FittedSuccess | None:
    task.report("models of success")
    return fit_success(
        success_histories(task, index),
        rng=np.random.default_rng(task.seed),
        settings=task.settings.success,
    )


def _roles(task: Task, index: CatalogueIndex) -> Roles:
    """Return the roles of all learners and what they ask for."""
    nobody = np.full(task.data.log.n_learners, "")
    held, goal = (
        task.data.learner_attributes.get(name, nobody) for name in ("role_id", "goal_role_id")
    )
    names = np.array(sorted({*held.tolist(), *goal.tolist()} - {""}), dtype=np.str_)
    target = np.full((len(names) + 1, len(index.skill_ids) + 1), np.nan)
    for row, name in enumerate(names.tolist()):
        asked = index.role_targets.get(name)
        if asked is not None:
            target[row, asked.skill] = asked.target
    places = [np.where(of == "", len(names), np.searchsorted(names, of)) for of in (held, goal)]
    return Roles(ids=names, of_learner=LearnerRoles(held=places[0], goal=places[1]), target=target)
