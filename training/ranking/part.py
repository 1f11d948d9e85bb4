"""The ranking part of a snapshot: a model, and what places modules nobody has met."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.encode.catalogue import CatalogueIndex
from features.encode.log import InteractionLog
from features.encode.sequences import Sequences, sequence_modules
from features.score.likeness import ModuleContent
from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel
from training.ranking.likeness import learn_likeness


def ranking_part(
    model: RankingModel,
    log: InteractionLog,
    index: CatalogueIndex,
    roles: NDArray[np.str_],
    seed: int,
) -> dict[str, NDArray[Any]]:
    """Gather what the service ranks with, as named arrays.

    Parameters
    ----------
    model
        Its modules are those of the log.
    log
        What it was learned from.
    index
        The catalogue, in the log's order of modules.
    roles
        (n_learners,), the role of each learner of the log; empty where there is none.
    seed
        Draws the modules by which likeness is learned.
    """
    met = sequence_modules(log)
    likeness = learn_likeness(met, ModuleContent.of(index), np.random.default_rng(seed))
    return (
        to_arrays(model)
        | _popularity_by_role(met, roles, log.n_modules)
        | {
            "likeness": likeness,
            "module_ids": np.array(index.module_ids.ids, dtype=np.str_),
        }
    )


def _popularity_by_role(
    met: Sequences, roles: NDArray[np.str_], n_modules: int
) -> dict[str, NDArray[Any]]:
    """Count, for each role, how many of its training learners met each module."""
    names, role = np.unique(roles, return_inverse=True)
    cells = role[met.learner] * n_modules + met.module
    counts = np.bincount(cells, minlength=len(names) * n_modules)
    named = names != ""
    return {
        "role_ids": names[named].astype(np.str_),
        "met_by_role": counts.reshape(len(names), n_modules)[named].astype(np.float64),
    }
