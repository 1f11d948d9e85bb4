"""Personas of a former training beside new ones: who is who.

References
----------
Kuhn, H. W. (1955). The Hungarian method for the assignment problem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from features.encode.behaviour import measure_behaviours
from features.encode.catalogue import CatalogueIndex
from features.encode.log import InteractionLog
from features.score.personas import PersonaModel
from features.score.scorer import PERSONAS
from features.score.snapshot import Snapshot

LEAST_OVERLAP = 1 / 3  # shared learners among those of either: half of both where both are equal


@dataclass(frozen=True, kw_only=True)
class Succession:
    """How new personas continue former ones.

    Attributes
    ----------
    continues
        For each new persona, the described former one it continues, or None.
    agreement
        Adjusted Rand index of both divisions of today's learners; None without a former one.
    n_learners
        With a persona of either kind.
    next_number
        What the next new persona is numbered with; numbers are never used again.
    """

    continues: tuple[Mapping[str, Any] | None, ...]
    agreement: float | None
    n_learners: int
    next_number: int


def divide_as_before(
    former: Snapshot | None, log: InteractionLog, index: CatalogueIndex
) -> NDArray[np.int64]:
    """Return today's learners' former personas, int64, (n_learners,), −1 for none.

    Parameters
    ----------
    former
        It divides them by its own behaviours; None without one.
    log, index
        Today's learners and catalogue.
    """
    described = {} if former is None else former.manifest.get(PERSONAS, {})
    if described.get("model") is None:
        return np.full(log.n_learners, -1)
    model = PersonaModel.from_lists(described["model"])
    measured = measure_behaviours(log, model.facets(index))
    nearest = np.argmax(model.p_personas(model.coordinates(measured)), axis=1)
    return np.where(model.is_enough(measured), nearest, -1)


def succeed(
    former: Snapshot | None, before: NDArray[np.int64], labels: NDArray[np.int64], number: int
) -> Succession:
    """Match new personas with those of a former snapshot by the learners they share.

    Parameters
    ----------
    former
        Describes the former personas; None without one.
    before, labels
        int64, (n_learners,): each learner's former and new persona, −1 for none.
    number
        How many new personas there are.
    """
    described = {} if former is None else former.manifest.get(PERSONAS, {})
    old: Sequence[Mapping[str, Any]] = described.get("personas", [])
    next_number = int(described.get("next_number", 1))
    both = (before >= 0) & (labels >= 0)
    if not old:
        return Succession(
            continues=(None,) * number, agreement=None, n_learners=0, next_number=next_number
        )
    met = np.zeros((number, len(old)))
    np.add.at(met, (labels[both], before[both]), 1.0)
    of_either = met.sum(axis=1, keepdims=True) + met.sum(axis=0, keepdims=True) - met
    overlap = met / np.maximum(of_either, 1.0)
    pairs = zip(*linear_sum_assignment(-overlap), strict=True)
    continued = {int(new): old[was] for new, was in pairs if overlap[new, was] >= LEAST_OVERLAP}
    return Succession(
        continues=tuple(continued.get(new) for new in range(number)),
        agreement=float(adjusted_rand_score(before[both], labels[both])),
        n_learners=int(both.sum()),
        next_number=next_number,
    )
