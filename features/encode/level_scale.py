"""The scale of levels with all that is read off it, and the roles of learners."""

from dataclasses import dataclass

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

    def logits(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return levels as logits around the middle of the scale."""
        return np.asarray(self.logits_per_level * (level - MIDDLE))

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
