"""How far learners differ, how far their skills do, and how fast evidence fades.

Each is chosen by how well ability, estimated from earlier attempts alone, predicts the next
attempt of the training learners (prequential likelihood); no fading is always among the choices.

References
----------
Dawid, A. P. (1984). The prequential approach.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import SECONDS_PER_DAY
from features.encode.attempts import tabulate
from features.encode.log import InteractionLog
from features.encode.signals import encode_attempts
from features.encode.skills import ModuleSkillIndex
from features.encode.tallies import Yardstick
from features.encode.words import ModuleWords
from features.score.success import MARGIN
from training.success.difficulty import (
    DifficultyFit,
    ability_offset,
    fit_difficulty,
    out_of_fold,
)
from training.success.responses import N_FOLDS, responses_of, sample_learners

MAX_ROWS = 60_000
LEARNER_VARIANCES = (0.25, 0.5, 1.0, 2.0, 4.0)
SKILL_VARIANCES = (0.05, 0.2, 0.5, 1.2)
HALF_LIVES_DAYS = (np.inf, 730.0, 365.0, 180.0, 90.0, 30.0)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """What was chosen.

    Attributes
    ----------
    ability_variance, skill_variance
        logits².
    half_life_seconds
        inf where fading clearly hurts, or where instants are only an order.
    log_loss_by_half_life_days
        What each half-life gave; empty where instants are only an order.
    """

    ability_variance: float
    skill_variance: float
    half_life_seconds: float
    log_loss_by_half_life_days: dict[float, float]


def choose_spread(
    log: InteractionLog, index: ModuleSkillIndex, words: ModuleWords, rng: np.random.Generator
) -> Spread:
    """Choose the spread that predicts a sample of the training learners best."""
    log = sample_learners(log, MAX_ROWS, rng)
    trial = _Trial.of(log, index, words)
    losses: dict[float, tuple[float, _Trial]] = {}
    for variance in LEARNER_VARIANCES:
        measured = trial.measured_by(variance)
        losses[variance] = measured.loss(0.2, np.inf), measured
    ability_variance = min(losses, key=lambda variance: losses[variance][0])
    measured = losses[ability_variance][1]
    by_skill = {variance: measured.loss(variance, np.inf) for variance in SKILL_VARIANCES}
    skill_variance = min(by_skill, key=lambda variance: by_skill[variance])
    half_lives = HALF_LIVES_DAYS if log.is_timed and len(log) else ()
    by_half_life = {
        days: measured.losses(skill_variance, days * SECONDS_PER_DAY) for days in half_lives
    }
    return Spread(
        ability_variance=ability_variance,
        skill_variance=skill_variance,
        half_life_seconds=most_credible(by_half_life) * SECONDS_PER_DAY,
        log_loss_by_half_life_days={
            days: float(losses.mean()) for days, losses in by_half_life.items()
        },
    )


def most_credible(losses: dict[float, NDArray[np.float64]]) -> float:
    """Return the slowest fading that is not worse than the best by two standard errors.

    No fading at all is taken only where every fading is worse: that people forget is the best
    established finding about memory (Ebbinghaus 1885; replicated by Murre & Dros 2015), so its
    absence has to be shown, and so has its haste.
    """
    best = min(losses, key=lambda days: losses[days].mean(), default=np.inf)
    for days in sorted((days for days in losses if np.isfinite(days)), reverse=True):
        worse = losses[days] - losses[best]
        if worse.mean() <= 2.0 * worse.std() / np.sqrt(len(worse)):
            return days
    return np.inf


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """A sample of learners and what their responses are measured against."""

    log: InteractionLog
    index: ModuleSkillIndex
    words: ModuleWords
    yardstick: Yardstick
    difficulty: NDArray[np.float64]

    @classmethod
    def of(cls, log: InteractionLog, index: ModuleSkillIndex, words: ModuleWords) -> "_Trial":
        n = log.n_modules
        return cls(
            log=log,
            index=index,
            words=words,
            yardstick=plain_yardstick(np.zeros(n), len(index.skill_ids)),
            difficulty=np.zeros((N_FOLDS, n)),
        )

    def measured_by(self, ability_variance: float) -> "_Trial":
        responses = responses_of(self.log)
        fit = fit_difficulty(responses, self.index, self.words, ability_variance)
        yardstick = replace(
            self.yardstick, difficulty=fit.difficulty, ability_variance=ability_variance
        )
        return replace(self, yardstick=yardstick, difficulty=cross_fitted(fit, self))

    def loss(self, skill_variance: float, half_life_seconds: float) -> float:
        return float(self.losses(skill_variance, half_life_seconds).mean())

    def losses(self, skill_variance: float, half_life_seconds: float) -> NDArray[np.float64]:
        """Return the log loss of each attempt."""
        yardstick = replace(
            self.yardstick, skill_variance=skill_variance, half_life_seconds=half_life_seconds
        )
        table = tabulate(self.log, self.index)
        difficulty = self.difficulty[table.learner % N_FOLDS, table.module]
        columns = encode_attempts(table, yardstick, difficulty).columns
        success = table.success[table.is_attempt].astype(np.float64)
        logits = columns[:, MARGIN]
        return np.asarray(np.logaddexp(0.0, logits) - success * logits)


def cross_fitted(fit: DifficultyFit, trial: _Trial) -> NDArray[np.float64]:
    """Return difficulties by fold of the sampled learners, (n_folds, n_modules)."""
    responses = responses_of(trial.log)
    center = fit.prior.difficulty(trial.index, trial.words)
    fold = responses.learner % N_FOLDS
    return out_of_fold(fit, responses, center, fold, ability_offset(fit, responses))


def plain_yardstick(difficulty: NDArray[np.float64], n_skills: int) -> Yardstick:
    """Return a yardstick that knows difficulties and nothing else."""
    return Yardstick(
        difficulty=difficulty,
        mean_grade=np.zeros(len(difficulty)),
        gain=np.zeros(len(difficulty)),
        skill_offset=np.zeros(n_skills + 1),
        logits_per_level=1.0,
        level_of_zero=0.0,
        ability_variance=1.0,
        skill_variance=0.2,
        half_life_seconds=np.inf,
    )
