"""What another policy or snapshot would have earned on the recommendations of the log.

A recommendation stands for the module that led it. Where something of tier 0 led, or the learner
had opted out of personalisation, no policy has a choice, and the recommendation is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import numpy as np

from features.decide.impersonal import IMPERSONAL
from features.decide.leading import leads_under
from features.domain.catalogue import DEFAULT_PASS_MARK, TERMS, Policy
from features.domain.errors import CannotTellError
from features.domain.history import JUDGED, is_done, success_of
from features.domain.instants import from_microseconds
from features.domain.recommendation import Candidates
from features.store.candidates import unpack
from features.store.workspace import Repositories
from training.experiments.logged import Candidates as Listed
from training.experiments.logged import Logged, log_candidates
from training.readings.observed import DAY, Floats, Ints

FOLDS = 5
MOST_BEYOND = 0.05  # of the other's probability, on what was no candidate; as for mean weights
RIDGE = 1.0  # of rows: what the reward model needs to see before it moves away from the mean


class Reward(StrEnum):
    """What a recommendation earned, of the module that led it."""

    FOLLOW_RATE = "follow_rate"
    COMPLETION_RATE = "completion_rate"
    ASSESSMENT_SCORE = "assessment_score"


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """The log as another policy or snapshot would have answered it.

    Attributes
    ----------
    logged
        For the estimators.
    n_read, n_without_choice
        Recommendations read, and of them those that no policy has a choice in.
    """

    logged: Logged
    n_read: int
    n_without_choice: int


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A recorded answer: whose, when (aware UTC), asked for how, from which candidates."""

    learner_id: str
    at: datetime
    context: Mapping[str, Any]
    candidates: Candidates
    n_items: int


class Rival(Protocol):
    """Who would have answered instead."""

    def leads(self, answered: Answered) -> Floats:
        """Return the probability of leading with each recorded candidate, float64, (n,)."""


@dataclass(frozen=True, kw_only=True)
class OtherPolicy:
    """Another policy, on the terms that were recorded."""

    policy: Policy

    def leads(self, answered: Answered) -> Floats:
        """Return the probability of leading with each recorded candidate, float64, (n,)."""
        return leads_under(answered.candidates, self.policy, answered.n_items)


def replay_log(
    repositories: Repositories, rival: Rival, reward: Reward, window_days: float, limit: int
) -> Replayed:
    """Put another's probabilities beside the log.

    Parameters
    ----------
    repositories
        Open for reading.
    rival
        The other policy, or another snapshot (`training.readings.deciding_again.Again`).
    reward
        What counts.
    window_days
        How long after an answer things count.
    limit
        The first so many recommendations.

    Raises
    ------
    CannotTellError
        Nothing was logged that left a choice, or the other would too often lead with what was no
        candidate.
    StoreUnavailableError
        If the database does not answer.
    """
    log = _Log(rival, _Rewards.read(repositories, reward, window_days))
    for row in repositories.observations.logged(limit=limit):
        log.add(*row)
    return log.finish()


@dataclass(frozen=True, kw_only=True)
class _Rewards:
    """What became of modules, to be looked up by learner, module and instant."""

    reward: Reward
    window_days: float
    followed: frozenset[tuple[str, str]]
    happened: Mapping[tuple[str, str], Sequence[tuple[int, bool, float]]]

    @classmethod
    def read(cls, repositories: Repositories, reward: Reward, window_days: float) -> "_Rewards":
        """Read events and feedback of everybody."""
        marks = {each.module_id: each.pass_mark for each in repositories.catalogue.load().modules}
        happened: dict[tuple[str, str], list[tuple[int, bool, float]]] = {}
        followed = {(row[0], row[1]) for row in repositories.observations.followed()}
        for row in repositories.observations.interactions():
            learner_id, module_id, event, at, score, success, _, recommendation_id = row
            mark = marks.get(module_id, DEFAULT_PASS_MARK)
            done = is_done(event, success_of(event, success, score, mark))
            points = score if event in JUDGED and score is not None else 0.0
            happened.setdefault((learner_id, module_id), []).append((at, done, points))
            if recommendation_id is not None:
                followed.add((recommendation_id, module_id))
        return cls(
            reward=reward,
            window_days=window_days,
            followed=frozenset(followed),
            happened=happened,
        )

    def of(self, recommendation_id: str, learner_id: str, module_id: str, at: int) -> float:
        """Return what a recommendation earned."""
        if self.reward is Reward.FOLLOW_RATE:
            return float((recommendation_id, module_id) in self.followed)
        until = at + self.window_days * DAY
        events = self.happened.get((learner_id, module_id), ())
        inside = [(done, points) for when, done, points in events if at <= when < until]
        if self.reward is Reward.COMPLETION_RATE:
            return float(any(done for done, _ in inside))
        return max((points for _, points in inside), default=0.0)


class _Log:
    """Collects the log row by row."""

    def __init__(self, rival: Rival, rewards: _Rewards) -> None:
        self._rival, self._rewards = rival, rewards
        self._learners: dict[str, int] = {}
        self._rows: list[tuple[int, float, float, int]] = []
        self._targets: list[Floats] = []
        self._features: list[Floats] = []
        self._shared: list[float] = []
        self._n_read = 0

    def add(self, *row: Any) -> None:
        """Take one recommendation, where it left a choice."""
        recommendation_id, learner_id, at, context, answer, packed = row
        self._n_read += 1
        candidates, items = unpack(packed), answer["items"]
        if not items or not candidates.module_ids or candidates.tier[0] == 0:
            return
        if answer.get("policy_id") == IMPERSONAL.policy_id:
            return
        module_id = items[0]["module_id"]
        chosen = candidates.module_ids.index(module_id)
        answered = Answered(
            learner_id=learner_id,
            at=from_microseconds(at),
            context=context,
            candidates=candidates,
            n_items=len(items),
        )
        target = self._rival.leads(answered)
        shared = float(target.sum())
        self._shared.append(shared)
        if shared == 0.0:
            return
        # What neither would have led with has no part in any estimate.
        kept = np.union1d(np.flatnonzero(target), [chosen])
        earned = self._rewards.of(recommendation_id, learner_id, module_id, at)
        learner = self._learners.setdefault(learner_id, len(self._learners))
        place = int(np.searchsorted(kept, chosen))
        self._rows.append((learner, earned, candidates.p_first[chosen], place))
        # Among the recorded candidates: a first draw heeds nothing else (Luce's choice axiom).
        self._targets.append(target[kept] / shared)
        self._features.append(features_of(candidates)[kept])

    def finish(self) -> Replayed:
        """Return the log, with the rewards that a model expects of every candidate."""
        if not self._shared:
            raise CannotTellError("replay: nothing is logged yet that left a choice")
        beyond = 1.0 - float(np.mean(self._shared))
        if beyond > MOST_BEYOND:
            raise CannotTellError(
                f"replay: {beyond:.0%} of the time the other would lead with what was no candidate "
                "then; of that the log cannot tell"
            )
        learner, reward, propensity, chosen = (
            np.array(column) for column in zip(*self._rows, strict=True)
        )
        modelled = model_rewards(learner, reward, chosen, self._features)
        listed = Listed(chosen=chosen, target=_padded(self._targets), modelled=_padded(modelled))
        return Replayed(
            logged=log_candidates(learner, reward, propensity, listed),
            n_read=self._n_read,
            n_without_choice=self._n_read - len(self._shared),
        )


def features_of(candidates: Candidates) -> Floats:
    """Return what the reward model sees of each candidate, float64, (n, n_features)."""
    columns = [candidates.terms.get(term, ()) for term in TERMS]
    shown = [column for column in columns if len(column)]
    constant = np.ones(len(candidates.module_ids))
    return np.column_stack([constant, candidates.p_success, candidates.ready, *shown])


def model_rewards(
    learner: Ints, reward: Floats, chosen: Ints, features: Sequence[Floats]
) -> list[Floats]:
    """Expect a reward of every candidate, by ridge regression fitted on other learners.

    Parameters
    ----------
    learner, reward, chosen
        (n,), of each recommendation: whose, what it earned, and which candidate led.
    features
        Of each recommendation float64, (n_candidates, n_features).

    Returns
    -------
    list of ndarray
        Of each recommendation float64, (n_candidates,): no learner's own rewards are in it, which
        is what makes doubly robust estimates right with any model (cross-fitting).

    References
    ----------
    Chernozhukov, V. et al. (2018). Double/debiased machine learning for treatment and structural
    parameters. Econometrics Journal 21.
    """
    seen = np.stack([each[k] for each, k in zip(features, chosen, strict=True)])
    fold = learner % FOLDS
    modelled: list[Floats] = [np.zeros(0)] * len(features)
    for own in range(FOLDS):
        others = fold != own
        weights = _ridge(seen[others], reward[others])
        for row in np.flatnonzero(fold == own).tolist():
            modelled[row] = features[row] @ weights
    return modelled


def _ridge(seen: Floats, reward: Floats) -> Floats:
    """Fit a regression whose slopes, not its mean, are held back; zeros where nothing was seen."""
    held = np.full(seen.shape[1], RIDGE)
    held[0] = 1e-9
    weights: Floats = np.linalg.solve(seen.T @ seen + np.diag(held), seen.T @ reward)
    return weights


def _padded(lists: Sequence[Floats]) -> Floats:
    padded = np.zeros((len(lists), max(map(len, lists))))
    for row, values in enumerate(lists):
        padded[row, : len(values)] = values
    return padded
