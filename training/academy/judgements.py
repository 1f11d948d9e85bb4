"""What others, and people themselves, say of their skills; and what their work shows."""

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Evidence, Learner, Outcome
from features.domain.instants import from_microseconds
from features.encode.ids import IdMap
from training.academy.behaviour import Simulation
from training.academy.crowd import Crowd
from training.academy.model import Floats, LearnerModel

# Source → (share of learners judged at a checkpoint, skills judged).
_ROUNDS = {"assessment": (0.14, 2), "manager": (0.22, 2), "peer": (0.10, 1), "self": (0.12, 2)}
_EARLIER_DAYS = 4  # judgements are given in the days before the checkpoint
_WORKING_SECONDS = (8 * 3_600, 18 * 3_600)

_PRODUCTIVITY, _PRODUCTIVITY_OF_MASTERY, _PRODUCTIVITY_NOISE = 100.0, 45.0, 11.0
_ERRORS, _ERRORS_OF_MASTERY = 6.0, 1.3
_OUTCOME_EVERY = 2  # checkpoints


def judge_skills(
    learners: tuple[Learner, ...],
    crowd: Crowd,
    simulation: Simulation,
    skill_ids: IdMap,
    model: LearnerModel,
    rng: np.random.Generator,
) -> tuple[Evidence, ...]:
    """Return noisy judgements of role skills, more or less reliable by source."""
    evidence: list[Evidence] = []
    for checkpoint, at_seconds in enumerate(simulation.checkpoint_seconds):
        levels = simulation.checkpoint_level[checkpoint]
        at_work = _at_work(crowd, checkpoint, simulation)
        for source, (share, n_skills) in _ROUNDS.items():
            judged = at_work[rng.random(len(at_work)) < share]
            for row in judged:
                skills = _draw_skills(crowd.weight[row], n_skills, rng)
                stated = _state(levels[row, skills], source, model, rng)
                evidence += [
                    Evidence(
                        learner_id=learners[row].learner_id,
                        skill_id=skill_ids.ids[skill],
                        level=level,
                        source=source,
                        at=_shortly_before(at_seconds, rng),
                    )
                    for skill, level in zip(skills, stated, strict=True)
                ]
    return tuple(evidence)


def measure_work(
    learners: tuple[Learner, ...], crowd: Crowd, simulation: Simulation, rng: np.random.Generator
) -> tuple[Outcome, ...]:
    """Return half-yearly productivity (100 is usual) and errors, loosely tied to mastery."""
    outcomes: list[Outcome] = []
    n_checkpoints = len(simulation.checkpoint_seconds)
    for checkpoint in range(_OUTCOME_EVERY - 1, n_checkpoints, _OUTCOME_EVERY):
        at_work = _at_work(crowd, checkpoint, simulation)
        mastery = _role_mastery(simulation.checkpoint_level[checkpoint], crowd)[at_work]
        noise = rng.normal(0.0, _PRODUCTIVITY_NOISE, len(at_work))
        productivity = _PRODUCTIVITY + _PRODUCTIVITY_OF_MASTERY * (mastery - 0.8) + noise
        errors = rng.poisson(_ERRORS * np.exp(-_ERRORS_OF_MASTERY * (mastery - 0.6)))
        at = _instant(simulation.checkpoint_seconds[checkpoint])
        for row, worked, erred in zip(at_work, productivity, errors, strict=True):
            name = learners[row].learner_id
            value = round(float(max(worked, 20.0)), 1)
            outcomes += [
                Outcome(learner_id=name, metric="productivity", value=value, at=at),
                Outcome(learner_id=name, metric="errors", value=float(erred), at=at),
            ]
    return tuple(outcomes)


def _at_work(crowd: Crowd, checkpoint: int, simulation: Simulation) -> NDArray[np.int64]:
    """Return rows of learners who were about in the weeks before a checkpoint."""
    n_weeks = crowd.weekly_rate.shape[1]
    per_checkpoint = n_weeks // len(simulation.checkpoint_seconds)
    weeks = slice(checkpoint * per_checkpoint, (checkpoint + 1) * per_checkpoint)
    return np.flatnonzero((crowd.weekly_rate[:, weeks] > 0).any(axis=1))


def _draw_skills(weight: Floats, n_skills: int, rng: np.random.Generator) -> NDArray[np.int64]:
    wanted = np.flatnonzero(weight)
    size = min(n_skills, len(wanted))
    shares = weight[wanted] / weight[wanted].sum()
    skills: NDArray[np.int64] = rng.choice(wanted, size=size, replace=False, p=shares)
    return skills


def _state(
    levels: Floats, source: str, model: LearnerModel, rng: np.random.Generator
) -> list[float]:
    noisy = levels + rng.normal(0.0, model.noise_of(source), len(levels))
    if source == "self":
        noisy = noisy + model.self_flattery * (1.0 - levels)
    return [round(float(level), 2) for level in np.clip(noisy, 0.0, 1.0)]


def _shortly_before(at_seconds: float, rng: np.random.Generator) -> datetime:
    """Return an instant in the working hours of one of the days before."""
    midnight = _instant(at_seconds).replace(hour=0, minute=0, second=0)
    day = midnight - timedelta(days=int(rng.integers(1, _EARLIER_DAYS + 1)))
    return day + timedelta(seconds=int(rng.integers(*_WORKING_SECONDS)))


def _instant(seconds: float) -> datetime:
    return from_microseconds(int(seconds) * 1_000_000)


def _role_mastery(levels: Floats, crowd: Crowd) -> Floats:
    """Return the weighted share of targets reached, about 0.3 to 1.2."""
    reached = np.minimum(levels / np.maximum(crowd.target, 0.05), 1.2)
    mastery: Floats = (reached * crowd.weight).sum(axis=1) / crowd.weight.sum(axis=1)
    return mastery
