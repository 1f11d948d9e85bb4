"""Module difficulty and learner spread from responses: a Rasch model with a learned prior.

Ability θ of a learner and difficulty b of a module are found by alternating Newton steps, each
with a normal prior; the prior of b is a regression on authored level, skills and words, so that
modules with few responses lean on what is known about them. Variances are re-estimated on the
way (empirical Bayes, Laplace approximation).

References
----------
Rasch, G. (1960). Probabilistic models for some intelligence and attainment tests.
Breslow, N. & Clayton, D. (1993). Approximate inference in generalized linear mixed models.
MacKay, D. (1992). Bayesian interpolation (the variances of the prior's coefficients).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from features.encode.ability import attenuation, sigmoid
from features.encode.skills import ModuleSkillIndex
from features.encode.words import N_BUCKETS, ModuleWords
from features.score.prior import DifficultyPrior, skill_shares
from training.success.responses import N_FOLDS, Responses

N_ROUNDS = 24
ROUNDS_PER_PRIOR = 6
N_VARIANCE_STEPS = 8
SMALLEST_VARIANCE = 0.01
MAX_STEP = 1.0


@dataclass(frozen=True, kw_only=True)
class DifficultyFit:
    """What responses say of modules and of the spread of learners.

    Attributes
    ----------
    difficulty, variance
        float64, (n_modules,): posterior mode in logits and variance; the prior's where a module
        has no response. Ability 0 is the average learner's.
    ability, ability_doubt
        float64, (n_learners,): posterior mode and variance.
    ability_variance, residual_variance
        Of learners around 0, and of modules around their prior; logits².
    prior
        The regression that gives modules without responses their difficulty.
    """

    difficulty: NDArray[np.float64]
    variance: NDArray[np.float64]
    ability: NDArray[np.float64]
    ability_doubt: NDArray[np.float64]
    ability_variance: float
    residual_variance: float
    prior: DifficultyPrior


def fit_difficulty(
    responses: Responses,
    index: ModuleSkillIndex,
    words: ModuleWords,
    ability_variance: float = 1.0,
) -> DifficultyFit:
    """Fit abilities, difficulties and the prior of difficulty together.

    Parameters
    ----------
    responses
        At least one.
    index, words
        What is known of the modules besides responses.
    ability_variance
        Of learners; logits². It is chosen by how well it predicts (`spread.py`), since Laplace
        estimates of it run away where nearly all attempts succeed.
    """
    design = _Design.of(index, words)
    base = -float(_logit_of_mean(responses.success))
    fit = DifficultyFit(
        difficulty=np.full(responses.n_modules, base),
        variance=np.ones(responses.n_modules),
        ability=np.zeros(responses.n_learners),
        ability_doubt=np.ones(responses.n_learners),
        ability_variance=ability_variance,
        residual_variance=1.0,
        prior=_flat_prior(base, index),
    )
    center = np.full(responses.n_modules, base)
    for turn in range(N_ROUNDS):
        fit = _ability_step(fit, responses)
        fit = _difficulty_step(fit, responses, center)
        if turn % ROUNDS_PER_PRIOR == ROUNDS_PER_PRIOR - 1:
            seen = np.bincount(responses.module, minlength=responses.n_modules) > 0
            prior, residual = design.regress(fit, seen)
            center = prior.difficulty(index, words)
            fit = replace(fit, prior=prior, residual_variance=residual)
    return _difficulty_step(fit, responses, center)


def refit_difficulty(
    fit: DifficultyFit,
    responses: Responses,
    center: NDArray[np.float64],
    offset: NDArray[np.float64],
    slope: NDArray[np.float64] | float = -1.0,
) -> NDArray[np.float64]:
    """Return difficulties given everything else: logit = offset + slope · difficulty.

    Parameters
    ----------
    fit
        Where to start, and the variance around `center`.
    responses
        Those to learn from.
    center
        float64, (n_modules,), the prior's means.
    offset, slope
        float64, (n_responses,), logits; slope is negative.
    """
    difficulty = fit.difficulty.copy()
    precision = 1.0 / fit.residual_variance
    module, n_modules = responses.module, responses.n_modules
    for _ in range(6):
        p = sigmoid(offset + slope * difficulty[module])
        gradient = np.bincount(module, slope * (responses.success - p), n_modules)
        curvature = np.bincount(module, slope**2 * p * (1.0 - p), n_modules)
        step = (gradient + precision * (center - difficulty)) / (curvature + precision)
        difficulty += np.clip(step, -MAX_STEP, MAX_STEP)
    return difficulty


def out_of_fold(
    fit: DifficultyFit,
    responses: Responses,
    center: NDArray[np.float64],
    fold: NDArray[np.int64],
    offset: tuple[NDArray[np.float64], NDArray[np.float64] | float],
) -> NDArray[np.float64]:
    """Return difficulties that each fold of learners had no part in, (n_folds, n_modules).

    Parameters
    ----------
    fold
        int64, (n_responses,), 0 … N_FOLDS − 1.
    offset
        Offset and slope of the logit, as in `refit_difficulty`.
    """
    rows, slope = [], np.broadcast_to(offset[1], len(fold))
    for one in range(N_FOLDS):
        others = fold != one
        part = responses.take(others)
        rows.append(refit_difficulty(fit, part, center, offset[0][others], slope[others]))
    return np.array(rows)


def ability_offset(
    fit: DifficultyFit, responses: Responses
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return offset and slope of each response's logit given the fitted abilities."""
    shrink = attenuation(fit.ability_doubt)[responses.learner]
    return shrink * fit.ability[responses.learner], -shrink


@dataclass(frozen=True, kw_only=True)
class _Design:
    """Columns of the prior's regression: 1, authored level, skills, words."""

    matrix: sparse.csr_array
    mean_level: float
    n_skills: int
    block: NDArray[np.int64]

    @classmethod
    def of(cls, index: ModuleSkillIndex, words: ModuleWords) -> "_Design":
        authored = index.difficulty
        known = ~np.isnan(authored)
        mean = float(authored[known].mean()) if known.any() else 0.5
        level = np.where(known, authored - mean, 0.0)
        shares = skill_shares(index)
        fixed = sparse.csr_array(np.column_stack([np.ones(len(level)), level]))
        matrix = sparse.hstack([fixed, shares, words.matrix()], format="csr")
        block = np.repeat([0, 1, 2, 3], [1, 1, shares.shape[1], N_BUCKETS])
        return cls(
            matrix=sparse.csr_array(matrix), mean_level=mean, n_skills=shares.shape[1], block=block
        )

    def regress(self, fit: DifficultyFit, seen: NDArray[np.bool_]) -> tuple[DifficultyPrior, float]:
        """Fit the prior to the difficulties of the modules seen, each as well as it is known.

        A module's posterior already leans on the present prior; what its responses alone say is
        recovered by taking that prior out again.
        """
        used = np.flatnonzero(seen)
        alone, spread = _without_prior(fit, self, used)
        matrix = self.matrix[used]
        variances = np.array([25.0, 25.0, 0.25, 0.25])
        residual = fit.residual_variance
        coefficients = np.zeros(matrix.shape[1])
        for _ in range(N_VARIANCE_STEPS):
            weight = 1.0 / (spread + residual)
            penalty = 1.0 / variances[self.block]
            coefficients = _ridge(matrix, weight, alone, penalty)
            information = matrix.multiply(matrix).T @ weight
            doubt = 1.0 / (information + penalty)
            for part in (2, 3):
                chosen = (self.block == part) & (information > 0)
                free = np.sum(1.0 - penalty[chosen] * doubt[chosen])
                moved = np.sum(coefficients[chosen] ** 2)
                variances[part] = max(moved / max(free, 1.0), 1e-4)
            left = alone - matrix @ coefficients
            shrink = residual / (residual + spread)
            residual = float(np.mean((shrink * left) ** 2 + shrink * spread))
            residual = max(residual, SMALLEST_VARIANCE)
        return self._prior(coefficients), residual

    def _prior(self, coefficients: NDArray[np.float64]) -> DifficultyPrior:
        return DifficultyPrior(
            intercept=float(coefficients[0]),
            logits_per_level=float(coefficients[1]),
            mean_level=self.mean_level,
            skill_effect=coefficients[2 : 2 + self.n_skills],
            word_effect=coefficients[2 + self.n_skills :],
        )


def _without_prior(
    fit: DifficultyFit, design: _Design, used: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what responses alone say of the difficulty of modules `used`, and its variance."""
    prior = fit.prior
    packed = np.concatenate(
        [[prior.intercept, prior.logits_per_level], prior.skill_effect, prior.word_effect]
    )
    center = design.matrix[used] @ packed
    precision = 1.0 / fit.variance[used]
    from_responses = np.maximum(precision - 1.0 / fit.residual_variance, 1e-6)
    pull = (fit.difficulty[used] - center) * precision / from_responses
    return center + pull, 1.0 / from_responses


def _ridge(
    matrix: sparse.csr_array,
    weight: NDArray[np.float64],
    target: NDArray[np.float64],
    penalty: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Solve weighted ridge regression by conjugate gradients."""
    n = matrix.shape[1]
    diagonal = matrix.multiply(matrix).T @ weight + penalty
    normal = LinearOperator((n, n), lambda v: matrix.T @ (weight * (matrix @ v)) + penalty * v)
    inverse = LinearOperator((n, n), lambda v: v / diagonal)
    solution, _ = cg(normal, matrix.T @ (weight * target), M=inverse, rtol=1e-6, maxiter=200)
    return np.asarray(solution)


def _ability_step(fit: DifficultyFit, responses: Responses) -> DifficultyFit:
    learner, n = responses.learner, responses.n_learners
    p = sigmoid(fit.ability[learner] - fit.difficulty[responses.module])
    precision = 1.0 / fit.ability_variance
    gradient = np.bincount(learner, responses.success - p, n) - precision * fit.ability
    curvature = np.bincount(learner, p * (1.0 - p), n) + precision
    ability = fit.ability + np.clip(gradient / curvature, -MAX_STEP, MAX_STEP)
    doubt = 1.0 / curvature
    return replace(fit, ability=ability, ability_doubt=doubt)


def _difficulty_step(
    fit: DifficultyFit, responses: Responses, center: NDArray[np.float64]
) -> DifficultyFit:
    """Move difficulties one Newton step; doubt about abilities flattens the response curve."""
    module, n = responses.module, responses.n_modules
    shrink = attenuation(fit.ability_doubt)[responses.learner]
    p = sigmoid(shrink * (fit.ability[responses.learner] - fit.difficulty[module]))
    precision = 1.0 / fit.residual_variance
    gradient = np.bincount(module, shrink * (p - responses.success), n)
    curvature = np.bincount(module, shrink**2 * p * (1.0 - p), n) + precision
    step = (gradient + precision * (center - fit.difficulty)) / curvature
    difficulty = fit.difficulty + np.clip(step, -MAX_STEP, MAX_STEP)
    return replace(fit, difficulty=difficulty, variance=1.0 / curvature)


def _flat_prior(base: float, index: ModuleSkillIndex) -> DifficultyPrior:
    return DifficultyPrior(
        intercept=base,
        logits_per_level=0.0,
        mean_level=0.5,
        skill_effect=np.zeros(len(index.skill_ids) + 1),
        word_effect=np.zeros(N_BUCKETS),
    )


def _logit_of_mean(success: NDArray[np.float64]) -> float:
    p = (success.sum() + 1.0) / (len(success) + 2.0)
    return float(np.log(p / (1.0 - p)))
