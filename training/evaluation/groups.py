"""What is judged, and the groups it is read apart by."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.log import InteractionLog
from features.encode.sequences import sequence_modules
from training.evaluation.protocols import Holdout
from training.histories.data import TrainingData
from training.slices import MOST_VALUES

HISTORY_LENGTH = "history length"
MODULE_POPULARITY = "module popularity"
UNKNOWN = "unknown"
HISTORY_BOUNDS = (0, 1, 2, 5, 10, 20, 50)
# Modules in order of how many met them, cut where their shares of all meetings add up to this.
POPULARITY_SHARES = (0.5, 0.9)
POPULARITY_BANDS = (
    "head (first 50 %)",
    "middle (next 40 %)",
    "tail (last 10 %)",
    "not met in training",
)


@dataclass(frozen=True, kw_only=True)
class Labels:
    """One label a row: `names[code[i]]`; `code` is int64, (n,), names are in reading order."""

    names: tuple[str, ...]
    code: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Rows that are judged: a question to a learner, or an attempt of one.

    Attributes
    ----------
    learner
        int64, (n,), positions in the log's `learner_ids`.
    labels
        By attribute.
    is_cold_learner, is_cold_module
        bool, (n,): nothing was known of the learner when asked; nobody met the module in training.
    many_valued
        Attributes left out because they have more than `MOST_VALUES` values.
    """

    learner: NDArray[np.int64]
    labels: Mapping[str, Labels]
    is_cold_learner: NDArray[np.bool_]
    is_cold_module: NDArray[np.bool_]
    many_valued: tuple[str, ...]


def judged_questions(data: TrainingData, holdout: Holdout) -> Judged:
    """Describe the learners asked for their next module; popularity is that of the target."""
    question = holdout.question
    met = modules_met(data.log.take(holdout.ranking_rows))
    return _judged(data, question.learner, question.history.lengths, met, question.target)


def judged_attempts(data: TrainingData, holdout: Holdout) -> Judged:
    """Describe the attempts to be predicted; history and popularity count judged attempts."""
    log, asked = data.log, holdout.asked_attempts
    attempts = log.take(log.success >= 0)
    earlier = count_earlier(attempts)[asked[log.success >= 0]]
    trained = holdout.success_rows & (log.success >= 0)
    tried = np.bincount(log.module[trained], minlength=log.n_modules)
    return _judged(data, log.learner[asked].astype(np.int64), earlier, tried, log.module[asked])


def modules_met(log: InteractionLog) -> NDArray[np.int64]:
    """Return how many learners met each module, int64, (n_modules,)."""
    return np.bincount(sequence_modules(log).module, minlength=log.n_modules)


def count_earlier(log: InteractionLog) -> NDArray[np.int64]:
    """Return how many rows of the same learner happened at strictly earlier instants.

    Parameters
    ----------
    log
        Where `at` are ordinals, rows before count whether or not they tie.

    Returns
    -------
    int64, (n_rows,).
    """
    place = np.arange(len(log))
    begins = np.ones(len(log), dtype=bool)
    if log.is_timed:
        begins[1:] = (np.diff(log.at_seconds) != 0) | (np.diff(log.learner) != 0)
    first_of_instant = np.maximum.accumulate(np.where(begins, place, 0))
    earlier: NDArray[np.int64] = first_of_instant - log.starts[log.learner]
    return earlier


def band_modules(met: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place of each module in `POPULARITY_BANDS`, int64, (n_modules,).

    Parameters
    ----------
    met
        (n_modules,), how often each was met in training; equals stand in order of the catalogue.
    """
    order = np.argsort(-met, kind="stable")
    before = np.cumsum(met[order]) - met[order]
    band = np.empty(len(met), dtype=np.int64)
    band[order] = np.searchsorted(POPULARITY_SHARES, before / max(met.sum(), 1), side="right")
    band[met == 0] = len(POPULARITY_BANDS) - 1
    return band


def _judged(
    data: TrainingData,
    learner: NDArray[np.int64],
    n_known: NDArray[np.int64],
    met: NDArray[np.int64],
    module: NDArray[np.int32],
) -> Judged:
    few = {
        name: len(np.unique(values[values != ""]))
        for name, values in data.learner_attributes.items()
    }
    labels = {
        name: _label_attribute(data.learner_attributes[name], learner)
        for name, n_values in few.items()
        if 1 < n_values <= MOST_VALUES
    }
    labels[HISTORY_LENGTH] = Labels(
        names=_BAND_NAMES, code=np.searchsorted(HISTORY_BOUNDS, n_known, side="right") - 1
    )
    labels[MODULE_POPULARITY] = Labels(names=POPULARITY_BANDS, code=band_modules(met)[module])
    return Judged(
        learner=learner,
        labels=labels,
        is_cold_learner=n_known == 0,
        is_cold_module=met[module] == 0,
        many_valued=tuple(name for name, n_values in few.items() if n_values > MOST_VALUES),
    )


def _label_attribute(values: NDArray[np.str_], learner: NDArray[np.int64]) -> Labels:
    names, code = np.unique(values, return_inverse=True)
    return Labels(names=tuple(name or UNKNOWN for name in names.tolist()), code=code[learner])


def _name_band(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return str(low) if high == low + 1 else f"{low} to {high - 1}"


_BAND_NAMES = tuple(
    _name_band(low, high)
    for low, high in zip(HISTORY_BOUNDS, (*HISTORY_BOUNDS[1:], None), strict=True)
)
