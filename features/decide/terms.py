"""The terms of the score, each in [0,1], for every module of the catalogue at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.decide.case import Case
from features.decide.eligibility import SECONDS_PER_DAY
from features.decide.rules import NO_RULE
from features.domain.catalogue import TERMS
from features.encode.learner import LearnerArrays

SHORTEST_MINUTES = 5.0
SESSION_GAP_DAYS = 3.0
URGENCY_DAYS = 14.0
UNDATED_URGENCY = 0.25
CONTINUITY_MEMORY = 3
UNKNOWN_TIME_FIT = 0.5


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What each module is worth to one learner now.

    Attributes
    ----------
    values
        Term → float64, (n_modules,), in [0,1]; keys in the order of `TERMS`.
    ready
        float64, (n_modules,), in [0,1]: how far soft prerequisites are met.
    tier
        int8, (n_modules,): 0 where a date would break by waiting, else 1.
    score
        float64, (n_modules,), in [0,1]: ready · Σ weight · term.
    """

    values: dict[str, NDArray[np.float64]]
    ready: NDArray[np.float64]
    tier: NDArray[np.int8]
    score: NDArray[np.float64]


def compute_terms(case: Case) -> Terms:
    """Compute every term, readiness, tier and score for all modules.

    References
    ----------
    The `fit` term is the zone of proximal development (Vygotsky 1978) as a bell around a target
    rate of success; .75 to .85 is where learning is fastest in theory and practice (Wilson,
    Shenhav, Straccia & Cohen 2019, "The eighty five percent rule for optimal learning").
    """
    tier, urgency = _dates(case)
    values = {
        "gap": _gap(case),
        "fit": np.exp(
            -(((case.scores.p_success - case.policy.p_target) / case.policy.p_width) ** 2)
        ),
        "affinity": case.scores.affinity,
        "refresh": _refresh(case),
        "urgency": urgency,
        "time": _time(case),
        "continuity": _continuity(case),
        "boost": case.ruling.boost,
    }
    ready = _ready(case)
    score = ready * sum(case.policy.weights.get(term, 0.0) * values[term] for term in TERMS)
    return Terms(values=values, ready=ready, tier=tier, score=score)


def closings(case: Case) -> NDArray[np.float64]:
    """Return, for each (module, skill) pair, how much of the gap to target it should close.

    Returns
    -------
    float64, (n_pairs,), ≥ 0, in levels; 0 where role and goal ask for nothing.
    """
    skill = case.index.skills.skill
    target = case.arrays.target[skill]
    before = np.minimum(case.scores.standing.mastery[skill], target)
    after = np.minimum(case.scores.expected_mastery, target)
    closed: NDArray[np.float64] = np.maximum(after - before, 0.0)
    return closed


def _per_module(case: Case, by_pair: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum pair values by module."""
    pairs = case.index.skills
    sums: NDArray[np.float64] = np.bincount(
        pairs.module, weights=by_pair, minlength=len(case.index.module_ids)
    )
    return sums


def _gap(case: Case) -> NDArray[np.float64]:
    weight = case.arrays.target_weight[case.index.skills.skill]
    hours = np.maximum(case.index.duration_minutes, SHORTEST_MINUTES) / 60.0
    per_hour = _per_module(case, weight * closings(case)) / hours
    largest = per_hour[case.eligibility.eligible].max(initial=0.0)
    if largest <= 0.0:
        return np.zeros(len(per_hour))
    share: NDArray[np.float64] = np.minimum(per_hour / largest, 1.0)
    return share


def _refresh(case: Case) -> NDArray[np.float64]:
    """Return the share of target regained by a refresher, on the skill it helps most."""
    pairs = case.index.skills
    target = case.arrays.target[pairs.skill]
    regained = closings(case) / np.where(target > 0, target, 1.0)
    best = np.zeros(len(case.index.module_ids))
    np.maximum.at(best, pairs.module, regained)
    return np.where(case.eligibility.refresher, best, 0.0)


def _dates(case: Case) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return tier and urgency.

    Waiting breaks a date when what is left until then is no more than the module's duration and
    one usual gap between two sessions.
    """
    required = case.index.is_mandatory | (case.ruling.required_by != NO_RULE)
    owed = (case.arrays.assigned | required) & ~case.arrays.done
    left = case.arrays.due_at_seconds - case.request.now.timestamp()
    needed = case.index.duration_minutes * 60.0 + SESSION_GAP_DAYS * SECONDS_PER_DAY
    presses = owed & (left <= needed)
    slack_days = np.maximum(left - needed, 0.0) / SECONDS_PER_DAY
    dated = np.exp(-slack_days / URGENCY_DAYS)
    urgency = np.where(np.isinf(case.arrays.due_at_seconds), UNDATED_URGENCY, dated)
    return np.where(presses, 0, 1).astype(np.int8), np.where(owed, urgency, 0.0)


def _time(case: Case) -> NDArray[np.float64]:
    """Return 1 where the module fits the minutes at hand, the share of it that does elsewhere."""
    minutes = case.request.context.available_minutes
    if minutes is None:
        return np.zeros(len(case.index.module_ids))
    fits = np.minimum(minutes / np.maximum(case.index.duration_minutes, 1e-9), 1.0)
    return np.where(case.index.duration_known, fits, UNKNOWN_TIME_FIT)


def _continuity(case: Case) -> NDArray[np.float64]:
    """Return the likeness (cosine of skills) to the last modules, or the pull of a pathway's step.

    What is under way counts 1.
    """
    pairs = case.index.skills
    profile = np.zeros(len(case.index.skill_ids))
    for age, row in enumerate(_last_modules(case.arrays)):
        span = slice(pairs.indptr[row], pairs.indptr[row + 1])
        profile[pairs.skill[span]] += pairs.weight[span] * 0.5**age
    norm = np.sqrt(_per_module(case, pairs.weight**2) * (profile @ profile))
    likeness = _per_module(case, pairs.weight * profile[pairs.skill])
    cosine = np.divide(likeness, norm, out=np.zeros(len(norm)), where=norm > 0)
    pull = np.maximum(np.minimum(cosine, 1.0), case.journey.released)
    return np.where(case.arrays.under_way, 1.0, pull)


def _last_modules(arrays: LearnerArrays) -> list[int]:
    latest = dict.fromkeys(arrays.log.module[::-1].tolist())
    return list(latest)[:CONTINUITY_MEMORY]


def _ready(case: Case) -> NDArray[np.float64]:
    """Return how far soft prerequisites are met: each unmet one takes its strength away."""
    ready = np.ones(len(case.index.module_ids))
    links = case.index.module_links
    soft = (links.strength < 1.0) & (links.requires >= 0)
    unmet = soft & ~case.arrays.done[links.requires] if len(ready) else soft
    np.multiply.at(ready, links.module[unmet], 1.0 - links.strength[unmet])
    skills = case.index.skill_links
    mastery = case.scores.standing.mastery[skills.skill]
    lacking = np.clip(1.0 - mastery / np.maximum(skills.min_mastery, 1e-9), 0.0, 1.0)
    soft = skills.strength < 1.0
    np.multiply.at(ready, skills.module[soft], 1.0 - (skills.strength * lacking)[soft])
    return ready
