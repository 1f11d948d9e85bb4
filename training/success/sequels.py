"""Fit what the module just met says of the next, on top of a model that knows everything else."""

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import sigmoid
from features.score.sequels import Sequels
from training.success.labelled import Labelled
from training.success.metrics import log_loss
from training.success.settings import SuccessSettings

N_STEPS = 8
MAX_STEP = 1.0
MAX_PAIRS = 200_000


def fit_sequels(
    train: tuple[Labelled, NDArray[np.float64]],
    valid: tuple[Labelled, NDArray[np.float64]],
    settings: SuccessSettings,
) -> Sequels | None:
    """Return effects of the pairs of modules often met in succession; None where none helps.

    Each pair and outcome has one effect, a ridge-penalised shift of the log odds given; since a
    row has one pair, the fits are independent. The penalty is chosen on validation learners.

    Parameters
    ----------
    train, valid
        Attempts of different learners, and log odds, (n,), that each model has of them.
    settings
        The penalties to choose from, and how often a pair must have been met.
    """
    pairs = _frequent(train[0], settings.min_sequel_count)
    best, chosen = log_loss(valid[0].success, valid[1]), None
    for penalty in settings.sequel_penalties if len(pairs) else ():
        fitted = _fit(pairs, train, penalty)
        loss = log_loss(valid[0].success, valid[1] + added(fitted, valid[0]))
        if loss < best:
            best, chosen = loss, fitted
    return chosen


def added(sequels: Sequels, data: Labelled) -> NDArray[np.float64]:
    """Return what the pairs add to the log odds of each attempt, (n,)."""
    return sequels.added(data.previous, data.module, data.previous_succeeded)


def _frequent(data: Labelled, min_count: int) -> Sequels:
    """Return the pairs met at least `min_count` times, the most frequent ones at most."""
    rows = data.previous >= 0
    n = 1 + int(data.module.max(initial=0))
    keys, count = np.unique(data.previous[rows] * n + data.module[rows], return_counts=True)
    order = np.argsort(-count, kind="stable")[:MAX_PAIRS]
    kept = np.sort(keys[order][count[order] >= min_count])
    return Sequels(
        first=(kept // n).astype(np.int32),
        then=(kept % n).astype(np.int32),
        effect=np.zeros((len(kept), 2)),
    )


def _fit(pairs: Sequels, train: tuple[Labelled, NDArray[np.float64]], penalty: float) -> Sequels:
    data, logits = train
    pair = pairs.find(data.previous, data.module)
    rows = pair >= 0
    cell = 2 * pair[rows] + data.previous_succeeded[rows]
    success, offset = data.success[rows], logits[rows]
    effect = np.zeros(2 * len(pairs))
    for _ in range(N_STEPS):
        p = sigmoid(offset + effect[cell])
        gradient = np.bincount(cell, success - p, len(effect)) - penalty * effect
        curvature = np.bincount(cell, p * (1.0 - p), len(effect)) + penalty
        effect += np.clip(gradient / curvature, -MAX_STEP, MAX_STEP)
    return Sequels(first=pairs.first, then=pairs.then, effect=effect.reshape(-1, 2))
