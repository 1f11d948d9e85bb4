"""A profile of rows of training data: counts and histograms, nothing about any one learner."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.history import Event
from training.drift.statistics import effective_size
from training.histories.data import TrainingData
from training.slices import MOST_VALUES

OTHER, UNKNOWN = "(other)", "(unknown)"
# Values that fewer learners have are counted together, and ids of learners are not counted at all.
FEWEST_LEARNERS = 5
LEARNER_IDS = frozenset({"manager_id"})
SECONDS_PER_HOUR, HOURS = 3600, 24
HOUR = "hour of day"

# Upper bounds of cells; fixed, so that histograms of different data have the same cells.
GRIDS: Mapping[str, NDArray[np.float64]] = {
    "score": np.linspace(0.0, 1.0, 51),
    "history length": np.unique(
        np.round(np.concatenate([np.arange(20), 20 * 1.1 ** np.arange(90)]))
    ),
    "gap between events": np.geomspace(1.0, 3.2e8, 103),
}


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts by cell; `size` is how many independent observations they are worth."""

    counts: Mapping[str, int]
    size: float


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Attempts and successes by group; `size` is what the attempts are worth."""

    attempts: Mapping[str, int]
    successes: Mapping[str, int]
    size: float


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What rows of training data look like.

    Attributes
    ----------
    n_events, n_learners
        How many rows, and of how many learners.
    shares
        By name ("modules", "events", "formats", "hour of day", attributes): events by value, or
        learners by value for attributes.
    spreads
        By name of `GRIDS`: counts by position of the cell.
    rates
        "modules" and "skills": success of attempts.
    module_ids, skill_ids, role_ids
        What the catalogue knew, met or not.
    """

    n_events: int
    n_learners: int
    shares: Mapping[str, Histogram]
    spreads: Mapping[str, Histogram]
    rates: Mapping[str, Rates]
    module_ids: Collection[str]
    skill_ids: Collection[str]
    role_ids: Collection[str]

    def to_document(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Profile":
        """Rebuild what `to_document` gave; KeyError or TypeError where that was something else."""
        parts = {"shares": Histogram, "spreads": Histogram, "rates": Rates}
        built = {
            part: {name: kind(**entry) for name, entry in document[part].items()}
            for part, kind in parts.items()
        }
        return cls(**{**document, **built})


def profile_rows(
    data: TrainingData, rows: NDArray[np.bool_], attributes: Collection[str] | None = None
) -> Profile:
    """Profile some rows; what came before them tells lengths of histories and gaps.

    Parameters
    ----------
    data
        Whole histories.
    rows
        bool, (n_rows,) of the log, at least one.
    attributes
        Those to count whatever they hold; None counts those of few values.
    """
    log, catalogue = data.log, data.catalogue
    learner, module = log.learner[rows], log.module[rows]
    names = [one.module_id for one in catalogue.modules]
    formats = np.array([one.format or UNKNOWN for one in catalogue.modules], dtype=np.str_)
    by_event = effective_size(np.bincount(learner))
    shares = {
        "modules": Histogram(
            counts=_named(names, np.bincount(module, minlength=len(names))), size=by_event
        ),
        "events": Histogram(
            counts=_named(list(Event), np.bincount(log.event[rows], minlength=len(Event))),
            size=by_event,
        ),
        "formats": Histogram(counts=_counted(formats[module]), size=by_event),
    }
    if log.is_timed:
        hours = (log.at_seconds[rows] // SECONDS_PER_HOUR % HOURS).astype(np.int64)
        shares[HOUR] = Histogram(
            counts=_named(
                [f"{hour:02}" for hour in range(HOURS)], np.bincount(hours, minlength=HOURS)
            ),
            size=by_event,
        )
    active = np.unique(learner)
    return Profile(
        n_events=len(learner),
        n_learners=len(active),
        shares=shares | _attributes(data, active, attributes),
        spreads=_spreads(data, rows),
        rates=_rates(data, rows),
        module_ids=names,
        skill_ids=[skill.skill_id for skill in catalogue.skills],
        role_ids=[role.role_id for role in catalogue.roles],
    )


def _attributes(
    data: TrainingData, active: NDArray[np.int32], chosen: Collection[str] | None
) -> dict[str, Histogram]:
    """Count the learners who are in the rows by each attribute's values."""
    found = {}
    for name, values in data.learner_attributes.items():
        few = len(np.unique(values)) <= MOST_VALUES
        if name not in LEARNER_IDS and (few if chosen is None else name in chosen):
            counts = _counted(np.where(values[active] == "", UNKNOWN, values[active]))
            found[name] = Histogram(counts=_without_rare(counts), size=float(len(active)))
    return found


def _without_rare(counts: Mapping[str, int]) -> dict[str, int]:
    kept = {value: n for value, n in counts.items() if n >= FEWEST_LEARNERS or value == UNKNOWN}
    n_rare = sum(counts.values()) - sum(kept.values())
    return kept | ({OTHER: n_rare} if n_rare else {})


def _spreads(data: TrainingData, rows: NDArray[np.bool_]) -> dict[str, Histogram]:
    log = data.log
    earlier = np.arange(len(log)) - log.starts[log.learner]
    spreads = {
        "score": _spread("score", log.score, rows & np.isfinite(log.score), log.learner),
        "history length": _spread("history length", earlier, rows, log.learner),
    }
    if log.is_timed:
        gaps = np.diff(log.at_seconds, prepend=log.at_seconds[:1])
        again = rows & (earlier > 0)
        spreads["gap between events"] = _spread("gap between events", gaps, again, log.learner)
    return {name: spread for name, spread in spreads.items() if spread.size > 0}


def _spread(
    name: str,
    values: NDArray[Any],
    rows: NDArray[np.bool_],
    learner: NDArray[np.int32],
) -> Histogram:
    cells = np.searchsorted(GRIDS[name], values[rows], side="left")
    counts = np.bincount(cells)
    return Histogram(
        counts={str(cell): int(counts[cell]) for cell in np.flatnonzero(counts)},
        size=effective_size(np.bincount(learner[rows])),
    )


def _rates(data: TrainingData, rows: NDArray[np.bool_]) -> dict[str, Rates]:
    log = data.log
    attempts = rows & (log.success >= 0)
    size = effective_size(np.bincount(log.learner[attempts]))
    if size == 0:
        return {}
    modules = data.catalogue.modules
    tried = np.bincount(log.module[attempts], minlength=len(modules))
    won = np.bincount(
        log.module[attempts], weights=log.success[attempts], minlength=len(modules)
    ).astype(np.int64)
    by_skill: dict[str, list[int]] = {}
    for row, one in enumerate(modules):
        for tag in one.skills:
            totals = by_skill.setdefault(tag.skill_id, [0, 0])
            totals[0] += int(tried[row])
            totals[1] += int(won[row])
    names = [one.module_id for one in modules]
    rates = {
        "modules": Rates(attempts=_named(names, tried), successes=_named(names, won), size=size)
    }
    if by_skill:
        rates["skills"] = Rates(
            attempts={name: n for name, (n, _) in by_skill.items()},
            successes={name: n for name, (_, n) in by_skill.items()},
            size=size,
        )
    return rates


def _named(names: Collection[str], counts: NDArray[np.int64]) -> dict[str, int]:
    return {str(name): int(n) for name, n in zip(names, counts.tolist(), strict=True)}


def _counted(values: NDArray[np.str_]) -> dict[str, int]:
    names, counts = np.unique(values, return_counts=True)
    return _named(names.tolist(), counts)
