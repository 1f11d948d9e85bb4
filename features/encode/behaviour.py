"""How learners go about learning: sums and counts of what they did, learner by learner.

Behaviours are measured from interactions and the catalogue alone. Who a learner is (role, age,
place, needs, …) has no part in them, nor have the hour and the day of the week, which tell of
duties at home, of faith and of where people live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event
from features.domain.instants import SECONDS_PER_DAY
from features.encode.catalogue import CatalogueIndex
from features.encode.log import EVENT_CODES, InteractionLog

PAUSE_SECONDS = 1_800.0  # a longer one ends a sitting
MOST_OF_A_KIND = 6

COMPLETION, OPTIONAL, RETRIES = "completion", "optional", "retries"
FAILURE, FAILURE_EASY, FAILURE_HARD = "failure", "failure:easy", "failure:hard"
GAP, MODULES_A_DAY, SITTING = "gap_days", "modules_a_day", "sitting_minutes"
FORMAT, FAILURE_IN = "format:", "failure_in:"
PLAIN = (
    COMPLETION,
    OPTIONAL,
    FAILURE,
    FAILURE_EASY,
    FAILURE_HARD,
    RETRIES,
    GAP,
    MODULES_A_DAY,
    SITTING,
)

_NOT_BEGUN = (Event.REGISTERED, Event.VIEWED, Event.RATED, Event.WAIVED)
_BEGINS = np.array([event not in _NOT_BEGUN for event in EVENT_CODES])
_UNDER_WAY = np.array([event in (Event.STARTED, Event.PROGRESSED) for event in EVENT_CODES])

Mask = NDArray[np.bool_]
Mean = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Facets:
    """What behaviours look at in the modules of a catalogue.

    Attributes
    ----------
    names
        The behaviours, in the order of columns.
    counts, has_format, is_optional
        bool, (n_modules,); questions do not count; `is_optional` is false everywhere where nothing
        is mandatory, so that nothing is called optional either.
    of
        By behaviour, bool, (n_modules,): the modules of its format, branch or difficulty.
    """

    names: tuple[str, ...]
    counts: Mask
    has_format: Mask
    is_optional: Mask
    of: Mapping[str, Mask]


@dataclass(frozen=True, kw_only=True)
class Behaviours:
    """Each behaviour as a mean: `total` / `count`.

    Attributes
    ----------
    total, count
        float64, (n_learners, n_behaviours). A count of 0 says that nothing is known.
    n_begun
        int64, (n_learners,): different modules begun.
    """

    total: NDArray[np.float64]
    count: NDArray[np.float64]
    n_begun: NDArray[np.int64]


def name_behaviours(log: InteractionLog, index: CatalogueIndex) -> tuple[str, ...]:
    """Name the behaviours that a log lets one see.

    `format:F` is the share of what was begun that has the format, `failure_in:S` the share of first
    tries failed in a branch of the taxonomy, named by its topmost skill. Of formats and branches
    the `MOST_OF_A_KIND` most met are named.
    """
    formats = index.format[log.module]
    met = np.bincount(formats[formats >= 0], minlength=len(index.formats))
    branches, branch = np.unique(_branch_of_skill(index), return_inverse=True)
    tries = np.bincount(log.module[log.success >= 0], minlength=len(index.module_ids))
    by_pair = tries[index.skills.module].astype(np.float64)
    tried = np.bincount(branch[index.skills.skill], by_pair, len(branches))
    in_branches = _most(tried, branches.tolist())
    return (
        *PLAIN,
        *(f"{FORMAT}{name}" for name in _most(met, index.formats.ids)),
        *(f"{FAILURE_IN}{name}" for name in in_branches if len(in_branches) > 1),
    )


def find_facets(index: CatalogueIndex, names: Sequence[str], hard_from: float) -> Facets:
    """Return what behaviours look at; a format or branch the catalogue lacks has no modules.

    Parameters
    ----------
    index
        The catalogue.
    names
        Behaviours, as `name_behaviours` names them.
    hard_from
        Level in [0,1] from which an authored difficulty counts as hard.
    """
    branch = np.array(_branch_of_skill(index), dtype=np.str_)
    difficulty = index.skills.difficulty
    of: dict[str, Mask] = {FAILURE_EASY: difficulty < hard_from}
    of[FAILURE_HARD] = difficulty >= hard_from
    for name in names:
        if name.startswith(FORMAT):
            code = index.formats.index_of.get(name.removeprefix(FORMAT))
            of[name] = (index.format == code) & (index.format >= 0)
        elif name.startswith(FAILURE_IN):
            inside = branch[index.skills.skill] == name.removeprefix(FAILURE_IN)
            of[name] = np.zeros(len(index.module_ids), dtype=bool)
            of[name][index.skills.module[inside]] = True
    return Facets(
        names=tuple(names),
        counts=~index.is_question,
        has_format=index.format >= 0,
        is_optional=~index.is_mandatory & index.is_mandatory.any(),
        of=of,
    )


def measure_behaviours(log: InteractionLog, facets: Facets) -> Behaviours:
    """Measure how the learners of a log go about learning.

    Parameters
    ----------
    log
        Any number of learners; its modules are those of the facets.
    facets
        Names the columns.
    """
    log = log.take(_BEGINS[log.event] & facets.counts[log.module])
    pairs = _Pairs.of(log)
    n = log.n_learners
    means = _paces(log)
    for name in facets.names:
        if name not in means:
            is_so, among = _share(name, pairs, facets)
            means[name] = (
                np.bincount(pairs.learner[is_so & among], minlength=n).astype(np.float64),
                np.bincount(pairs.learner[among], minlength=n),
            )
    shape = (n, len(facets.names))
    total, count = np.zeros(shape), np.zeros(shape)
    for column, name in enumerate(facets.names):
        total[:, column], count[:, column] = means[name]
    n_begun = np.bincount(pairs.learner, minlength=n).astype(np.int64)
    return Behaviours(total=total, count=count, n_begun=n_begun)


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Learners and the modules they began, each pair once.

    `is_started` says that it was on record before its end, `first_try` is the success of the first
    judged go, −1 without one, and `n_tries` counts judged goes.
    """

    learner: NDArray[np.int64]
    module: NDArray[np.int64]
    is_started: Mask
    is_done: Mask
    first_try: NDArray[np.int8]
    n_tries: NDArray[np.int64]

    @classmethod
    def of(cls, log: InteractionLog) -> "_Pairs":
        key = log.learner.astype(np.int64) * max(log.n_modules, 1) + log.module
        keys, pair = np.unique(key, return_inverse=True)
        is_started, is_done = np.zeros(len(keys), dtype=bool), np.zeros(len(keys), dtype=bool)
        is_started[pair[_UNDER_WAY[log.event]]] = True
        is_done[pair[log.done]] = True
        judged = np.flatnonzero(log.success >= 0)
        first_try = np.full(len(keys), -1, dtype=np.int8)
        with_try, first = np.unique(pair[judged], return_index=True)
        first_try[with_try] = log.success[judged[first]]
        learner, module = np.divmod(keys, max(log.n_modules, 1))
        return cls(
            learner=learner,
            module=module,
            is_started=is_started,
            is_done=is_done,
            first_try=first_try,
            n_tries=np.bincount(pair[judged], minlength=len(keys)).astype(np.int64),
        )


def _share(name: str, pairs: _Pairs, facets: Facets) -> tuple[Mask, Mask]:
    """Return which pairs show a behaviour, and among which pairs that is counted."""
    failed, tried = pairs.first_try == 0, pairs.first_try >= 0
    everything = np.ones(len(pairs.module), dtype=bool)
    plain = {
        COMPLETION: (pairs.is_done, pairs.is_started),
        OPTIONAL: (
            facets.is_optional[pairs.module],
            everything & facets.is_optional.any(),
        ),
        FAILURE: (failed, tried),
        RETRIES: (pairs.n_tries > 1, failed),
    }
    if name in plain:
        return plain[name]
    of = facets.of[name][pairs.module]
    return (
        (of, facets.has_format[pairs.module]) if name.startswith(FORMAT) else (failed, tried & of)
    )


def _paces(log: InteractionLog) -> dict[str, Mean]:
    """Return log days between days of learning, modules a day, and log(1 + minutes) of sittings.

    A sitting of one event has no length: when it began is not known.
    """
    n = log.n_learners
    if not log.is_timed or not len(log):
        return dict.fromkeys((GAP, MODULES_A_DAY, SITTING), (np.zeros(n), np.zeros(n, np.int64)))
    day = np.floor(log.at_seconds / SECONDS_PER_DAY)
    is_other = np.diff(log.learner) > 0
    new_day = np.append(True, is_other | (np.diff(day) > 0))
    days = np.flatnonzero(new_day)
    back = np.flatnonzero(~is_other & (np.diff(day) > 0))
    taken = np.unique((np.cumsum(new_day) - 1) * np.int64(log.n_modules) + log.module)
    sits_down = np.append(True, is_other | (np.diff(log.at_seconds) > PAUSE_SECONDS))
    first = np.flatnonzero(sits_down)
    last = np.append(first[1:], len(log)) - 1
    minutes = (log.at_seconds[last] - log.at_seconds[first]) / 60.0
    first, minutes = first[minutes > 0], minutes[minutes > 0]

    def mean(rows: NDArray[np.int64], values: NDArray[np.float64], of: NDArray[np.int64]) -> Mean:
        counted = np.bincount(log.learner[of], minlength=n)
        return np.bincount(log.learner[rows], values, n), counted

    taken_on = days[taken // log.n_modules]
    return {
        GAP: mean(back, np.log(np.diff(day)[back]), back),
        MODULES_A_DAY: mean(taken_on, np.ones(len(taken_on)), days),
        SITTING: mean(first, np.log1p(minutes), first),
    }


def _most(counts: NDArray[np.integer] | NDArray[np.float64], names: Sequence[str]) -> list[str]:
    """Return the names counted most, in order of names."""
    ranked = sorted(
        (-count, name) for name, count in zip(names, counts.tolist(), strict=True) if count
    )
    return sorted(name for _, name in ranked[:MOST_OF_A_KIND])


def _branch_of_skill(index: CatalogueIndex) -> list[str]:
    """Return the topmost skill above each skill, itself where none is."""
    parent = {skill.skill_id: skill.parent_id for skill in index.catalogue.skills}
    tops = []
    for skill_id in index.skill_ids:
        top, passed = skill_id, {skill_id}
        while (above := parent.get(top)) and above not in passed:
            top = above
            passed.add(top)
        tops.append(top)
    return tops
