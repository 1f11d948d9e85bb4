"""Golden learners: made up, each with what people expect of the answer they get."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.decide.case import Scoring
from features.decide.decide import decide
from features.domain.catalogue import DEFAULT_POLICY, Catalogue, Policy
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import CatalogueIndex, index_catalogue


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """At least one of `any_of`, or no one of `none_of`, is among the first `within` modules.

    One of the two is empty; `within` is 1–100.
    """

    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    within: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenLearner:
    """A made-up learner, as they would be at some instant, and what is expected for them."""

    history: LearnerHistory
    expectations: tuple[Expectation, ...]

    @property
    def name(self) -> str:
        """What people call the learner."""
        return self.history.learner.learner_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a snapshot answers where something is expected; `first` are the modules, in order."""

    name: str
    expectation: Expectation
    first: tuple[str, ...]

    @property
    def is_met(self) -> bool:
        """Whether the answer is as expected."""
        expected = self.expectation
        if expected.any_of:
            return not set(expected.any_of).isdisjoint(self.first)
        return set(expected.none_of).isdisjoint(self.first)

    @property
    def wish(self) -> str:
        """What is expected, in words."""
        expected = self.expectation
        quantity, named = (
            ("one", expected.any_of) if expected.any_of else ("none", expected.none_of)
        )
        return f"{quantity} of {', '.join(named)} among the first {expected.within}"

    def __str__(self) -> str:
        """Return what is expected for whom, and what they get."""
        return f"{self.name} is to get {self.wish} and gets {', '.join(self.first) or 'nothing'}"


def index_for_golden(catalogue: Catalogue) -> CatalogueIndex:
    """Index a catalogue whose policies explore nothing, so that two snapshots alone differ."""
    policies = {DEFAULT_POLICY: Policy()} | {each.policy_id: each for each in catalogue.policies}
    calm = tuple(replace(each, exploration=0.0) for each in policies.values())
    return index_catalogue(replace(catalogue, policies=calm))


def unknown_names(learners: Sequence[GoldenLearner], catalogue: Catalogue) -> list[str]:
    """Return, in words, each module, skill or role that is named and not in the catalogue."""
    known = {
        "module": {each.module_id for each in catalogue.modules},
        "skill": {each.skill_id for each in catalogue.skills},
        "role": {each.role_id for each in catalogue.roles},
    }
    unknown = dict.fromkeys(
        f"{learner.name}: there is no {kind} {named}"
        for learner in learners
        for kind, named in _named(learner)
        if named not in known[kind]
    )
    return list(unknown)


def _named(learner: GoldenLearner) -> Iterator[tuple[str, str]]:
    """Yield kind and id of everything a golden learner names."""
    history = learner.history
    for role_id in (history.learner.role_id, history.learner.goal_role_id):
        if role_id is not None:
            yield "role", role_id
    yield from (("module", each.module_id) for each in history.interactions)
    yield from (("skill", each.skill_id) for each in history.evidence)
    for expected in learner.expectations:
        yield from (("module", each) for each in (*expected.any_of, *expected.none_of))


def ask_golden(learners: Sequence[GoldenLearner], scorer: Scoring, now: datetime) -> list[Finding]:
    """Decide for golden learners and return what came of each expectation, in order.

    Parameters
    ----------
    learners
        As they are at `now`.
    scorer
        A snapshot bound to what `index_for_golden` returns.
    now
        Aware UTC.
    """
    return [finding for learner in learners for finding in _findings(learner, scorer, now)]


def _findings(learner: GoldenLearner, scorer: Scoring, now: datetime) -> Iterator[Finding]:
    """Ask as often as there are lengths: a longer slate may begin otherwise than a short one."""
    lengths = {each.within for each in learner.expectations}
    slates = {length: _slate(learner.history, scorer, now, length) for length in lengths}
    for each in learner.expectations:
        yield Finding(name=learner.name, expectation=each, first=slates[each.within])


def _slate(history: LearnerHistory, scorer: Scoring, now: datetime, length: int) -> tuple[str, ...]:
    context = RequestContext(limit=length)
    request = DecisionRequest(history=history, context=context, now=now)
    slate = decide(request, scorer, None, np.random.default_rng(0))
    return tuple(each.module_id for each in slate.items)


def n_met(findings: Sequence[Finding]) -> int:
    """Return how many expectations are met."""
    return sum(each.is_met for each in findings)


def worse_findings(candidate: Sequence[Finding], served: Sequence[Finding]) -> list[Finding]:
    """Return what a candidate does not meet though the snapshot served does.

    Parameters
    ----------
    candidate, served
        Of the same learners.

    Returns
    -------
    list of Finding
        The candidate's; none where it meets as many expectations in all, though others.
    """
    if n_met(candidate) >= n_met(served):
        return []
    pairs = zip(candidate, served, strict=True)
    return [own for own, theirs in pairs if theirs.is_met and not own.is_met]
