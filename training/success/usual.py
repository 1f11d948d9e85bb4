"""What is usual by role and skill, and how far learners lie from it.

Cells of role × skill are drawn to the mean of the skill and to what the role asks for, with
variances from the data. How far learners differ is told by products of the scores of different
observations of one learner: they average to the variance where the scores average to zero.

References
----------
Efron, B. & Morris, C. (1975). Data analysis using Stein's estimator (pooling).
Liang, K.-Y. (1987). A locally most powerful test for homogeneity with many strata (variances).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import ANCHORS, LOGIT_OF_MASTERY, posterior
from features.encode.attempts import AttemptTable
from features.encode.level_scale import MIDDLE, LearnerRoles, LevelScale
from features.encode.levels import (
    Bases,
    read_bases,
    read_signs,
)

N_ROUNDS, N_POOLINGS = 8, 5
SKILL_SPREAD, CELL_SPREAD = 0.25, 0.1  # logits², before the data are asked
LEAST_LEAD, LEAST_SKILL, LEAST_SPREAD, MOST = 0.05, 0.1, 1e-3, 4.0  # logits²
LEAST_WEIGHT, NARROW = 1e-3, 1e-4
TARGET_PENALTY = np.diag([1e-3, 1e-2, 1e-2, 1.0, 1.0])


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Roles of learners, and what roles ask for.

    Attributes
    ----------
    ids
        Unicode, (n_roles,).
    of_learner
        Rows of `target`; n_roles stands for any other role and for none.
    target
        float64, (n_roles + 1, n_skills + 1), levels; NaN where a role asks for nothing.
    """

    ids: NDArray[np.str_]
    of_learner: LearnerRoles
    target: NDArray[np.float64]

    def take_learners(self, chosen: NDArray[np.bool_]) -> "Roles":
        """Return the roles of the learners where `chosen` is true."""
        return replace(self, of_learner=self.of_learner.take(chosen))


def no_roles(n_learners: int, n_skills: int) -> Roles:
    """Return that nobody's role is known."""
    nobody = np.zeros(n_learners, dtype=np.int64)
    return Roles(
        ids=np.zeros(0, dtype=np.str_),
        of_learner=LearnerRoles(held=nobody, goal=nobody),
        target=np.full((1, n_skills + 1), np.nan),
    )


def fit_usual(table: AttemptTable, scale: LevelScale, roles: Roles) -> LevelScale:
    """Return the scale with what is usual by role and skill, and how learners differ from it."""
    shape = (2 * len(roles.target), roles.target.shape[1])
    usual = np.full(shape, MIDDLE - LOGIT_OF_MASTERY / scale.logits_per_level)
    scale = replace(scale, usual=usual, usual_variance=np.zeros(usual.shape))
    typical = _tells_of_role(table, scale, roles)[:, None]
    for _ in range(N_ROUNDS):
        signs = read_signs(table, scale, roles.of_learner)
        signs = replace(signs, scores=signs.scores * typical)
        bases = read_bases(table, scale, roles.of_learner, signs)
        scale = _Cells.of(bases, scale, roles).settled(scale)
    return scale


def _tells_of_role(table: AttemptTable, scale: LevelScale, roles: Roles) -> NDArray[np.bool_]:
    """Tell which tags speak of their role: who is judged in what no role asks for is no sample."""
    of_tag = roles.of_learner.take(table.learner[table.tag_row])
    has_targets = scale.is_asked.any(axis=1)[of_tag.held]
    is_asked = scale.asked(of_tag, table.skill) > 0
    return (table.module[table.tag_row] >= 0) | is_asked | ~has_targets


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """One Newton step for every role × skill: where it leads, and how well that is known.

    All float64, (n_cells,); `design` has the columns 1, asked for, target where asked for, and
    the last two again for goals.
    """

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    design: NDArray[np.float64]
    skill: NDArray[np.int64]

    @classmethod
    def of(cls, bases: Bases, scale: LevelScale, roles: Roles) -> "_Cells":
        n_rows, n_skills = scale.usual.shape
        cell = bases.row * n_skills + bases.skill
        # Scores are taken at the prior mean: at the mode, failures would weigh more than wins.
        near, narrow = posterior(bases.own, bases.prior_mean, NARROW)
        own = np.maximum(1.0 / narrow - 1.0 / NARROW, 0.0)
        damping = 1.0 / (1.0 + own * bases.prior_variance)
        weight = np.bincount(cell, own * damping, n_rows * n_skills)
        score = np.bincount(cell, (near - bases.prior_mean) / NARROW * damping, n_rows * n_skills)
        now = scale.logits(scale.usual).ravel()
        target = np.concatenate([roles.target, roles.target]).ravel()
        asked = ~np.isnan(target)
        aim = np.where(asked, scale.logits(np.nan_to_num(target)), 0.0)
        is_goal = np.arange(len(target)) >= roles.target.size
        return cls(
            # Where all succeed or all fail, nothing else would hold the step back.
            value=np.clip(now + score / np.maximum(weight, LEAST_WEIGHT), ANCHORS[0], ANCHORS[-1]),
            weight=weight,
            design=np.column_stack(
                [np.ones(len(target)), asked, aim, is_goal & asked, is_goal * aim]
            ),
            skill=np.tile(np.arange(n_skills), n_rows),
        )

    def settled(self, scale: LevelScale) -> LevelScale:
        """Pool the cells and return the scale with them."""
        shape, n_skills = scale.usual.shape, scale.usual.shape[1]
        seen = self.weight > LEAST_WEIGHT
        doubt = 1.0 / np.maximum(self.weight, LEAST_WEIGHT)
        by_skill, expected = np.zeros(n_skills), np.zeros(len(self.value))
        of_skills, of_cells = SKILL_SPREAD, CELL_SPREAD
        for _ in range(N_POOLINGS):
            trust = seen / (doubt + of_cells)
            normal = self.design.T @ (self.design * trust[:, None]) + TARGET_PENALTY
            left = self.value - by_skill[self.skill]
            fixed = self.design @ np.linalg.solve(normal, self.design.T @ (trust * left))
            told = np.bincount(self.skill, trust, n_skills)
            by_skill = np.bincount(self.skill, trust * (self.value - fixed), n_skills)
            by_skill = by_skill / (told + 1.0 / of_skills)
            expected = fixed + by_skill[self.skill]
            unsure = by_skill**2 + 1.0 / (told + 1.0 / of_skills)
            of_skills = _within(_mean(unsure[told > 0]), LEAST_SPREAD)
            shrink = of_cells / (of_cells + doubt)
            moved = (shrink * (self.value - expected)) ** 2 + shrink * doubt
            of_cells = _within(_mean(moved[seen]), LEAST_SPREAD)
        shrink = np.where(seen, of_cells / (of_cells + doubt), 0.0)
        usual = expected + shrink * (self.value - expected)
        return replace(
            scale,
            usual=MIDDLE + usual.reshape(shape) / scale.logits_per_level,
            usual_variance=((1.0 - shrink) * of_cells).reshape(shape),
        )


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _within(variance: float, least: float) -> float:
    return min(max(variance, least), MOST)
