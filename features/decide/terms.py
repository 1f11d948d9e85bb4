"""The terms of the score, each in [0,1], for every module of the catalogue at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from features.decide.case import Case
from features.decide.ways import promise_ways
from features.domain.catalogue import TERMS, Policy
from features.domain.instants import SECONDS_PER_DAY
from features.encode.catalogue import CatalogueIndex
from features.encode.learner import LearnerArrays
from features.encode.skills import ModuleSkillIndex

SESSION_GAP_DAYS = 3.0
URGENCY_DAYS = 14.0
UNDATED_URGENCY = 0.25
CONTINUITY_MEMORY = 3
UNKNOWN_TIME_FIT = 0.5
SMALLEST_ERROR = 1e-9  # of a mastery, in levels
PATIENCE = 0.6  # of a module's promise, what is left after each failure at it
LEAST_CLOSING = 1e-6  # levels an hour: below it is only rounding


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
    """Compute every term, readiness, tier and score for all modules."""
    tier, urgency = _dates(case)
    values = {
        "gap": _gap(case),
        "fit": fit_of(case.scores.p_success, case.policy),
        "affinity": case.scores.affinity,
        "refresh": _refresh(case),
        "urgency": urgency,
        "time": _time(case),
        "continuity": _continuity(case),
        "boost": _boost(case),
    }
    ready = _ready(case)
    score = weighed(values, ready, case.policy)
    return Terms(values=values, ready=ready, tier=tier, score=score)


def weighed(
    values: Mapping[str, NDArray[np.float64]], ready: NDArray[np.float64], policy: Policy
) -> NDArray[np.float64]:
    """Return ready · Σ weight · term, float64, (n,), from terms and readiness of n modules."""
    score = np.zeros(len(ready))
    for term in TERMS:
        weight = policy.weights.get(term, 0.0)
        if weight > 0.0:
            score += weight * values[term]
    score *= ready
    return score


def _nowhere(case: Case) -> NDArray[np.float64]:
    return np.zeros(len(case.index.module_ids))


def fit_of(p_success: NDArray[np.float64], policy: Policy) -> NDArray[np.float64]:
    """Return how near p_success is to what the policy aims at, in (0,1].

    References
    ----------
    The zone of proximal development (Vygotsky 1978) as a bell around a target rate of success; .75
    to .85 is where learning is fastest in theory and practice (Wilson, Shenhav, Straccia & Cohen
    2019, "The eighty five percent rule for optimal learning").
    """
    away = p_success - policy.p_target
    away /= policy.p_width
    away *= away
    return np.exp(np.negative(away, out=away), out=away)


def _gap(case: Case) -> NDArray[np.float64]:
    """Return the gap that should close in an hour, as a share of the most that any closes.

    Of what leads to locked modules, where that is more, the gap that the whole way closes.

    Only who passes has closed it, so the promise is weighed by p_success.

    Every failure at a module takes a share of its promise away: what failed again and again rarely
    comes by one more try of the same (wheel-spinning: Beck & Gong 2013), and the levels, which take
    failures as independent, do not say so.
    """
    asked, gap = case.arrays.required, _nowhere(case)
    if not len(asked.pairs):
        return gap
    closed = np.add.reduceat(asked.weight_of_pair * _expected_closings(case), asked.starts)
    per_hour = closed / asked.hours
    n_failures = case.arrays.n_failures[asked.modules]
    failed = n_failures.nonzero()[0]
    per_hour[failed] *= PATIENCE ** n_failures[failed]
    gap[asked.modules] = per_hour
    promise_ways(case, gap)
    gap *= case.scores.p_success
    largest = (gap * case.eligibility.eligible).max()
    return np.minimum(gap / largest, 1.0) if largest > LEAST_CLOSING else _nowhere(case)


def _expected_closings(case: Case) -> NDArray[np.float64]:
    """Return how much of the gap each pair of module and required skill should close, in levels.

    The gap of a skill is what is expected of it over what mastery may be, so that one that looks
    just closed, or of which little is known, still counts a little, and a certain one does not. A
    refresher regains no more than what has faded.
    """
    asked, scores = case.arrays.required, case.scores
    before = scores.standing.mastery[asked.skill_of_pair]
    errors = np.maximum(scores.standing.standard_error[asked.skill_of_pair], SMALLEST_ERROR)
    after = np.maximum(scores.expected_mastery[asked.pairs], before)
    comes_back = case.eligibility.refresher[asked.module_of_pair]
    if comes_back.any():
        shown = np.maximum(scores.mastery_shown[asked.skill_of_pair], before)
        after = np.where(comes_back, np.minimum(after, shown), after)
    gap, left = _expected_gap(asked.target_of_pair - np.array((before, after)), errors)
    closed: NDArray[np.float64] = np.maximum(gap - left, 0.0)
    return closed


def _expected_gap(gap: NDArray[np.float64], error: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of what is positive of a normal variable around `gap`."""
    z = gap / error
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    expected: NDArray[np.float64] = gap * ndtr(z) + error * density
    return expected


def _refresh(case: Case) -> NDArray[np.float64]:
    """Return the share of target regained by a refresher, on the skill it helps most."""
    refreshers, best = case.eligibility.refresher.nonzero()[0], _nowhere(case)
    if len(refreshers):
        pairs = case.index.skills.pairs_of_modules(refreshers)
        skill = case.index.skills.skill[pairs]
        target = case.arrays.target[skill]
        before = np.minimum(case.scores.standing.mastery[skill], target)
        after = np.minimum(case.scores.expected_mastery[pairs], target)
        regained = np.maximum(after - before, 0.0) / np.where(target > 0, target, 1.0)
        np.maximum.at(best, case.index.skills.module[pairs], regained)
    return best


def _dates(case: Case) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Return tier and urgency.

    Waiting breaks a date when what is left until then is no more than the module's duration and
    one usual gap between two sessions.
    """
    arrays, urgency = case.arrays, _nowhere(case)
    tier = np.ones(len(urgency), dtype=np.int8)
    owed = _rows_of(case.index.mandatory_rows.union(arrays.assigned_rows, case.ruling.required_by))
    owed = owed[~arrays.done[owed] | case.eligibility.updated[owed]]
    due_at = arrays.due_at_seconds[owed]
    left = due_at - case.request.now.timestamp()
    needed = seconds_needed(case.index, owed)
    tier[owed[left <= needed]] = 0
    slack_days = np.maximum(left - needed, 0.0) / SECONDS_PER_DAY
    dated = np.exp(-slack_days / URGENCY_DAYS)
    urgency[owed] = np.where(np.isinf(due_at), UNDATED_URGENCY, dated)
    return tier, urgency


def seconds_needed(index: CatalogueIndex, rows: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return how long before its date each of some modules presses, float64, in seconds."""
    needed: NDArray[np.float64] = index.duration_minutes[rows] * 60.0
    return needed + SESSION_GAP_DAYS * SECONDS_PER_DAY


def _time(case: Case) -> NDArray[np.float64]:
    """Return 1 where the module fits the minutes at hand, the share of it that does elsewhere."""
    minutes = case.request.context.available_minutes
    if minutes is None:
        return _nowhere(case)
    fits = np.divide(minutes, case.index.lasting_minutes)
    np.minimum(fits, 1.0, out=fits)
    fits[case.index.duration_unknown] = UNKNOWN_TIME_FIT
    return fits


def _continuity(case: Case) -> NDArray[np.float64]:
    """Return the likeness (cosine of skills) to the last modules, or the pull of a pathway's step.

    What is under way counts 1.
    """
    pull, released = _nowhere(case), case.journey.released
    pull[_rows_of(released)] = list(released.values())
    last = _last_modules(case.arrays)
    if last:
        rows, cosine = _likeness(case.index.skills, last)
        pull[rows] = np.maximum(np.minimum(cosine, 1.0), pull[rows])
    pull[case.arrays.under_way] = 1.0
    return pull


def _boost(case: Case) -> NDArray[np.float64]:
    boosted, boost = _nowhere(case), case.ruling.boost
    boosted[_rows_of(boost)] = list(boost.values())
    return boosted


def _rows_of(named: Collection[int]) -> NDArray[np.int64]:
    return np.fromiter(named, dtype=np.int64, count=len(named))


def _likeness(
    skills: ModuleSkillIndex, modules: list[int]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return modules that share skills with some, the first of which count most, and cosines."""
    told: dict[int, float] = {}
    for age, row in enumerate(modules):
        for skill, weight in skills.tags[row]:
            told[skill] = told.get(skill, 0.0) + weight * 0.5**age
    profile = np.zeros(len(skills.skill_ids))
    profile[list(told)] = list(told.values())
    pairs = skills.pairs_of_skills(list(told))
    rows = skills.module[pairs]
    shared = skills.weight[pairs] * profile[skills.skill[pairs]]
    likeness = np.bincount(rows, shared, len(skills.module_ids))[rows]
    norm = np.sqrt(skills.squared_length[rows] * (profile @ profile))
    return rows, likeness / norm


def _last_modules(arrays: LearnerArrays) -> list[int]:
    latest: list[int] = []
    for row in arrays.log.module[::-1].tolist():
        if row not in latest:
            latest.append(row)
            if len(latest) == CONTINUITY_MEMORY:
                break
    return latest


def _ready(case: Case) -> NDArray[np.float64]:
    """Return how far soft prerequisites are met.

    One that is not done takes its strength away as far as the learner would fail in it: who knows
    what it teaches need not have done it.
    """
    ready = np.ones(len(case.index.module_ids))
    links = case.index.module_links.soft
    if len(links.module):
        left = 1.0 - links.strength * (1.0 - case.scores.p_success[links.requires])
        left[case.arrays.done[links.requires]] = 1.0
        np.multiply.at(ready, links.module, left)
    skills = case.index.skill_links.soft
    if len(skills.module):
        mastery = case.scores.standing.mastery[skills.skill]
        lacking = np.maximum(1.0 - mastery / np.maximum(skills.min_mastery, 1e-9), 0.0)
        np.multiply.at(ready, skills.module, 1.0 - skills.strength * lacking)
    return ready
