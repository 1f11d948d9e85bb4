"""A case: one learner at one instant, with all that terms, words and locks are read from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from features.decide.conditions import Facts, mentions
from features.decide.eligibility import (
    Bars,
    Eligibility,
    faded_skills,
    judge_eligibility,
    languages_of,
)
from features.decide.facts import Subject, facts_of
from features.decide.journey import Journey, pathways_of, travel
from features.decide.phrases.choice import language_for
from features.decide.phrases.language import Language
from features.decide.policies import policy_of
from features.decide.rules import Ruling, apply_rules
from features.domain.catalogue import PathwayStep, Policy
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays, encode_learners
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


class ScoringAll(Scoring, Protocol):
    """Models that score several learners at once."""

    def score_all(
        self,
        histories: Sequence[LearnerHistory],
        arrays: Sequence[LearnerArrays],
        now_seconds: NDArray[np.float64],
    ) -> Sequence[Scores]:
        """Score every module and skill for different learners, each at an instant."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything a decision is made from; `arrays` has what rules assign from now on."""

    request: DecisionRequest
    index: CatalogueIndex
    arrays: LearnerArrays
    scores: Scores
    bars: Bars
    eligibility: Eligibility
    policy: Policy

    @property
    def ruling(self) -> Ruling:
        """What the organisation's rules say."""
        return self.bars.ruling

    @property
    def journey(self) -> Journey:
        """The learner on their pathways."""
        return self.bars.journey

    @cached_property
    def faded(self) -> frozenset[int]:
        """Required skills that have faded and are below their target."""
        return frozenset(faded_skills(self.arrays, self.scores))

    @cached_property
    def on_pathways(self) -> frozenset[int]:
        """Rows of modules whose completion does a step of the learner's, or begins a pathway."""
        mine = (standing.index.rows for standing in self.journey.pathways)
        return frozenset().union(*mine, *(each.rows for each in self.index.pathways.others))

    @cached_property
    def languages(self) -> frozenset[str]:
        """Primary languages the learner is taken to speak; none: every one."""
        return languages_of(self.index, self.arrays)

    @cached_property
    def language(self) -> Language:
        """The language the words are in."""
        return language_for(self.request.context.language, self.request.history.learner.language)

    def title_of(self, module_id: str) -> str:
        """Return a module's title; its id where nobody has described it."""
        row = self.index.module_ids.index_of.get(module_id)
        return module_id if row is None else self.index.modules[row].title

    def any_title_of(self, step: PathwayStep) -> str:
        """Return the titles of a step's modules as alternatives."""
        return self.language.any_of(map(self.title_of, step.any_of))


def open_case(request: DecisionRequest, scorer: Scoring, policy: Policy | None = None) -> Case:
    """Encode and score the learner, apply rules, follow pathways, judge eligibility.

    Without a policy, that of the learner's pathway counts, else the catalogue's default.
    """
    [arrays] = _encode([request], scorer)
    scores = scorer.score(request.history, arrays, request.now.timestamp())
    return _judge(request, scorer.index, arrays, scores, policy)


def open_cases(
    requests: Sequence[DecisionRequest], scorer: ScoringAll, policies: Sequence[Policy | None]
) -> Iterator[Case]:
    """Yield what `open_case` makes of each request; the learners, all different, scored at once."""
    arrays = _encode(requests, scorer)
    now_seconds = np.array([request.now.timestamp() for request in requests])
    scores = scorer.score_all([request.history for request in requests], arrays, now_seconds)
    for request, own, theirs, policy in zip(requests, arrays, scores, policies, strict=True):
        yield _judge(request, scorer.index, own, theirs, policy)


def _encode(requests: Sequence[DecisionRequest], scorer: Scoring) -> list[LearnerArrays]:
    return encode_learners(
        [request.history for request in requests],
        scorer.index,
        [request.context.goal_role_id for request in requests],
    )


def _judge(
    request: DecisionRequest,
    index: CatalogueIndex,
    arrays: LearnerArrays,
    scores: Scores,
    policy: Policy | None,
) -> Case:
    bars = consult(request, index, arrays, scores)
    policy = policy or policy_of(index.catalogue, bars.journey)
    arrays = _with_assigned(arrays, bars.ruling, request.now.timestamp())
    eligibility = judge_eligibility(request, index, arrays, scores, policy, bars)
    return Case(
        request=request,
        index=index,
        arrays=arrays,
        scores=scores,
        bars=bars,
        eligibility=eligibility,
        policy=policy,
    )


def consult(
    request: DecisionRequest,
    index: CatalogueIndex,
    arrays: LearnerArrays,
    scores: Scores,
    known: Bars | None = None,
) -> Bars:
    """Apply the rules to a learner, and follow their pathways.

    Of `known` bars all stays but the steps done, where the learner is on the same pathways: the
    facts that conditions look at must be the same.
    """
    subject = Subject(
        history=request.history, now=request.now, index=index, arrays=arrays, scores=scores
    )
    mine = pathways_of(index, arrays, request.context.goal_role_id)
    if known is not None and mine == tuple(each.index for each in known.journey.pathways):
        return replace(known, journey=travel(subject, mine, known.facts))
    asked = mentions((index.rules.conditions, *(pathway.conditions for pathway in mine)))
    facts = Facts(facts_of(subject, asked))
    return Bars(
        ruling=apply_rules(index.rules, facts),
        journey=travel(subject, mine, facts),
        asked=asked,
        facts=facts,
    )


def _with_assigned(arrays: LearnerArrays, ruling: Ruling, now_seconds: float) -> LearnerArrays:
    """Add what rules assign from now on; an assignment that stands keeps its date."""
    new = [row for row in ruling.assigned_by if not (arrays.assigned[row] or arrays.done[row])]
    if not new:
        return arrays
    due_at, assigned = arrays.due_at_seconds.copy(), arrays.assigned.copy()
    due_at[new] = [now_seconds + ruling.due_in_seconds(row) for row in new]
    assigned[new] = True
    return replace(arrays, assigned=assigned, due_at_seconds=due_at)
