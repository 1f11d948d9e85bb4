"""decide: one learner, one instant, one slate with its account."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from features.decide.best import foremost
from features.decide.case import Case, Scoring, ScoringAll, open_case, open_cases
from features.decide.journey import OPTIONAL_PULL
from features.decide.reasons import Standpoint, explain
from features.decide.remarks import remarks_on
from features.decide.slate import POOL_SIZE, Place, Slate, draw_slate
from features.decide.supposing import unlocked_by
from features.decide.terms import Terms, compute_terms
from features.decide.withheld import best_withheld
from features.domain.catalogue import TERMS, Policy
from features.domain.history import Assignment
from features.domain.instants import from_seconds
from features.domain.recommendation import (
    Candidates,
    Closing,
    DecisionRequest,
    Recommendation,
    RecommendedModule,
    SkillStanding,
)
from features.encode.learner import encode_learner

MOST_CANDIDATES = 100


def decide(
    request: DecisionRequest, scorer: Scoring, policy: Policy | None, rng: np.random.Generator
) -> Recommendation:
    """Choose what a learner should take next, and say why.

    Parameters
    ----------
    request
        History, context and instant (`now`, aware UTC); events after `now` must not be in it.
    scorer
        Models bound to a catalogue.
    policy
        Weights, targets, diversity and exploration, of a dry run or an experiment; where None,
        that of the learner's pathway, else the catalogue's default.
    rng
        Source of randomness for exploration.

    Returns
    -------
    Recommendation
        Up to `context.limit` modules, contributions summing to each score; no items where nothing
        is eligible.
    """
    return _decide(open_case(request, scorer, policy), scorer.version, rng)


def decide_all(
    requests: Sequence[DecisionRequest],
    scorer: ScoringAll,
    policies: Sequence[Policy | None],
    rng: np.random.Generator,
) -> list[Recommendation]:
    """Return what `decide` does for each of several learners, all different, scored at once."""
    cases = open_cases(requests, scorer, policies)
    return [_decide(case, scorer.version, rng) for case in cases]


def _decide(case: Case, version: str | None, rng: np.random.Generator) -> Recommendation:
    terms = compute_terms(case)
    best = _best_candidates(case, terms)
    slate = _draw(case, terms, best, rng)
    items = tuple(
        _item(case, terms, place, rank) for rank, place in enumerate(slate.places, start=1)
    )
    return Recommendation(
        learner_id=case.request.history.learner.learner_id,
        served_at=case.request.now,
        snapshot_version=version,
        policy_id=case.policy.policy_id,
        policy_version=case.policy.version,
        items=items,
        withheld=best_withheld(case, terms),
        candidates=_candidates(case, terms, slate, best),
        rules=tuple(rule.rule_id for rule in case.ruling.rules),
        assignments=_new_assignments(case),
        remarks=remarks_on(case),
    )


def choose(
    request: DecisionRequest, scorer: Scoring, policy: Policy | None, rng: np.random.Generator
) -> int | None:
    """Return the row of what `decide` would place first, without the account of why.

    For whoever follows the choice and reads nothing else, as simulated learners do; equal
    arguments, `rng` included, give the first item of `decide`. None where nothing is eligible.
    """
    return _foremost_row(open_case(request, scorer, policy), rng)


def choose_all(
    requests: Sequence[DecisionRequest],
    scorer: ScoringAll,
    policy: Policy | None,
    rngs: Sequence[np.random.Generator],
) -> list[int | None]:
    """Return what `choose` does for each of several learners, all different.

    Parameters
    ----------
    rngs
        One for each request.
    """
    cases = open_cases(requests, scorer, [policy] * len(requests))
    return [_foremost_row(case, rng) for case, rng in zip(cases, rngs, strict=True)]


def _foremost_row(case: Case, rng: np.random.Generator) -> int | None:
    terms = compute_terms(case)
    slate = _draw(case, terms, _best_candidates(case, terms), rng)
    return slate.places[0].row if slate.places else None


def skill_standings(request: DecisionRequest, scorer: Scoring) -> tuple[SkillStanding, ...]:
    """Return where a learner stands in every skill of the catalogue, in order of skill id."""
    index = scorer.index
    arrays = encode_learner(request.history, index, request.context.goal_role_id)
    standing = scorer.score(request.history, arrays, request.now.timestamp()).standing
    p_gap = ndtr((arrays.target - standing.mastery) / np.maximum(standing.standard_error, 1e-9))
    by_goal = arrays.required.by_goal
    return tuple(
        SkillStanding(
            skill_id=skill_id,
            name=index.skill_names[k],
            mastery=float(standing.mastery[k]),
            standard_error=float(standing.standard_error[k]),
            n_evidence=int(standing.n_evidence[k]),
            target=float(arrays.target[k]) if arrays.target[k] > 0 else None,
            gap=(
                max(float(arrays.target[k] - standing.mastery[k]), 0.0)
                if arrays.target[k] > 0
                else None
            ),
            p_gap=float(p_gap[k]) if arrays.target[k] > 0 else None,
            asked_by=(None if arrays.target[k] == 0 else ("goal" if by_goal[k] else "role")),
            last_evidence_at=(
                from_seconds(standing.last_evidence_at_seconds[k])
                if np.isfinite(standing.last_evidence_at_seconds[k])
                else None
            ),
        )
        for k, skill_id in enumerate(index.skill_ids)
    )


def _draw(case: Case, terms: Terms, best: NDArray[np.int64], rng: np.random.Generator) -> Slate:
    return draw_slate(
        case.index,
        (best, terms.tier[best], terms.score[best]),
        case.request.context.limit,
        case.policy,
        rng,
        partial(_is_core, case),
    )


def _best_candidates(case: Case, terms: Terms) -> NDArray[np.int64]:
    """Return the eligible modules that a slate may be drawn from or that are told about.

    All of tier 0, and of the rest the foremost.
    """
    eligible = case.eligibility.eligible.nonzero()[0]
    most = max(MOST_CANDIDATES, POOL_SIZE, case.request.context.limit)
    leads = terms.tier[eligible] == 0
    if not leads.any():
        return foremost(eligible, terms.score[eligible], most)
    rest = eligible[~leads]
    return np.concatenate([eligible[leads], foremost(rest, terms.score[rest], most)])


def _is_core(case: Case, row: int) -> bool:
    """Tell whether a module is owed, or an open core step of a pathway."""
    return (
        row in case.index.mandatory_rows
        or row in case.arrays.assigned_rows
        or row in case.ruling.required_by
        or case.journey.released.get(row, 0.0) > OPTIONAL_PULL
    )


def _new_assignments(case: Case) -> tuple[Assignment, ...]:
    """Return assignments that rules call for and nobody has made yet, in order of the modules.

    The date counts from the first decision at which the rule holds, so it must be kept.
    """
    owed = {each.module_id for each in case.request.history.assignments}
    rules, now = case.ruling.rules, case.request.now
    days = {rules[place].due_in_days for place in case.ruling.assigned_by.values()}
    due_at = {each: None if each is None else now + timedelta(days=each) for each in days}
    return tuple(
        Assignment(
            learner_id=case.request.history.learner.learner_id,
            module_id=case.index.module_ids.ids[row],
            due_at=due_at[rule.due_in_days],
            reason=f"rule {rule.rule_id}",
        )
        for row, place in sorted(case.ruling.assigned_by.items())
        for rule in [rules[place]]
        if row not in case.arrays.done_rows and case.index.module_ids.ids[row] not in owed
    )


def _item(case: Case, terms: Terms, place: Place, rank: int) -> RecommendedModule:
    row, weights = place.row, case.policy.weights
    ready = float(terms.ready[row])
    contributions = {
        term: ready * weights.get(term, 0.0) * float(terms.values[term][row]) for term in TERMS
    }
    closes = _closes(case, row)
    tier = int(terms.tier[row])
    standpoint = Standpoint(row=row, contributions=contributions, closes=closes, tier=tier)
    return RecommendedModule(
        module_id=case.index.module_ids.ids[row],
        title=case.index.modules[row].title,
        rank=rank,
        tier=tier,
        score=float(terms.score[row]),
        propensity=place.propensity,
        p_success=float(case.scores.p_success[row]),
        contributions=contributions,
        closes=closes,
        unlocks=unlocked_by(case, row),
        reasons=explain(case, standpoint),
    )


def _closes(case: Case, row: int) -> tuple[Closing, ...]:
    """Return the required skills below target that the module should raise."""
    mastery, target = case.scores.standing.mastery, case.arrays.target
    return tuple(
        Closing(
            skill_id=case.index.skill_ids.ids[skill],
            mastery=float(mastery[skill]),
            expected_mastery=float(case.scores.expected_mastery[pair]),
            target=float(target[skill]),
        )
        for pair, skill in case.index.skills.pairs_of(row)
        if mastery[skill] < target[skill] and case.scores.expected_mastery[pair] > mastery[skill]
    )


def _candidates(case: Case, terms: Terms, slate: Slate, offered: NDArray[np.int64]) -> Candidates:
    ids = case.index.module_ids.ids
    rows = offered[slate.order[:MOST_CANDIDATES]]
    return Candidates(
        module_ids=tuple(map(ids.__getitem__, rows.tolist())),
        tier=tuple(terms.tier[rows].tolist()),
        score=tuple(terms.score[rows].tolist()),
        p_first=tuple(slate.p_first[:MOST_CANDIDATES].tolist()),
        p_success=tuple(case.scores.p_success[rows].tolist()),
        ready=tuple(terms.ready[rows].tolist()),
        terms={term: tuple(values[rows].tolist()) for term, values in terms.values.items()},
    )
