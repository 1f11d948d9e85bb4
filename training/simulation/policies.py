"""The policies that are compared, all through `features.decide`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from features.decide.case import ScoringAll
from features.decide.decide import choose_all
from features.domain.catalogue import TERMS, Policy
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.encode.log import join_logs
from features.score.affinity import BoundAffinity
from features.score.scorer import Scorer
from features.score.scores import Scores
from training.simulation.loop import Asking

Affinity = NDArray[np.float64]


class PolicyName(StrEnum):
    """What is compared."""

    FIXED = "fixed"
    POPULARITY = "popularity"
    COLLABORATIVE = "collaborative"
    OURS = "ours"
    ASSESSED = "assessed"


RIVALS = (PolicyName.FIXED, PolicyName.POPULARITY, PolicyName.COLLABORATIVE)
# What is compared with which others, under these names in the document.
COMPARED = {
    "against": (PolicyName.OURS, RIVALS),
    "assessed_against": (PolicyName.ASSESSED, (*RIVALS, PolicyName.OURS)),
}

# Rivals rank by one thing alone, the first always leads.
BY_AFFINITY = Policy(
    policy_id="by-affinity",
    weights={term: float(term == "affinity") for term in TERMS},
    diversity=0.0,
    exploration=0.0,
)


@dataclass(frozen=True, kw_only=True)
class OtherAffinity:
    """A scorer with an affinity of another make; everything else is the scorer's own.

    `affinity_of` returns that of n learners at n instants (seconds), (n, n_modules).
    """

    scorer: Scorer
    affinity_of: Callable[[Sequence[LearnerArrays], NDArray[np.float64]], Affinity]

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
        return self.score_all([history], [arrays], np.array([now_seconds]))[0]

    def score_all(
        self,
        histories: Sequence[LearnerHistory],
        arrays: Sequence[LearnerArrays],
        now_seconds: NDArray[np.float64],
    ) -> list[Scores]:
        """Score every module and skill for several learners."""
        affinity = self.affinity_of(arrays, now_seconds)
        scores = self.scorer.score_all(histories, arrays, now_seconds)
        return [replace(each, affinity=own) for each, own in zip(scores, affinity, strict=True)]


class Decider:
    """Takes the first module of the slates that `features.decide` draws.

    Parameters
    ----------
    scorer, policy
        What ranks.
    only
        Role id → rows that may be offered; everything where None.
    """

    def __init__(
        self,
        scorer: ScoringAll,
        policy: Policy,
        only: Mapping[str, Collection[int]] | None = None,
    ) -> None:
        self._scorer, self._policy, self._only = scorer, policy, only

    def choose_all(
        self, askings: Sequence[Asking], rngs: Sequence[np.random.Generator]
    ) -> list[int | None]:
        """Return rows of next modules, None where there is nothing to offer."""
        ids = self._scorer.index.module_ids.ids
        requests = [
            DecisionRequest(
                history=each.history,
                context=RequestContext(exclude=frozenset(ids[row] for row in each.barred)),
                now=each.now,
            )
            for each in askings
        ]
        rows = choose_all(requests, self._scorer, self._policy, rngs)
        return [
            row if self._may_offer(row, each.history.learner.role_id) else None
            for row, each in zip(rows, askings, strict=True)
        ]

    def _may_offer(self, row: int | None, role_id: str | None) -> bool:
        return self._only is None or row in self._only.get(role_id or "", ())


def by_curriculum(scorer: Scorer, curricula: Mapping[str, tuple[int, ...]]) -> OtherAffinity:
    """Rank the modules of the role's curriculum in its order, all others after them."""
    by_role = {role_id: np.zeros(len(scorer.index.module_ids)) for role_id in curricula}
    for role_id, rows in curricula.items():
        by_role[role_id][list(rows)] = 1.0 - np.arange(len(rows)) / len(rows)

    def in_order(arrays: Sequence[LearnerArrays], _: NDArray[np.float64]) -> Affinity:
        return np.array([by_role[each.learner.role_id or ""] for each in arrays])

    return OtherAffinity(scorer=scorer, affinity_of=in_order)


def by_popularity(scorer: Scorer, affinity: BoundAffinity) -> OtherAffinity:
    """Rank by what people in the learner's role met most."""

    def popularity(arrays: Sequence[LearnerArrays], _: NDArray[np.float64]) -> Affinity:
        by_role, overall = affinity.popularity_by_role, affinity.popularity
        return np.array([by_role.get(each.learner.role_id or "", overall) for each in arrays])

    return OtherAffinity(scorer=scorer, affinity_of=popularity)


def by_collaboration(scorer: Scorer, affinity: BoundAffinity) -> OtherAffinity:
    """Rank by plain collaborative filtering; by popularity in the role while nothing is known."""

    def collaborative(
        arrays: Sequence[LearnerArrays], now_seconds: NDArray[np.float64]
    ) -> Affinity:
        log = join_logs([each.log for each in arrays])
        return affinity.affinity(log, [each.learner.role_id for each in arrays], now_seconds)[0]

    return OtherAffinity(scorer=scorer, affinity_of=collaborative)
