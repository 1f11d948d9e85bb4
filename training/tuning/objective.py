"""What `train` would judge on validation learners, for other settings of one half."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.domain.errors import InvalidValueError
from features.encode.catalogue import index_catalogue
from training.evaluation.protocols import Question, hold_out_by_id
from training.evaluation.ranking import ask
from training.histories.data import TrainingData
from training.models import RANKING, SUCCESS, Task, ranking_histories, success_histories
from training.ranking.components import Grams, Settings, compute_grams, fit_components
from training.ranking.fit import (
    RankingHistories,
    blend_gains,
    choose_settings,
    folds_of,
    question_of,
)
from training.ranking.lists import Fold, gather_lists
from training.success.fit import SuccessHistories, fit_success
from training.success.settings import SuccessSettings
from training.tuning.judged import Judged, Objective

LARGE_LOG = 40_000
N_PARTS = 4


def objective_of(half: str, data: TrainingData, seed: int) -> Objective:
    """Prepare the objective of a half; the held-out tenth has no part in it.

    Learners that a splits table calls `test` have none either.

    Raises
    ------
    InvalidValueError
        If the histories teach this half nothing.
    """
    holdout = hold_out_by_id(data, np.random.default_rng(seed))
    if data.parts is not None:
        test = data.parts == "test"
        holdout = replace(
            holdout,
            ranking_rows=holdout.ranking_rows & ~test[data.log.learner],
            success_rows=holdout.success_rows & ~test[data.log.learner],
            valid=holdout.valid & ~test,
        )
    task = Task(data=data, holdout=holdout, seed=seed)
    if half == RANKING:
        ranking = ranking_histories(task)
        if ranking is None:
            raise InvalidValueError("there is no ranking to tune: no learner met two modules")
        return RankingObjective(ranking, seed)
    success = success_histories(task, index_catalogue(data.catalogue))
    if not (success.train.success >= 0).any():
        raise InvalidValueError(
            "there is no success to tune: no event carries a success or a score"
        )
    return SuccessObjective(success, seed)


class RankingObjective:
    """NDCG@10 of the blend; the base score of its components is the cheap estimate."""

    half = RANKING
    metric = "ndcg_at_10"
    larger_is_better = True
    n_rungs = 2

    def __init__(self, histories: RankingHistories, seed: int) -> None:
        self._n_modules = histories.n_modules
        self._seed = seed
        with threadpool_limits(1):
            self._folds: list[Fold] = folds_of(histories, seed)
            self._grams: Grams = compute_grams(self._folds[0].train, histories.n_modules)
            self._question: Question = question_of(self._folds[0])

    @property
    def n_learners(self) -> int:
        """How many validation learners are asked."""
        return len(self._question.target)

    @cached_property
    def default(self) -> Settings:
        """What `train` uses without a settings file."""
        with threadpool_limits(1):
            return choose_settings(self._grams, self._folds[0], self._question, self._n_modules)

    def rungs(self, settings: Settings) -> Iterator[Judged]:
        """Yield NDCG@10 of the base score, and then of the blend.

        Raises
        ------
        InvalidValueError
            If there are too few lists for a blend.
        """
        with threadpool_limits(1):
            probe = fit_components(self._folds[0].train, self._n_modules, settings, self._grams)
            yield _once_each(ask(probe, self._question).ndcg_at_10)
            lists = gather_lists(self._folds, probe, settings)
            gains = blend_gains(probe, lists, self._question, settings.network, self._seed)
        if gains is None:
            raise InvalidValueError(
                "these histories are too few for a blend to learn from, so there is nothing to "
                "tune: train with the default settings until there are more"
            )
        yield _once_each(gains)


def _once_each(gains: NDArray[np.float64]) -> Judged:
    return Judged(total=gains, count=np.ones(len(gains), dtype=np.int64))


class SuccessObjective:
    """Log loss of the chosen model; learning from a part of a large log is the cheap estimate."""

    half = SUCCESS
    metric = "log_loss"
    larger_is_better = False
    default = SuccessSettings()

    def __init__(self, histories: SuccessHistories, seed: int) -> None:
        self._histories = histories
        self._seed = seed
        self._judged = histories.valid.success >= 0
        learner = histories.valid.learner[self._judged]
        self._asked = np.unique(learner)
        self._place = np.searchsorted(self._asked, learner)
        self.n_learners = len(self._asked)
        self.n_rungs = 2 if len(histories.train) >= LARGE_LOG else 1

    def rungs(self, settings: SuccessSettings) -> Iterator[Judged]:
        """Yield log loss after learning from a quarter of the learners, and then from all."""
        if self.n_rungs > 1:
            yield self._fit(self._part(), settings)
        yield self._fit(self._histories, settings)

    def _part(self) -> SuccessHistories:
        histories = self._histories
        drawn = np.random.default_rng(self._seed).permutation(histories.train.n_learners)
        chosen = drawn < max(histories.train.n_learners // N_PARTS, 1)
        evidence = histories.evidence
        return replace(
            histories,
            train=histories.train.take_learners(chosen),
            evidence=None if evidence is None else evidence.take_learners(chosen),
        )

    def _fit(self, histories: SuccessHistories, settings: SuccessSettings) -> Judged:
        fitted = fit_success(histories, rng=np.random.default_rng(self._seed), settings=settings)
        if fitted is None or histories.words is None:
            raise InvalidValueError("the learners drawn have no attempt that was judged")
        bound = fitted.model.bind(histories.index, histories.words)
        logits = bound.predict_attempts(histories.valid, histories.valid_evidence)[self._judged]
        success = histories.valid.success[self._judged]
        loss = np.logaddexp(0.0, logits) - success * logits
        n = self.n_learners
        return Judged(
            total=np.bincount(self._place, weights=loss, minlength=n),
            count=np.bincount(self._place, minlength=n),
        )
