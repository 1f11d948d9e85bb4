"""Serving those who have opted out of personalisation: by role and popularity."""

from dataclasses import dataclass

import numpy as np

from features.decide.case import Scoring
from features.decide.decide import decide
from features.domain.catalogue import Policy
from features.domain.history import Learner, LearnerHistory
from features.domain.recommendation import DecisionRequest, Recommendation
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays, encode_learner
from features.score.scores import Scores

# Only what asks nothing of a person's past, or is owed by them.
IMPERSONAL = Policy(
    policy_id="impersonal",
    version="1",
    weights={"gap": 0.5, "affinity": 0.3, "urgency": 0.15, "time": 0.05},
    exploration=0.0,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Impersonal:
    """Scores that are the same for everybody of a role: no event, judgement or attribute counts."""

    scorer: Scoring

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue the scores are aligned with."""
        return self.scorer.index

    @property
    def version(self) -> str | None:
        """The snapshot's version, None without a model."""
        return self.scorer.version

    def score(self, history: LearnerHistory, _arrays: LearnerArrays, now_seconds: float) -> Scores:
        """Score every module and skill for a newcomer of the learner's role and goal."""
        learner = history.learner
        newcomer = LearnerHistory(
            learner=Learner(
                learner_id=learner.learner_id,
                role_id=learner.role_id,
                goal_role_id=learner.goal_role_id,
            )
        )
        arrays = encode_learner(newcomer, self.index, None)
        return self.scorer.score(newcomer, arrays, now_seconds)


def decide_impersonally(
    request: DecisionRequest, scorer: Scoring, policy: Policy | None, rng: np.random.Generator
) -> Recommendation:
    """Choose what is next for who has opted out of personalisation.

    What is done, owed, or locked by modules is theirs as ever: it says what can be taken, not what
    they are like. Everything that ranks is that of a newcomer in their role.

    Parameters
    ----------
    request, scorer, rng
        As of `decide`.
    policy
        Of a dry run; else `IMPERSONAL` ranks.
    """
    return decide(request, Impersonal(scorer=scorer), policy or IMPERSONAL, rng)
