"""Slices: groups of learners whose results are read apart."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.histories.data import TrainingData

MOST_VALUES = 30
SMALLEST_SLICE = 200  # learners: of fewer neither a report nor the gate says anything apart
HISTORY_BOUNDS = (2, 5, 10, 20, 50)
HISTORY_LENGTH = "history length"


def slices_of(data: TrainingData, learners: NDArray[np.int64]) -> Mapping[str, NDArray[np.str_]]:
    """Return, for each attribute of few values, the value of each learner; "" where unknown.

    Parameters
    ----------
    data
        Histories with attributes.
    learners
        int64, (n,), positions in the log's `learner_ids`.

    Returns
    -------
    mapping
        Attribute → str, (n,). Attributes with more than `MOST_VALUES` values, such as names, are
        left out. The length of the history is among them.
    """
    slices = {
        name: values[learners]
        for name, values in data.learner_attributes.items()
        if 1 < len(np.unique(values[values != ""])) <= MOST_VALUES
    }
    lengths = np.diff(data.log.starts)[learners]
    labels = np.array([_label(k) for k in range(len(HISTORY_BOUNDS) + 1)])
    slices[HISTORY_LENGTH] = labels[np.searchsorted(HISTORY_BOUNDS, lengths, side="right")]
    return slices


def _label(place: int) -> str:
    if place == 0:
        return f"under {HISTORY_BOUNDS[0]} events"
    if place == len(HISTORY_BOUNDS):
        return f"{HISTORY_BOUNDS[-1]} events or more"
    return f"{HISTORY_BOUNDS[place - 1]} to {HISTORY_BOUNDS[place] - 1} events"
