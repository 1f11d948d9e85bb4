"""Fit the models of success, mastery and gain on training learners; choose on validation ones."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.encode.ability import sigmoid
from features.encode.attempts import EvidenceLog
from features.encode.log import InteractionLog
from features.encode.reliability import assumed_reliability
from features.encode.signals import SIGNALS
from features.encode.skills import ModuleSkillIndex
from features.encode.words import ModuleWords, no_words
from features.score.success import SuccessModel
from features.score.trees import no_trees
from training.success.baselines import MeanModel, fit_baselines
from training.success.candidates import fit_candidates, log_odds
from training.success.difficulty import (
    DifficultyFit,
    ability_offset,
    fit_difficulty,
    out_of_fold,
)
from training.success.gain import GainFit
from training.success.labelled import Folds, label_attempts
from training.success.levels import LevelFit, LevelHistories, fit_levels
from training.success.metrics import success_metrics
from training.success.responses import (
    Responses,
    draw_learners,
    learner_folds,
    responses_of,
)
from training.success.scale import Scale, fit_scale
from training.success.settings import SuccessSettings
from training.success.spread import Spread, choose_spread
from training.success.usual import Roles

MAX_VALID_ROWS = 300_000  # of validation learners: log loss to within ± .002
GRADE_PRIOR_ATTEMPTS = 10.0


@dataclass(frozen=True, kw_only=True)
class SuccessHistories:
    """What `fit_success` learns from; both logs are in the order of `index`.

    `evidence` and `valid_evidence` are direct judgements of the two groups of learners, `roles`
    are those of the training learners.
    """

    train: InteractionLog
    valid: InteractionLog
    index: ModuleSkillIndex
    words: ModuleWords | None = None
    evidence: EvidenceLog | None = None
    valid_evidence: EvidenceLog | None = None
    roles: Roles | None = None


@dataclass(frozen=True, kw_only=True)
class FittedSuccess:
    """The outcome of a fit.

    Attributes
    ----------
    model, chosen
        What goes into a snapshot, and its name among `candidates`.
    candidates
        "logistic" and "boosting".
    baselines
        "item_mean", "skill_mean" and "item_skill_logistic".
    validation
        Metrics of every one of these on the validation learners.
    scale, spread, gain
        How levels are anchored, what was chosen for ability, and the estimated gains.
    levels
        What mastery rests on, and what forgetting was compared with.
    settings
        Those of the fit.
    """

    model: SuccessModel
    chosen: str
    candidates: Mapping[str, SuccessModel]
    baselines: Mapping[str, MeanModel]
    validation: Mapping[str, Mapping[str, float | int | None]]
    scale: Scale
    spread: Spread
    gain: GainFit
    levels: LevelFit
    settings: SuccessSettings


def fit_success(
    data: SuccessHistories, *, rng: np.random.Generator, settings: SuccessSettings | None = None
) -> FittedSuccess | None:
    """Fit every model of success; None where no training attempt is judged.

    Linear algebra and trees run on one thread, so that equal data and seed give equal bytes.
    """
    if not (data.train.success >= 0).any():
        return None
    with threadpool_limits(limits=1):
        return _fit(data, rng, settings or SuccessSettings())


def _fit(
    data: SuccessHistories, rng: np.random.Generator, settings: SuccessSettings
) -> FittedSuccess:
    index = data.index
    words = data.words or no_words(len(index.module_ids))
    drawn = draw_learners(data.train, settings.max_rows, rng)
    log, evidence = _of_learners(data.train, data.evidence, drawn)
    few = draw_learners(data.valid, MAX_VALID_ROWS, rng)
    valid_log, valid_evidence = _of_learners(data.valid, data.valid_evidence, few)
    fold = learner_folds(log.n_learners, rng)
    spread = choose_spread(log, index, words, rng)
    responses = responses_of(log)
    fit = fit_difficulty(responses, index, words, spread.ability_variance)
    known = LevelHistories(
        log=log,
        index=index,
        evidence=evidence,
        roles=None if data.roles is None else data.roles.take_learners(drawn),
    )
    levels = fit_levels(known, fit.difficulty, fit_scale(fit, responses, index), rng)
    base = _base_model(index, _Parts(fit=fit, responses=responses, levels=levels), spread)
    yardstick = base.bind(index, words).yardstick
    honest = out_of_fold(
        fit,
        responses,
        fit.prior.difficulty(index, words),
        fold[responses.learner],
        ability_offset(fit, responses),
    )
    folds = Folds(of_learner=fold, difficulty=honest)
    train = label_attempts((log, evidence), index, yardstick, folds, base.reliability)
    valid = label_attempts((valid_log, valid_evidence), index, yardstick, None, base.reliability)
    candidates = fit_candidates(base, train, valid, int(rng.integers(2**31)), settings)
    baselines = fit_baselines(responses, index, fold[responses.learner])
    predictions = {name: log_odds(model, valid) for name, model in candidates.items()}
    judged = valid_log.success >= 0
    predictions |= {
        name: model.predict_attempts(valid_log)[judged] for name, model in baselines.items()
    }
    validation = {name: success_metrics(valid.success, p) for name, p in predictions.items()}
    chosen = min(candidates, key=lambda name: validation[name]["log_loss"] or 0.0)
    return FittedSuccess(
        model=candidates[chosen],
        chosen=chosen,
        candidates=candidates,
        baselines=baselines,
        validation=validation,
        scale=levels.scale,
        spread=spread,
        gain=levels.gain,
        levels=levels,
        settings=settings,
    )


def _of_learners(
    log: InteractionLog, evidence: EvidenceLog | None, drawn: NDArray[np.bool_]
) -> tuple[InteractionLog, EvidenceLog | None]:
    """Return rows and judgements of the learners where `drawn` is true."""
    if drawn.all():
        return log, evidence
    return log.take_learners(drawn), None if evidence is None else evidence.take_learners(drawn)


@dataclass(frozen=True, kw_only=True)
class _Parts:
    fit: DifficultyFit
    responses: Responses
    levels: LevelFit


def _base_model(index: ModuleSkillIndex, parts: _Parts, spread: Spread) -> SuccessModel:
    """Return the model with everything but coefficients and trees."""
    fit, gain, scale = parts.fit, parts.levels.gain, parts.levels.scale
    judges = parts.levels.reliability
    grade, line = _mean_grades(parts.responses, fit)
    return SuccessModel(
        module_ids=np.array(index.module_ids.ids, dtype=np.str_),
        skill_ids=np.array(index.skill_ids.ids, dtype=np.str_),
        difficulty=fit.difficulty,
        mean_grade=grade,
        grade_line=line,
        gain=gain.gain,
        gain_standard_error=gain.standard_error,
        gain_by_skill=gain.by_skill,
        skill_offset=scale.skill_offset,
        scale=np.array(
            [
                scale.logits_per_level,
                scale.level_of_zero,
                spread.ability_variance,
                spread.skill_variance,
                spread.half_life_seconds,
            ]
        ),
        coefficient=np.zeros(len(SIGNALS)),
        constant=0.0,
        prior=fit.prior,
        trees=no_trees(),
        levels=parts.levels.model,
        reliability=assumed_reliability() if judges is None else judges.reliability,
    )


def _mean_grades(
    responses: Responses, fit: DifficultyFit
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean grade of each module, drawn to a line in σ(−difficulty), and the line."""
    n = responses.n_modules
    tries = np.bincount(responses.module, minlength=n)
    mean = np.bincount(responses.module, responses.grade, n) / np.maximum(tries, 1)
    ease = sigmoid(-fit.difficulty)
    average = np.average(mean, weights=tries)
    moved = ease - np.average(ease, weights=tries)
    slope = np.sum(tries * moved * (mean - average)) / (np.sum(tries * moved**2) + 1e-9)
    line = np.array([average - slope * np.average(ease, weights=tries), slope])
    typical = np.clip(line[0] + line[1] * ease, 0.0, 1.0)
    grade = (tries * mean + GRADE_PRIOR_ATTEMPTS * typical) / (tries + GRADE_PRIOR_ATTEMPTS)
    return grade, line
