"""Exposure and gap closed by group, for the report of a training and for the gate."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.domain.errors import SnapshotError
from features.encode.catalogue import CatalogueIndex
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from training.champion import name_of
from training.fairness import FAIRNESS, Shown, sample, show
from training.gate import OWN
from training.histories.data import TrainingData
from training.holm import holm
from training.models import Task
from training.slices import slices_of

SMALLEST_GROUP = 50
FEWEST_COMPARED = 2
SMALLEST_ERROR = 1e-9  # of a mean; below it is only rounding


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """What was found.

    Attributes
    ----------
    document
        For the report, as `by_group` makes it.
    learner_ids
        str, (n,), who was asked about.
    gap_closed
        By snapshot, float64, (n,).
    """

    document: Mapping[str, Any]
    learner_ids: NDArray[np.str_]
    gap_closed: Mapping[str, NDArray[np.float64]]

    def aligned(self, learner_ids: NDArray[np.str_]) -> dict[str, NDArray[np.float64]]:
        """Return the gap closed of learners in another order, NaN where nobody asked; by snapshot.

        Empty where nobody was asked about at all.
        """
        if not len(self.learner_ids):
            return {}
        row = {learner_id: k for k, learner_id in enumerate(self.learner_ids.tolist())}
        place = np.array([row.get(each, -1) for each in learner_ids.tolist()], dtype=np.int64)
        return {name: np.append(values, np.nan)[place] for name, values in self.gap_closed.items()}


def judge_fairness(
    task: Task, index: CatalogueIndex, candidate: Snapshot, champion: Snapshot | None
) -> Fairness:
    """Decide for held-out learners as the service would, with a candidate and with the champion.

    Parameters
    ----------
    task
        Data, and who is held out.
    index
        Today's catalogue.
    candidate, champion
        A champion that does not fit this program is left out.
    """
    task.report("gaps closed by group")
    yardstick = bind(index, candidate)
    rankers = {OWN: yardstick}
    if champion is not None:
        with suppress(SnapshotError):
            rankers[name_of(champion.version)] = bind(index, champion)
    asked = task.data.log.learner[task.holdout.asked_attempts]
    held_out = np.union1d(task.holdout.question.learner, asked).astype(np.int64)
    rng = np.random.default_rng(task.seed)
    learners = sample(task.data, yardstick, held_out, rng)
    shown = show(task.data, learners, yardstick, rankers)
    ids = task.data.log.learner_ids.ids
    return Fairness(
        document=by_group(task.data, learners, shown[OWN]),
        learner_ids=np.array([ids[row] for row in learners], dtype=np.str_),
        gap_closed={name: each.gap_closed for name, each in shown.items()},
    )


def by_group(data: TrainingData, learners: NDArray[np.int64], shown: Shown) -> dict[str, Any]:
    """Return exposure and gap closed of every group, and how it stands to all others.

    Returns
    -------
    dict
        `n_learners`, `smallest` (fewer are no group), `overall`, `groups` (each with
        `behind_others_by` in shares of what is asked, its 95 % interval and `p_holm`, two-sided
        Welch tests under Holm's adjustment over all groups), and `too_small`: attributes without
        two groups of that size.
    """
    groups, too_small = [], []
    for attribute, values in slices_of(data, learners).items():
        named = [(value, values == value) for value in np.unique(values[values != ""]).tolist()]
        large = [(value, rows) for value, rows in named if rows.sum() >= SMALLEST_GROUP]
        if len(large) < 2:
            too_small.append(attribute)
            continue
        groups += [
            {"attribute": attribute, "value": value, **_compared(shown, rows)}
            for value, rows in large
        ]
    adjusted = holm(np.array([group.pop("p") for group in groups])).tolist()
    return {
        "n_learners": len(learners),
        "smallest": SMALLEST_GROUP,
        "overall": _means(shown, np.ones(len(learners), dtype=bool)) if len(learners) else None,
        "groups": [group | {"p_holm": p} for group, p in zip(groups, adjusted, strict=True)],
        "too_small": too_small,
    }


def fairness_metrics(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return every number of a fairness report under "fairness.ATTRIBUTE.VALUE"."""
    return {f"{FAIRNESS}.overall": document["overall"] or {}} | {
        f"{FAIRNESS}.{group['attribute']}.{group['value']}": group for group in document["groups"]
    }


def _compared(shown: Shown, rows: NDArray[np.bool_]) -> dict[str, Any]:
    """Compare a group with all others by Welch's t-test; no test where nobody differs."""
    own, others = shown.gap_closed[rows], shown.gap_closed[~rows]
    found = {**_means(shown, rows), "behind_others_by": 0.0, "behind_others_by_ci": None, "p": 1.0}
    if min(len(own), len(others)) < FEWEST_COMPARED:
        return found
    behind = float(others.mean() - own.mean())
    errors = own.var(ddof=1) / len(own), others.var(ddof=1) / len(others)
    squared_error = sum(errors)
    if squared_error < SMALLEST_ERROR**2:
        return found | {"behind_others_by": behind}
    freedom = squared_error**2 / (
        errors[0] ** 2 / (len(own) - 1) + errors[1] ** 2 / (len(others) - 1)
    )
    error = squared_error**0.5
    half = float(stats.t.ppf(0.975, freedom)) * error
    return found | {
        "behind_others_by": behind,
        "behind_others_by_ci": [behind - half, behind + half],
        "p": float(2.0 * stats.t.sf(abs(behind) / error, freedom)),
    }


def _means(shown: Shown, rows: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "n_learners": int(rows.sum()),
        "exposure": float(shown.exposure[rows].mean()),
        "gap_closed": float(shown.gap_closed[rows].mean()),
    }
