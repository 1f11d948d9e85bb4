"""How learners choose their next module: a multinomial logit over what is open to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.academy.crowd import NONE, Crowd
from training.academy.model import SECONDS_PER_DAY, Floats, LearnerModel
from training.academy.world import Steps, World

Rows = NDArray[np.int64]

_FULL_GAP = 0.3  # weighted gap from which the pull of the role grows no more
_PRESSURE_DAYS = 30.0  # a due date is felt so many days ahead


@dataclass(kw_only=True)
class State:
    """What changes as learners learn; arrays as in `Crowd`.

    Attributes
    ----------
    level, floor, n_practices, peak
        float64, (n_learners, n_skills): true levels, what never fades, practices, highest level.
    done, dropped, failed
        bool, (n_learners, n_modules).
    n_attempts
        int64, (n_learners, n_modules).
    last_module
        int64, (n_learners,), −1 before the first.
    free_at
        float64, (n_learners,), Unix seconds from which a next module can begin.
    """

    level: Floats
    floor: Floats
    n_practices: Floats
    peak: Floats
    done: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    failed: NDArray[np.bool_]
    n_attempts: Rows
    last_module: Rows
    free_at: Floats


def initial_state(crowd: Crowd, world: World) -> State:
    """Return the state of learners who have done nothing yet."""
    shape = (len(crowd), len(world.module_ids))
    return State(
        level=crowd.level.copy(),
        floor=crowd.floor.copy(),
        n_practices=np.zeros_like(crowd.level),
        peak=crowd.level.copy(),
        done=np.zeros(shape, dtype=bool),
        dropped=np.zeros(shape, dtype=bool),
        failed=np.zeros(shape, dtype=bool),
        n_attempts=np.zeros(shape, dtype=np.int64),
        last_module=np.full(len(crowd), NONE, dtype=np.int64),
        free_at=np.full(len(crowd), -np.inf),
    )


def is_open(
    world: World, crowd: Crowd, state: State, goers: Rows, at_seconds: Floats
) -> NDArray[np.bool_]:
    """Return which content is open to whom: active, not done, fitting, hard prerequisites met.

    Parameters
    ----------
    world, crowd, state
        The offer, the learners and how far they are.
    goers
        int64, (n,): rows of the learners asked about.
    at_seconds
        float64, (n,), Unix seconds.

    Returns
    -------
    bool, (n, n_content)
    """
    content = slice(0, world.n_content)
    at = at_seconds[:, None]
    active = (world.active_from[content] <= at) & (at < world.active_until[content])
    result = active & crowd.may_take[goers, content] & ~state.done[goers, content]
    hard = world.hard
    lacking = ~state.done[np.ix_(goers, hard.requires)]
    for link, module in enumerate(hard.module):
        result[lacking[:, link], module] = False
    unskilled = state.level[np.ix_(goers, hard.skill)] < hard.min_mastery
    for link, module in enumerate(hard.skilled_module):
        result[unskilled[:, link], module] = False
    return result


def utilities(
    world: World, crowd: Crowd, state: State, model: LearnerModel, goers: Rows, at_seconds: Floats
) -> Floats:
    """Return how much each learner is drawn to each module, (n, n_content), −inf where closed."""
    content = slice(0, world.n_content)
    shares = world.truth.modules_by_skills[content].T
    level, weight = state.level[goers], crowd.weight[goers]
    p_success = model.p_success(level @ shares, world.truth.difficulty[content])
    gap = (np.maximum(crowd.target[goers] - level, 0.0) * weight) @ shares
    unready = world.soft @ (~state.done[goers, content]).T.astype(float)
    result = model.taste * crowd.liking[goers]
    result += model.fit * model.match(p_success)
    result += model.gap * np.minimum(gap / _FULL_GAP, 1.0)
    result += model.unready * np.minimum(unready.T, 1.0)
    result += model.retry * (state.failed[goers, content] & ~state.dropped[goers, content])
    result += model.abandoned * state.dropped[goers, content]
    result[:, crowd.owed] += model.due * pressure(crowd, state, goers, at_seconds)
    last = state.last_module[goers]
    followed = last != NONE
    result[followed] += model.sequence * world.sequence[last[followed]]
    for number, steps in enumerate(world.pathways):
        on_it = np.flatnonzero(crowd.pathway[goers] == number)
        result[on_it] += model.pathway * next_steps(steps, state.done[goers[on_it], content])
    return np.where(is_open(world, crowd, state, goers, at_seconds), result, -np.inf)


def pressure(crowd: Crowd, state: State, goers: Rows, at_seconds: Floats) -> Floats:
    """Return the pressure of due dates, (n, n_owed) in [0,1.5]: from 30 days ahead, then on."""
    due_at = crowd.due_at[np.ix_(goers, crowd.owed)]
    days_left = (due_at - at_seconds[:, None]) / SECONDS_PER_DAY
    felt = np.clip((_PRESSURE_DAYS - days_left) / _PRESSURE_DAYS, 0.0, 1.5)
    undone = ~state.done[np.ix_(goers, crowd.owed)]
    result: Floats = felt * undone * crowd.diligence[goers][:, None]
    return result


def next_steps(steps: Steps, done: NDArray[np.bool_]) -> Floats:
    """Return 1 for modules of steps that are open and not done, (n, n_content), else 0."""
    finished = [done[:, modules].any(axis=1) for modules in steps.modules]
    result = np.zeros(done.shape)
    for modules, requires, is_finished in zip(steps.modules, steps.requires, finished, strict=True):
        open_now = ~is_finished
        for earlier in requires:
            open_now = open_now & finished[earlier]
        result[np.ix_(open_now, modules)] = 1.0
    return result
