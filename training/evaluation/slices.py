"""Slices: the chosen model and the best baseline on groups of learners and modules.

No group is dropped: those of fewer than `SMALLEST_SLICE` learners are measured together, and
learners and modules without any history stand in slices of their own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.estimates import Estimate
from training.evaluation.groups import Judged, Labels
from training.slices import SMALLEST_SLICE

COLD_LEARNERS, COLD_MODULES = "learners", "modules"

Measure = Callable[[str, NDArray[np.bool_]], dict[str, Any]]
Difference = Callable[[str, str, NDArray[np.bool_]], Estimate]


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The chosen model, the baseline beside it, and how both are measured on some rows.

    `measure` gives a model's metrics; `difference` how much better the first model is than the
    second, paired by learner.
    """

    chosen: str
    baseline: str
    measure: Measure
    difference: Difference


@dataclass(frozen=True, kw_only=True)
class _Part:
    value: str
    pooled: tuple[str, ...]
    rows: NDArray[np.bool_]


def slice_rows(judged: Judged, contest: Contest) -> dict[str, Any]:
    """Measure every group of every attribute.

    Returns
    -------
    dict
        `chosen` and `baseline` (names), `rows` (one a slice), `too_small` (attributes none of whose
        groups has `SMALLEST_SLICE` learners) and `too_many_values`.
    """
    rows, too_small = [], []
    for attribute, labels in judged.labels.items():
        parts = list(_parts(labels, judged.learner))
        if len(parts) == 1 and parts[0].pooled:
            too_small.append(attribute)
            continue
        rows += [
            {"attribute": attribute, **_describe(part, judged.learner, contest)} for part in parts
        ]
    return {
        "chosen": contest.chosen,
        "baseline": contest.baseline,
        "rows": rows,
        "too_small": too_small,
        "too_many_values": list(judged.many_valued),
    }


def cold_slices(judged: Judged, contest: Contest) -> dict[str, Any]:
    """Measure learners of whom nothing was known and modules nobody had met, however few."""
    groups = {COLD_LEARNERS: judged.is_cold_learner, COLD_MODULES: judged.is_cold_module}
    return {
        name: _measured(rows, judged.learner, contest) if rows.any() else {"n_rows": 0}
        for name, rows in groups.items()
    }


def _parts(labels: Labels, learner: NDArray[np.int64]) -> Iterator[_Part]:
    """Yield the groups that are large enough, then the others together."""
    small = []
    for code, name in enumerate(labels.names):
        rows = labels.code == code
        n_learners = len(np.unique(learner[rows]))
        if n_learners >= SMALLEST_SLICE:
            yield _Part(value=name, pooled=(), rows=rows)
        elif n_learners:
            small.append(code)
    if small:
        names = tuple(labels.names[code] for code in small)
        yield _Part(value="all smaller", pooled=names, rows=np.isin(labels.code, small))


def _describe(part: _Part, learner: NDArray[np.int64], contest: Contest) -> dict[str, Any]:
    measured = _measured(part.rows, learner, contest)
    return {"value": part.value, "pooled": list(part.pooled), **measured}


def _measured(
    rows: NDArray[np.bool_], learner: NDArray[np.int64], contest: Contest
) -> dict[str, Any]:
    better = contest.difference(contest.chosen, contest.baseline, rows)
    return {
        "n_rows": int(rows.sum()),
        "n_learners": len(np.unique(learner[rows])),
        "chosen": contest.measure(contest.chosen, rows),
        "baseline": contest.measure(contest.baseline, rows),
        "better_by": better.value,
        "better_by_ci": better.interval,
    }


def slice_metrics(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every number of each slice of a report under "slices.PART.ATTRIBUTE.VALUE"."""
    return {
        f"slices.{part}.{row['attribute']}.{row['value']}": {
            "better_by": row["better_by"],
            "n_learners": row["n_learners"],
            **row["chosen"],
        }
        for part, sliced in document["slices"].items()
        if isinstance(sliced, Mapping)
        for row in sliced["rows"]
    }
