"""The scale of levels with all that is read off it, and the roles of learners."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MIDDLE = 0.5  # the level that is 0 logits


@dataclass(frozen=True, kw_only=True)
class LearnerRoles:
    """The role that each of n learners holds and the one each aims at.

    Both int64, (n,), rows of `LevelScale.is_asked`.
    """

    held: NDArray[np.int64]
    goal: NDArray[np.int64]

    def take(self, learners: NDArray[np.int64] | NDArray[np.bool_]) -> "LearnerRoles":
        """Return those of some learners."""
        return LearnerRoles(held=self.held[learners], goal=self.goal[learners])


@dataclass(frozen=True, kw_only=True)
class UsualTables:
    """What is usual, by row of `LevelScale.usual` and skill; arrays of its shape.

    Attributes
    ----------
    asked
        int64, 1 where the role or the goal asks for the skill, else 0.
    logits
        float64, the usual level of base.
    alone
        float64, variance of the base in the skill around the learner's lead, logits².
    """

    asked: NDArray[np.int64]
    logits: NDArray[np.float64]
    alone: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LevelScale:
    """What levels are read with, modules and skills in the order of an index.

    Attributes
    ----------
    difficulty, gain
        float64, (n_modules,), levels: where p_success is .75, and the rise from one completion.
    is_asked
        bool, (n_roles + 1, n_skills + 1): skills that a role asks for; the last row is for no role
        or another.
    usual, usual_variance
        float64, (2·(n_roles + 1), n_skills + 1): levels of base, and how well they are known,
        logits²; rows of those who hold a role, then of those whose goal it is (only where the
        goal asks for a skill and the role held does not).
    logits_per_level
        Log odds of success per unit of (level − difficulty).
    lead_variance, role_lead_variance
        Of what a learner's base has over the usual in all skills, and further in all skills asked
        for; logits².
    skill_variance
        float64, (2,): of one skill that is not asked for, and of one that is; logits².
    half_life_seconds, kept_share
        Of what was gained, `kept_share` stays, the rest halves in this time (inf: nothing fades).
    learned_at, steepness
        In (0,1): p_success where modules teach most, and how narrowly; see `gains.match`.
    failed_share
        In [0,1]: what a failed attempt teaches, of what a passed one does.
    """

    difficulty: NDArray[np.float64]
    gain: NDArray[np.float64]
    is_asked: NDArray[np.bool_]
    usual: NDArray[np.float64]
    usual_variance: NDArray[np.float64]
    logits_per_level: float
    lead_variance: float
    role_lead_variance: float
    skill_variance: NDArray[np.float64]
    half_life_seconds: float
    kept_share: float
    learned_at: float
    steepness: float
    failed_share: float

    def logits(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return levels as logits around the middle of the scale."""
        return np.asarray(self.logits_per_level * (level - MIDDLE))

    @property
    def parts(self) -> NDArray[np.float64]:
        """Shares of a gain: what stays, what fades."""
        return np.array([self.kept_share, 1.0 - self.kept_share])

    @cached_property
    def tables(self) -> "UsualTables":
        """What is read off the scale by row of `usual` and skill."""
        asked = np.concatenate((self.is_asked, np.ones_like(self.is_asked))).astype(np.int64)
        return UsualTables(
            asked=asked,
            logits=self.logits(self.usual),
            alone=self.skill_variance[asked] + self.usual_variance,
        )

    @cached_property
    def hard_at(self) -> NDArray[np.float64]:
        """`difficulty`, and the middle for rows without a module."""
        return np.append(self.difficulty, MIDDLE)

    @cached_property
    def gained_by(self) -> NDArray[np.float64]:
        """`gain`, and nothing for rows without a module."""
        return np.append(self.gain, 0.0)

    def cells(self, roles: LearnerRoles) -> NDArray[np.int64]:
        """Return where n learners stand in each of `tables`, end to end, (n, n_skills + 1)."""
        n_roles, n_skills = self.is_asked.shape
        row = np.where(
            self.is_asked[roles.goal] & ~self.is_asked[roles.held],
            (n_roles + roles.goal)[:, None],
            roles.held[:, None],
        )
        row *= n_skills
        row += np.arange(n_skills)
        return row

    def asked(self, roles: LearnerRoles, skill: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 1 where the role held or the goal asks for the skill, else 0, (n,).

        Parameters
        ----------
        roles
            Of the n learners.
        skill
            int64, (n,).
        """
        return (self.is_asked[roles.held, skill] | self.is_asked[roles.goal, skill]).astype(int)

    def rows(self, roles: LearnerRoles, skill: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of `usual` that speak of learners and skills; see `asked`."""
        aims = self.is_asked[roles.goal, skill] & ~self.is_asked[roles.held, skill]
        return np.where(aims, len(self.is_asked) + roles.goal, roles.held)
