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
    closed_to = -base
    closed_to[seen] = np.inf
    n = min(n, base.shape[1])
    return closed_to.argpartition(n - 1, axis=1)[:, :n]


def describe_candidates(
    components: NDArray[np.float32],
    module_features: NDArray[np.float32],
    history_lengths: NDArray[np.int64],
    time_features: NDArray[np.float32] | None = None,
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
    time_features
        float32, (n_learners, n_candidates, n_time_features); None for a blend that knows no time.

    Returns
    -------
    float32, (n_learners, n_candidates, n_features): for each component the score, its logarithm,
    its share of the best candidate's, the reciprocal of its rank (0 where there is no score) and
    the best score's logarithm; then the module features, the logarithm of the history's length and
    the time features, if any.
    """
    n_learners, n_candidates, k = components.shape
    n_own = module_features.shape[2]
    n_time = 0 if time_features is None else time_features.shape[2]
    n_features = 5 * k + n_own + 1 + n_time
    features = np.empty((n_learners, n_candidates, n_features), dtype=np.float32)
    best = components.max(axis=1, keepdims=True)
    features[:, :, :k] = components
    features[:, :, k : 2 * k] = np.log(np.maximum(components, 0.0) + TINY)
    features[:, :, 2 * k : 3 * k] = components / np.maximum(best, 1e-6)
    features[:, :, 3 * k : 4 * k] = _reciprocal_ranks(components)
    features[:, :, 4 * k : 5 * k] = np.log(np.maximum(best, 0.0) + TINY)
    features[:, :, 5 * k : 5 * k + n_own] = module_features
    features[:, :, 5 * k + n_own] = np.log1p(history_lengths)[:, None]
    if time_features is not None:
        features[:, :, 5 * k + n_own + 1 :] = time_features
    return features


def _reciprocal_ranks(components: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / (1 + rank) among the candidates for scores above 0, and 0 for the others."""
    by_component = np.ascontiguousarray(-components.transpose(0, 2, 1))
    n = components.shape[1]
    order = by_component.argsort(axis=2, kind="stable")
    order += np.arange(0, by_component.size, n).reshape(len(order), -1, 1)
    reciprocal = np.empty_like(by_component)
    reciprocal.ravel()[order] = 1.0 / (np.arange(n, dtype=np.float32) + 2.0)
    return np.where(components > 0.0, reciprocal.transpose(0, 2, 1), np.float32(0.0))
