"""Deciding recorded answers again with another snapshot, from what was known at the time."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from features.decide.decide import decide
from features.domain.catalogue import Policy
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import index_catalogue
from features.score.scorer import Scorer, bind
from features.store.registry import Registry
from features.store.snapshots import read_snapshot
from features.store.workspace import Repositories
from training.readings.observed import Floats
from training.readings.replaying import Answered


class Again:
    """Another snapshot, asked what was asked.

    Parameters
    ----------
    repositories
        To read learners as they were.
    scorer
        The other snapshot in today's catalogue.
    policy
        Of every answer; where None, that of the learner's pathway, else the default.
    """

    def __init__(
        self, repositories: Repositories, scorer: Scorer, policy: Policy | None = None
    ) -> None:
        self._repositories, self._scorer, self._policy = repositories, scorer, policy
        # Probabilities are read, not draws.
        self._rng = np.random.default_rng(0)

    def leads(self, answered: Answered) -> Floats:
        """Return the probability that the snapshot leads with each recorded candidate.

        Returns
        -------
        ndarray
            float64, (n,). It sums to less than 1 where the snapshot would have led with what was
            no candidate.
        """
        request = DecisionRequest(
            history=self._repositories.learners.history(answered.learner_id, answered.at),
            context=_asked(answered.context),
            now=answered.at,
        )
        now = decide(request, self._scorer, self._policy, self._rng).candidates
        p_first = dict(zip(now.module_ids, now.p_first, strict=True))
        return np.array([p_first.get(each, 0.0) for each in answered.candidates.module_ids])


def scorer_of(repositories: Repositories, registry: Registry, named: str) -> Scorer:
    """Return a registered snapshot, by version or alias, in today's catalogue.

    Raises
    ------
    NotFoundError
        If there is no such version.
    RegistryError, SnapshotError
        If it cannot be fetched or read.
    """
    version = registry.version(registry.version_of(named) or named).version
    with TemporaryDirectory() as scratch:
        snapshot = read_snapshot(registry.fetch(version, Path(scratch) / version), version)
    return bind(index_catalogue(repositories.catalogue.load()), snapshot)


def _asked(context: Mapping[str, Any]) -> RequestContext:
    goal = context.get("goal") or {}
    return RequestContext(
        limit=context.get("limit", 1),
        available_minutes=context.get("available_minutes"),
        formats=frozenset(context.get("formats", ())),
        goal_role_id=goal.get("role_id"),
        exclude=frozenset(context.get("exclude", ())),
        language=context.get("language"),
    )
