"""Three learners worth looking at, found by the truth about them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import NotFoundError
from training.academy.behaviour import Simulation
from training.academy.company import Company
from training.academy.crowd import NONE, Crowd
from training.academy.model import SECONDS_PER_DAY, Floats
from training.academy.people import Standing
from training.academy.world import World

_RECENT_DAYS, _LATELY_DAYS, _LONG_AGO_DAYS = 45, 120, 200
_SOON_DAYS = 30
_CORE_WEIGHT = 0.6  # of role skills that count for the expert


@dataclass(frozen=True, kw_only=True, slots=True)
class Portraits:
    """Ids of a new hire without history, someone midway on a pathway, an expert out of practice."""

    new_hire: str
    mid_journey: str
    lapsed_expert: str


def find_portraits(
    company: Company, world: World, crowd: Crowd, simulation: Simulation
) -> Portraits:
    """Pick the clearest example of each.

    Raises
    ------
    NotFoundError
        If the academy is too small to have one of them.
    """
    newcomers = company.staff.standing == Standing.NEWCOMER
    idle_days = _idle_days(company, simulation)
    settled = ~_owes_soon(company, crowd, simulation)
    midway = _midway(company, world, crowd, simulation) * settled * (idle_days < _RECENT_DAYS)
    faded = _faded(world, crowd, simulation) * settled
    faded *= np.isfinite(idle_days) & (idle_days > _LONG_AGO_DAYS)
    return Portraits(
        new_hire=_best(company, newcomers * crowd.weight.sum(axis=1), "a new hire"),
        mid_journey=_best(company, midway, "a learner midway on a pathway"),
        lapsed_expert=_best(company, faded, "an expert out of practice"),
    )


def _best(company: Company, merit: Floats, what: str) -> str:
    if not (merit > 0).any():
        raise NotFoundError(f"this academy has nobody who is {what}: ask for more learners")
    return company.staff.learners[int(np.argmax(merit))].learner_id


def _idle_days(company: Company, simulation: Simulation) -> Floats:
    """Return days since each learner's last episode ended, inf for those without any."""
    last = np.full(len(company.staff.learners), -np.inf)
    np.maximum.at(last, simulation.episodes.learner, simulation.episodes.ended_at)
    days: Floats = (company.now.timestamp() - last) / SECONDS_PER_DAY
    return days


def _owes_soon(company: Company, crowd: Crowd, simulation: Simulation) -> NDArray[np.bool_]:
    soon = company.now.timestamp() + _SOON_DAYS * SECONDS_PER_DAY
    undone = ~simulation.state.done[:, : crowd.due_at.shape[1]]
    owes: NDArray[np.bool_] = ((crowd.due_at < soon) & undone).any(axis=1)
    return owes


def _midway(company: Company, world: World, crowd: Crowd, simulation: Simulation) -> Floats:
    """Return how near the middle of a pathway, and how busy on it, learners are; else 0."""
    done = simulation.state.done[:, : world.n_content]
    merit = np.zeros(len(crowd))
    lately = _done_lately(company, world, simulation)
    for number, steps in enumerate(world.pathways):
        finished = np.stack([done[:, modules].any(axis=1) for modules in steps.modules])
        share = finished.mean(axis=0)
        midway = np.where((share > 0.25) & (share < 0.75), 1.0 - 2.0 * np.abs(share - 0.5), 0.0)
        n_lately = lately[:, np.concatenate(steps.modules)].sum(axis=1)
        merit = np.where(crowd.pathway == number, midway * n_lately, merit)
    return np.where(crowd.pathway == NONE, 0.0, merit)


def _done_lately(company: Company, world: World, simulation: Simulation) -> NDArray[np.bool_]:
    """Return what each learner took to the end in the last months, (n_learners, n_content)."""
    episodes = simulation.episodes
    since = company.now.timestamp() - _LATELY_DAYS * SECONDS_PER_DAY
    chosen = (episodes.ended_at > since) & (episodes.module < world.n_content)
    chosen &= ~episodes.dropped & (episodes.success != 0)
    result = np.zeros((len(company.staff.learners), world.n_content), dtype=bool)
    result[episodes.learner[chosen], episodes.module[chosen]] = True
    return result


def _faded(world: World, crowd: Crowd, simulation: Simulation) -> Floats:
    """Return how much of the core role skills, once mastered by modules, has sunk below target."""
    state = simulation.state
    taught = state.done.astype(float) @ (world.truth.modules_by_skills > 0)
    core = crowd.weight >= _CORE_WEIGHT
    mastered = core & (state.peak >= crowd.target) & (taught > 0)
    sunk = np.maximum(crowd.target - state.level, 0.0) * mastered
    merit: Floats = sunk.sum(axis=1) * (sunk > 0).sum(axis=1)
    return merit
