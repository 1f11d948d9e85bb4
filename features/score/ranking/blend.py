"""The blend orders the best candidates of the components by a small network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TINY = 1e-3


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Networks with one hidden layer over standardised features of a candidate, averaged.

    Attributes
    ----------
    mean, scale
        float32, (n_features,).
    hidden_weight, hidden_bias
        float32, (n_features, n_networks · n_hidden) and (n_networks · n_hidden,); networks stand
        side by side, which is their sum once `output_weight` is laid end to end.
    output_weight
        float32, (n_networks · n_hidden,), divided by the number of networks.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    hidden_weight: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    output_weight: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return one score a candidate, (…,), from features (…, n_features)."""
        standard = (features - self.mean) / self.scale
        hidden = np.maximum(standard @ self.hidden_weight + self.hidden_bias, 0.0)
        scores: NDArray[np.float32] = hidden @ self.output_weight
        return scores


def best_candidates(
    base: NDArray[np.float64], seen: NDArray[np.bool_], n: int
) -> NDArray[np.int64]:
    """Return the `n` unseen modules of highest base score a row, (n_learners, n), unordered.

    Seen modules come in only where there are not enough others.
    """
    open_to = np.where(seen, -np.inf, base)
    n = min(n, base.shape[1])
    return np.argpartition(-open_to, n - 1, axis=1)[:, :n]


def describe_candidates(
    components: NDArray[np.float32],
    module_features: NDArray[np.float32],
    history_lengths: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Build the features of candidates.

    Parameters
    ----------
    components
        float32, (n_learners, n_candidates, n_components), scores ≥ 0 or of any sign.
    module_features
        float32, (n_learners, n_candidates, n_module_features).
    history_lengths
        (n_learners,), at least 0.

    Returns
    -------
    float32, (n_learners, n_candidates, n_features): for each component the score, its logarithm,
    its share of the best candidate's, the reciprocal of its rank and the best score's logarithm;
    then the module features and the logarithm of the history's length.
    """
    best = components.max(axis=1, keepdims=True)
    order = np.argsort(-components, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(order.shape[1])[None, :, None], axis=1)
    one = np.ones_like(components)
    return np.concatenate(
        [
            components,
            np.log(np.maximum(components, 0.0) + TINY),
            components / np.maximum(best, 1e-6),
            (1.0 / (rank + 2.0)).astype(np.float32),
            one * np.log(np.maximum(best, 0.0) + TINY),
            module_features,
            one[:, :, :1] * np.log1p(history_lengths)[:, None, None].astype(np.float32),
        ],
        axis=2,
    ).astype(np.float32)
