"""The policies that are compared, all through `features.decide`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from features.decide.case import Scoring
from features.decide.decide import choose
from features.domain.catalogue import TERMS, Policy
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.score.affinity import BoundAffinity
from features.score.scorer import Scorer
from features.score.scores import Scores

Affinity = NDArray[np.float64]


class PolicyName(StrEnum):
    """What is compared."""

    FIXED = "fixed"
    POPULARITY = "popularity"
    COLLABORATIVE = "collaborative"
    OURS = "ours"


RIVALS = (PolicyName.FIXED, PolicyName.POPULARITY, PolicyName.COLLABORATIVE)

# Rivals rank by one thing alone, the first always leads.
BY_AFFINITY = Policy(
    policy_id="by-affinity",
    weights={term: float(term == "affinity") for term in TERMS},
    diversity=0.0,
    exploration=0.0,
)


@dataclass(frozen=True, kw_only=True)
class OtherAffinity:
    """A scorer with an affinity of another make; everything else is the scorer's own."""

    scorer: Scorer
    affinity_of: Callable[[LearnerArrays, float], Affinity]

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue."""
        return self.scorer.index

    @property
    def version(self) -> str | None:
        """The snapshot's version."""
        return self.scorer.version

    def score(self, history: LearnerHistory, arrays: LearnerArrays, now_seconds: float) -> Scores:
        """Score every module and skill for one learner."""
        scores = self.scorer.score(history, arrays, now_seconds)
        return replace(scores, affinity=self.affinity_of(arrays, now_seconds))


class Decider:
    """Takes the first module of the slate that `features.decide` draws.

    Parameters
    ----------
    scorer, policy
        What ranks.
    rng
        Of exploration.
    only
        Rows that may be offered; everything where None.
    """

    def __init__(
        self,
        scorer: Scoring,
        policy: Policy,
        rng: np.random.Generator,
        only: frozenset[int] | None = None,
    ) -> None:
        self._scorer, self._policy, self._rng, self._only = scorer, policy, rng, only

    def choose(self, history: LearnerHistory, barred: frozenset[int], now: datetime) -> int | None:
        """Return the row of the next module, None where there is nothing to offer."""
        module_ids = self._scorer.index.module_ids
        request = DecisionRequest(
            history=history,
            context=RequestContext(exclude=frozenset(module_ids.ids[row] for row in barred)),
            now=now,
        )
        row = choose(request, self._scorer, self._policy, self._rng)
        return row if self._only is None or row in self._only else None


def by_curriculum(scorer: Scorer, curriculum: tuple[int, ...]) -> OtherAffinity:
    """Rank the modules of a curriculum in its order, all others after them."""
    affinity = np.zeros(len(scorer.index.module_ids))
    affinity[list(curriculum)] = 1.0 - np.arange(len(curriculum)) / len(curriculum)
    return OtherAffinity(scorer=scorer, affinity_of=lambda *_: affinity)


def by_popularity(scorer: Scorer, affinity: BoundAffinity) -> OtherAffinity:
    """Rank by what people in the learner's role met most."""

    def popularity(arrays: LearnerArrays, _: float) -> Affinity:
        by_role: Mapping[str, Affinity] = affinity.popularity_by_role
        return by_role.get(arrays.learner.role_id or "", affinity.popularity)

    return OtherAffinity(scorer=scorer, affinity_of=popularity)


def by_collaboration(scorer: Scorer, affinity: BoundAffinity) -> OtherAffinity:
    """Rank by plain collaborative filtering; by popularity in the role while nothing is known."""

    def collaborative(arrays: LearnerArrays, now_seconds: float) -> Affinity:
        return affinity.affinity(arrays.log, arrays.learner.role_id, now_seconds)[0]

    return OtherAffinity(scorer=scorer, affinity_of=collaborative)
