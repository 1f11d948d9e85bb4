"""Gain: what completing a module did to later success on its skills.

Each attempt is explained by what is usual for the learner's role and the attempted module, the
learner's own level in its skills (one intercept a learner and skill, drawn to the mean), and every
module of the skill completed before. Learners take most where they lack most, so how much of a
skill a learner takes in all stands in for that (Mundlak's device). Gains are partially pooled: all
modules → skill → module, with variances from the data, so that a module with few completions gains
what others of its skills gain. Modules that are completed unjudged (content) and those completed
by success (tests) are pooled apart; unknown modules count as content.

References
----------
Cen, H., Koedinger, K. & Junker, B. (2006). Learning factors analysis (the additive factor model).
Koedinger, K. et al. (2023). An astonishing regularity in student learning rate (the prior's size).
Mundlak, Y. (1978). On the pooling of time series and cross section data.
Efron, B. & Morris, C. (1975). Data analysis using Stein's estimator (pooling).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from features.encode.ability import sigmoid
from features.encode.log import InteractionLog
from features.encode.skills import ModuleSkillIndex
from features.score.prior import skill_shares
from training.success.exposure import Exposure, expose

PRIOR_GAIN = 0.2
PRIOR_GAIN_VARIANCE = 0.04
SMALLEST_VARIANCE = 1e-3
N_NEWTON_STEPS = 12
STEP_TOLERANCE = 1e-3
N_VARIANCE_STEPS = 4


@dataclass(frozen=True, kw_only=True)
class GainFit:
    """Gains in logits of ability.

    Attributes
    ----------
    gain, standard_error
        float64, (n_modules,).
    n_completions
        int64, (n_modules,): learners whose later attempts tell of the module's gain.
    by_skill
        float64, (n_skills + 1,): expected of a module of the skill.
    """

    gain: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    n_completions: NDArray[np.int64]
    by_skill: NDArray[np.float64]


def fit_gain(
    log: InteractionLog,
    index: ModuleSkillIndex,
    usual: NDArray[np.float64],
    role: NDArray[np.int64],
    level_variance: float,
    rng: np.random.Generator,
) -> GainFit:
    """Estimate the gain of every module.

    Parameters
    ----------
    log
        Of the training learners.
    index
        Skills of the modules.
    usual, role
        float64, (n_roles, n_modules), log odds of success of usual learners of a role; int64,
        (n_learners,), the learners' rows of it.
    level_variance
        Of ability between learners and between their skills together; logits².
    rng
        Draws learners where there are too many.
    """
    exposure = expose(log, index, rng)
    expected = usual[role[exposure.learner], exposure.module]
    problem = _Problem.of(exposure, index, expected, level_variance)
    for _ in range(N_VARIANCE_STEPS):
        solution = problem.solve()
        problem = replace(problem, variances=problem.updated(solution))
    return problem.gains(problem.solve(), exposure.n_completions)


@dataclass(frozen=True, kw_only=True)
class _Problem:
    """Penalised logistic regression on [gain by kind, covariates, skills, modules, levels]."""

    design: sparse.csr_array
    offset: NDArray[np.float64]
    success: NDArray[np.float64]
    shares: sparse.csr_array
    is_test: NDArray[np.bool_]
    sizes: tuple[int, ...]
    variances: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        exposure: Exposure,
        index: ModuleSkillIndex,
        expected: NDArray[np.float64],
        level_variance: float,
    ) -> "_Problem":
        shares, completed = skill_shares(index), exposure.completed
        is_test = exposure.is_test
        dose = completed @ np.column_stack([~is_test, is_test]).astype(np.float64)
        blocks = [
            sparse.csr_array(dose),
            sparse.csr_array(np.column_stack([np.ones(len(expected)), expected, exposure.taken])),
            completed @ shares,
            completed,
            exposure.levels,
        ]
        return cls(
            design=sparse.csr_array(sparse.hstack(blocks, format="csr")),
            offset=PRIOR_GAIN * dose.sum(axis=1) + expected,
            success=exposure.success,
            shares=shares,
            is_test=is_test,
            sizes=tuple(block.shape[1] for block in blocks),
            variances=np.array([PRIOR_GAIN_VARIANCE, 0.25, 0.04, 0.04, level_variance]),
        )

    @property
    def penalty(self) -> NDArray[np.float64]:
        return np.repeat(1.0 / self.variances, self.sizes)

    def part(self, values: NDArray[np.float64], block: int) -> NDArray[np.float64]:
        ends = np.cumsum(self.sizes)
        return values[ends[block] - self.sizes[block] : ends[block]]

    def solve(self) -> NDArray[np.float64]:
        """Find the posterior mode by Newton steps, each solved by conjugate gradients."""
        matrix, penalty = self.design, self.penalty
        squares = matrix.multiply(matrix).T.tocsr()
        solution = np.zeros(matrix.shape[1])
        loss = self._loss(solution)
        for _ in range(N_NEWTON_STEPS):
            p = sigmoid(self.offset + matrix @ solution)
            weight = p * (1.0 - p)
            gradient = matrix.T @ (self.success - p) - penalty * solution
            diagonal = squares @ weight + penalty
            step = _solve(matrix, weight, penalty, gradient, diagonal)
            while self._loss(solution + step) > loss and np.abs(step).max() > STEP_TOLERANCE:
                step = step / 2.0
            if np.abs(step).max() <= STEP_TOLERANCE:
                break
            solution = solution + step
            loss = self._loss(solution)
        return solution

    def _loss(self, solution: NDArray[np.float64]) -> float:
        logits = self.offset + self.design @ solution
        fit = np.sum(np.logaddexp(0.0, logits) - self.success * logits)
        return float(fit + 0.5 * np.sum(self.penalty * solution**2))

    def doubts(self, solution: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return posterior variances of skills' and modules' parts with levels profiled out.

        Exact for a parameter were it alone with the levels: information − Σ (cross with level)² /
        (information of the level), which is what comparing learners with themselves costs.
        """
        p = sigmoid(self.offset + self.design @ solution)
        weight = p * (1.0 - p)
        n_levels = self.sizes[-1]
        gains, levels = self.design[:, :-n_levels], self.design[:, -n_levels:]
        if n_levels == 0:
            gains, levels = self.design, self.design[:, :0]
        weighted = sparse.diags_array(weight) @ gains
        information = gains.multiply(weighted).sum(axis=0)
        level_information = levels.multiply(levels).T @ weight + 1.0 / self.variances[-1]
        cross = (levels.T @ weighted).tocsr()
        lost = (1.0 / level_information) @ cross.multiply(cross)
        own = np.maximum(np.ravel(information) - np.ravel(lost), 0.0)
        return np.asarray(1.0 / (own + self.penalty[: len(own)]))

    def updated(self, solution: NDArray[np.float64]) -> NDArray[np.float64]:
        """Re-estimate the variances of gains (empirical Bayes), those without data left out."""
        variances, doubts = self.variances.copy(), self.doubts(solution)
        for block in (2, 3):
            doubt = self.part(doubts, block)
            told = doubt < 0.99 * variances[block]
            if told.sum() >= 3:
                spread = self.part(solution, block)[told] ** 2 + doubt[told]
                variances[block] = max(float(spread.mean()), SMALLEST_VARIANCE)
        return variances

    def gains(self, solution: NDArray[np.float64], n_completions: NDArray[np.int64]) -> GainFit:
        """Add the parts up; a module's doubt is its own plus that of what it is drawn to."""
        doubts = self.doubts(solution)
        by_skill = self.part(solution, 2)
        of_kind = PRIOR_GAIN + self.part(solution, 0)[self.is_test.astype(np.int64)]
        own = self.part(doubts, 3)
        pooled = self.shares.multiply(self.shares) @ self.part(doubts, 2)
        pooled += self.part(doubts, 0)[self.is_test.astype(np.int64)]
        drawn = own / self.variances[3]
        return GainFit(
            gain=of_kind + self.shares @ by_skill + self.part(solution, 3),
            standard_error=np.sqrt(own + drawn**2 * pooled),
            n_completions=n_completions,
            by_skill=PRIOR_GAIN + solution[0] + by_skill,
        )


def _solve(
    matrix: sparse.csr_array,
    weight: NDArray[np.float64],
    penalty: NDArray[np.float64],
    gradient: NDArray[np.float64],
    diagonal: NDArray[np.float64],
) -> NDArray[np.float64]:
    n = matrix.shape[1]
    curvature = LinearOperator(
        (n, n), lambda v: matrix.T @ (weight * (matrix @ v)) + penalty * v, dtype=np.float64
    )
    inverse = LinearOperator((n, n), lambda v: v / diagonal, dtype=np.float64)
    step, _ = cg(curvature, gradient, M=inverse, rtol=1e-3, maxiter=100)
    return np.asarray(step)
