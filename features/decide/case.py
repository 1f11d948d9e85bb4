"""A case: one learner at one instant, with all that terms, words and locks are read from."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from features.decide.eligibility import Bars, Eligibility, judge_eligibility
from features.decide.facts import Subject
from features.decide.journey import Journey, travel
from features.decide.rules import NO_RULE, Ruling, apply_rules
from features.domain.catalogue import Policy
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays, encode_learner
from features.score.scores import Scores


class Scoring(Protocol):
    """What decide asks of the models: a catalogue index, a version, and scores."""

    @property
    def index(self) -> CatalogueIndex:
        """The catalogue the scores are aligned with."""

    @property
    def version(self) -> str | None:
        """The snapshot's version, None without a model."""

    def score(self, history: LearnerHistory, arrays: LearnerArrays, now_seconds: float) -> Scores:
        """Score every module and skill for one learner at one instant."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything a decision is made from; `arrays` has what rules assign from now on."""

    request: DecisionRequest
    index: CatalogueIndex
    arrays: LearnerArrays
    scores: Scores
    ruling: Ruling
    journey: Journey
    eligibility: Eligibility
    policy: Policy


def open_case(request: DecisionRequest, scorer: Scoring, policy: Policy) -> Case:
    """Encode and score the learner, apply rules, follow pathways, judge eligibility."""
    index = scorer.index
    arrays = encode_learner(request.history, index, request.context.goal_role_id)
    scores = scorer.score(request.history, arrays, request.now.timestamp())
    subject = Subject(
        history=request.history, now=request.now, index=index, arrays=arrays, scores=scores
    )
    ruling = apply_rules(index.rules, subject)
    arrays = _with_assigned(arrays, ruling, request.now.timestamp())
    journey = travel(subject, request.context.goal_role_id)
    eligibility = judge_eligibility(
        request, index, arrays, scores, policy, Bars(ruling=ruling, journey=journey)
    )
    return Case(
        request=request,
        index=index,
        arrays=arrays,
        scores=scores,
        ruling=ruling,
        journey=journey,
        eligibility=eligibility,
        policy=policy,
    )


def _with_assigned(arrays: LearnerArrays, ruling: Ruling, now_seconds: float) -> LearnerArrays:
    """Add what rules assign from now on; an assignment that stands keeps its date."""
    new = (ruling.assigned_by != NO_RULE) & ~arrays.assigned & ~arrays.done
    if not new.any():
        return arrays
    due_at = np.where(new, now_seconds + ruling.due_in_seconds(), arrays.due_at_seconds)
    return replace(arrays, assigned=arrays.assigned | new, due_at_seconds=due_at)
