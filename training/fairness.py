"""Fairness: what the service would show held-out learners, and how much of their gap that closes.

Each of them is decided for with their whole history, as the service would. What is shown is valued
by one and the same models, those of the candidate, whichever snapshot ranked it: who ranks cannot
also say what it is worth.

References
----------
Mehrotra, R. et al. (2017). Auditing search engines for differential satisfaction across
demographics. (Effects by group of people, and not only errors, are what is compared.)
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.decide.case import Case, open_case
from features.decide.terms import compute_terms
from features.domain.history import Event, Evidence, Interaction, Learner, LearnerHistory
from features.domain.instants import EPOCH, from_seconds
from features.domain.recommendation import DecisionRequest, RequestContext
from features.score.scorer import Scorer
from training.histories.data import TrainingData
from training.histories.values import read_words

MOST_LEARNERS = 1_000
N_SHOWN = 10
FAIRNESS = "fairness"
_EVENTS = tuple(Event)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one snapshot would show some learners.

    Attributes
    ----------
    exposure
        float64, (n,), in [0,1]: the share of the modules shown that close a gap of theirs.
    gap_closed
        float64, (n,), in [0,1]: how much of what role and goal ask for, all of it completed, they
        would close, as a share of all that is asked.
    """

    exposure: NDArray[np.float64]
    gap_closed: NDArray[np.float64]


def sample(
    data: TrainingData, scorer: Scorer, held_out: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return up to `MOST_LEARNERS` held-out learners of whom role or goal ask for something."""
    targets = scorer.index.role_targets
    asked = np.zeros(len(held_out), dtype=bool)
    for name in ("role_id", "goal_role_id"):
        roles = data.learner_attributes.get(name)
        if roles is not None:
            asked |= np.isin(roles[held_out], list(targets))
    chosen = held_out[asked]
    if len(chosen) > MOST_LEARNERS:
        chosen = rng.choice(chosen, MOST_LEARNERS, replace=False)
    return np.sort(chosen)


def show(
    data: TrainingData,
    learners: NDArray[np.int64],
    yardstick: Scorer,
    rankers: Mapping[str, Scorer],
) -> Mapping[str, Shown]:
    """Decide for learners with several snapshots.

    Parameters
    ----------
    data
        Their histories.
    learners
        int64, (n,), positions in the log.
    yardstick
        What values everything that is shown.
    rankers
        By name; the catalogue of all is that of the yardstick.
    """
    shown = {name: np.zeros((2, len(learners))) for name in rankers}
    for place, learner in enumerate(learners.tolist()):
        request = _request(data, learner)
        valued = open_case(request, yardstick)
        for name, ranker in rankers.items():
            case = valued if ranker is yardstick else open_case(request, ranker)
            shown[name][:, place] = _value(valued, _foremost(case))
    return {name: Shown(exposure=values[0], gap_closed=values[1]) for name, values in shown.items()}


def _foremost(case: Case) -> NDArray[np.int64]:
    """Return what would lead the slate were nothing drawn or spread, at most `N_SHOWN` modules."""
    terms = compute_terms(case)
    eligible = case.eligibility.eligible.nonzero()[0]
    order = np.lexsort((-terms.score[eligible], terms.tier[eligible]))
    return eligible[order[:N_SHOWN]]


def _value(case: Case, modules: NDArray[np.int64]) -> tuple[float, float]:
    """Return exposure and gap closed of modules, by the scores of a case."""
    if not len(modules):
        return 0.0, 0.0
    target, before = case.arrays.target, case.scores.standing.mastery
    pairs = case.index.skills.pairs_of_modules(modules)
    skill = case.index.skills.skill[pairs]
    reached = np.minimum(case.scores.expected_mastery[pairs], target[skill])
    closes = reached > before[skill]
    after = before.copy()
    np.maximum.at(after, skill[closes], reached[closes])
    exposed = np.isin(modules, case.index.skills.module[pairs[closes]])
    return float(exposed.mean()), float((after - before).sum() / max(target.sum(), 1e-9))


def _request(data: TrainingData, learner: int) -> DecisionRequest:
    history = _history(data, learner)
    instants = [each.at for each in history.interactions]
    instants += [each.at for each in history.evidence]
    return DecisionRequest(
        history=history, context=RequestContext(), now=max(instants, default=EPOCH)
    )


def _history(data: TrainingData, learner: int) -> LearnerHistory:
    log, learner_id = data.log, data.log.learner_ids.ids[learner]
    rows = range(int(log.starts[learner]), int(log.starts[learner + 1]))
    return LearnerHistory(
        learner=_profile(data, learner, learner_id),
        interactions=tuple(_interaction(data, row, learner_id) for row in rows),
        evidence=tuple(_evidence(data, learner, learner_id)),
    )


def _profile(data: TrainingData, learner: int, learner_id: str) -> Learner:
    def known(name: str) -> str | None:
        values = data.learner_attributes.get(name)
        return None if values is None else str(values[learner]) or None

    return Learner(
        learner_id=learner_id,
        role_id=known("role_id"),
        goal_role_id=known("goal_role_id"),
        language=known("language"),
        needs=read_words(known("needs") or ""),
    )


def _interaction(data: TrainingData, row: int, learner_id: str) -> Interaction:
    log, score, success = data.log, float(data.log.score[row]), int(data.log.success[row])
    return Interaction(
        event_id=str(row),
        learner_id=learner_id,
        module_id=log.module_ids.ids[log.module[row]],
        event=_EVENTS[log.event[row]],
        at=_instant(log.at_seconds[row]),
        score=None if np.isnan(score) else score,
        success=None if success < 0 else bool(success),
    )


def _evidence(data: TrainingData, learner: int, learner_id: str) -> Iterator[Evidence]:
    told = data.evidence
    for row in range(*np.searchsorted(told.learner, (learner, learner + 1))):
        yield Evidence(
            learner_id=learner_id,
            skill_id=data.catalogue.skills[told.skill[row]].skill_id,
            level=float(told.level[row]),
            source=str(told.source[row]),
            at=_instant(told.at_seconds[row]),
        )


def _instant(seconds: float) -> datetime:
    return from_seconds(float(seconds))
