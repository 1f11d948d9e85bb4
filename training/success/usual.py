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

from features.encode.ability import ANCHORS, LOGIT_OF_MASTERY, attenuation, posterior, sigmoid
from features.encode.attempts import AttemptTable
from features.encode.levels import (
    MIDDLE,
    Bases,
    LevelScale,
    gains_at,
    hardness,
    read_bases,
    read_signs,
    rise,
    tag_shares,
)

N_ROUNDS, N_POOLINGS = 8, 5
SKILL_SPREAD, CELL_SPREAD = 0.25, 0.1  # logits², before the data are asked
LEAST_LEAD, LEAST_SKILL, LEAST_SPREAD, MOST = 0.05, 0.1, 1e-3, 4.0  # logits²
LEAST_WEIGHT, NARROW = 1e-3, 1e-4
TARGET_PENALTY = np.diag([1e-3, 1e-2, 1e-2])


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Roles of learners, and what roles ask for.

    Attributes
    ----------
    ids
        Unicode, (n_roles,).
    of_learner
        int64, (n_learners,), 0 … n_roles; n_roles stands for any other.
    target
        float64, (n_roles + 1, n_skills + 1), levels; NaN where a role asks for nothing.
    """

    ids: NDArray[np.str_]
    of_learner: NDArray[np.int64]
    target: NDArray[np.float64]

    def take_learners(self, chosen: NDArray[np.bool_]) -> "Roles":
        """Return the roles of the learners where `chosen` is true."""
        return replace(self, of_learner=self.of_learner[chosen])


def no_roles(n_learners: int, n_skills: int) -> Roles:
    """Return that nobody's role is known."""
    return Roles(
        ids=np.zeros(0, dtype=np.str_),
        of_learner=np.zeros(n_learners, dtype=np.int64),
        target=np.full((1, n_skills + 1), np.nan),
    )


def fit_usual(table: AttemptTable, scale: LevelScale, roles: Roles) -> LevelScale:
    """Return the scale with what is usual by role and skill, and how learners differ from it."""
    usual = np.full(roles.target.shape, MIDDLE - LOGIT_OF_MASTERY / scale.logits_per_level)
    scale = replace(scale, usual=usual, usual_variance=np.zeros(usual.shape))
    typical = _tells_of_role(table, roles)[:, None]
    for _ in range(N_ROUNDS):
        signs = read_signs(table, scale, roles.of_learner)
        signs = replace(signs, own=signs.own * typical, lead=signs.lead * typical)
        bases = read_bases(table, scale, roles.of_learner, signs)
        scale = _Cells.of(bases, scale, roles).settled(scale)
        lead, skill = _variances(table, scale, roles)
        scale = replace(scale, lead_variance=lead, skill_variance=skill)
    return scale


def _tells_of_role(table: AttemptTable, roles: Roles) -> NDArray[np.bool_]:
    """Tell which tags speak of their role: who is judged in what no role asks for is no sample."""
    role = roles.of_learner[table.learner[table.tag_row]]
    asked = ~np.isnan(roles.target)
    has_targets = asked.any(axis=1)[role]
    return (table.module[table.tag_row] >= 0) | asked[role, table.skill] | ~has_targets


@dataclass(frozen=True, kw_only=True)
class _Cells:
    """One Newton step for every role × skill: where it leads, and how well that is known.

    All float64, (n_cells,); `design` has the columns 1, asked for, target where asked for.
    """

    value: NDArray[np.float64]
    weight: NDArray[np.float64]
    design: NDArray[np.float64]
    skill: NDArray[np.int64]

    @classmethod
    def of(cls, bases: Bases, scale: LevelScale, roles: Roles) -> "_Cells":
        n_roles, n_skills = roles.target.shape
        cell = roles.of_learner[bases.learner] * n_skills + bases.skill
        # Scores are taken at the prior mean: at the mode, failures would weigh more than wins.
        near, narrow = posterior(bases.own, bases.prior_mean, NARROW)
        own = np.maximum(1.0 / narrow - 1.0 / NARROW, 0.0)
        damping = 1.0 / (1.0 + own * bases.prior_variance)
        weight = np.bincount(cell, own * damping, n_roles * n_skills)
        score = np.bincount(cell, (near - bases.prior_mean) / NARROW * damping, n_roles * n_skills)
        now = scale.logits(scale.usual).ravel()
        target = roles.target.ravel()
        asked = ~np.isnan(target)
        aim = np.where(asked, scale.logits(np.nan_to_num(target)), 0.0)
        return cls(
            # Where all succeed or all fail, nothing else would hold the step back.
            value=np.clip(now + score / np.maximum(weight, LEAST_WEIGHT), ANCHORS[0], ANCHORS[-1]),
            weight=weight,
            design=np.column_stack([np.ones(len(target)), asked, aim]),
            skill=np.tile(np.arange(n_skills), n_roles),
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


def _variances(table: AttemptTable, scale: LevelScale, roles: Roles) -> tuple[float, float]:
    """Return the variances of leads and of single skills around them, from products of scores."""
    row = table.tag_row
    score, told = _scores(table, scale, roles)
    key = table.learner[row] * (table.n_skills + 1) + table.skill
    group = np.unique(key, return_inverse=True)[1]
    products = np.array(
        [
            [np.sum(np.bincount(of, values) ** 2) for of in (table.learner[row], group, row)]
            + [np.sum(values**2)]
            for values in (score, told)
        ]
    )
    # One response is one observation, however many skills it speaks to.
    across = products[:, 0] - products[:, 1] - (products[:, 2] - products[:, 3])
    within = products[:, 1] - products[:, 3]
    lead = across[0] / across[1] if across[1] > 0 else 0.0
    both = within[0] / within[1] if within[1] > 0 else 0.0
    lead = _within(float(lead), LEAST_LEAD)
    return lead, _within(float(both) - lead, LEAST_SKILL)


def _scores(
    table: AttemptTable, scale: LevelScale, roles: Roles
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the score of every tag at what is usual, and the information behind it, (n_tags,)."""
    row, skill = table.tag_row, table.skill
    total = scale.lead_variance + scale.skill_variance
    flat = float(attenuation(np.array(total)))
    usual = scale.logits(scale.usual[roles.of_learner[table.learner[row]], skill])
    gained = rise(gains_at(table, scale, table.by_skill.before, table.at_seconds[row]))
    share = tag_shares(table)
    ease = np.bincount(row, share * usual, len(table)) - hardness(table, scale, gained)
    p = sigmoid(flat * ease[row])
    tried = table.is_attempt[row]
    score = np.where(tried, share * (table.success[row] - p), 0.0)
    told = np.where(tried, flat * share**2 * p * (1.0 - p), 0.0)
    stated = np.flatnonzero(table.module[row] < 0)
    doubt = (scale.logits_per_level * table.standard_error[row[stated]]) ** 2 + total
    level = scale.logits(table.level[row[stated]] - gained[stated])
    score[stated], told[stated] = (level - usual[stated]) / doubt, 1.0 / doubt
    return score, told
