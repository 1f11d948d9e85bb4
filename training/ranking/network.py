"""Fitting the blend: softmax cross-entropy over each learner's list of candidates."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.score.ranking.blend import Blend

BATCH = 128
WARM_UP_STEPS = 50
MOMENTUM, SQUARES, STABLE = 0.9, 0.99, 1e-8


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """How the networks are shaped and fitted.

    Attributes
    ----------
    n_hidden
        Hidden units of each network.
    n_networks
        How many, from different starts, are averaged.
    n_epochs
        How often each list is seen, at least.
    fewest_steps
        Of gradient descent; where lists are few, each is seen more often.
    learning_rate
        The highest of the schedule.
    l2
        Penalty on the weights.
    """

    n_hidden: int = 64
    n_networks: int = 2
    n_epochs: int = 6
    fewest_steps: int = 300
    learning_rate: float = 2e-3
    l2: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Lists:
    """Candidates of many asks.

    `features` is float16 to spare memory, (n, n_candidates, n_features); `hit`, int64, (n,), is the
    place of the module that came next.
    """

    features: NDArray[np.float16]
    hit: NDArray[np.int64]


def fit_blend(
    lists: Lists,
    settings: NetworkSettings,
    *,
    seed: int,
    chosen: NDArray[np.bool_] | None = None,
) -> Blend:
    """Fit networks from different starts and lay them side by side.

    Parameters
    ----------
    lists
        At least one.
    settings
        Of the networks.
    seed
        Of starts and batches.
    chosen
        bool, (n,), the lists to learn from; all where absent.

    References
    ----------
    The loss is ListNet's top-one cross-entropy (Cao, Qin, Liu, Tsai & Li 2007); the optimiser is
    Adam (Kingma & Ba 2015) with a cosine schedule (Loshchilov & Hutter 2017).
    """
    rows = np.arange(len(lists.hit)) if chosen is None else np.flatnonzero(chosen)
    mean, scale = _moments(lists.features, rows)
    networks = [
        _Network(lists.features.shape[2], settings, np.random.default_rng([seed, place]))
        for place in range(settings.n_networks)
    ]
    # Each has its own start, batches and arrays, so that how they are scheduled changes nothing.
    with ThreadPoolExecutor(settings.n_networks) as pool:
        for fitting in [pool.submit(network.fit, lists, rows, mean, scale) for network in networks]:
            fitting.result()
    return Blend(
        mean=mean,
        scale=scale,
        hidden_weight=np.concatenate([network.parameters[0] for network in networks], axis=1),
        hidden_bias=np.concatenate([network.parameters[1] for network in networks]),
        output_weight=np.concatenate(
            [network.parameters[2] / np.float32(settings.n_networks) for network in networks]
        ),
    )


def _moments(
    features: NDArray[np.float16], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and standard deviation of each feature, summed in blocks to spare memory."""
    total = np.zeros(features.shape[2])
    squares = np.zeros(features.shape[2])
    for first in range(0, len(rows), BATCH):
        block = features[rows[first : first + BATCH]].astype(np.float64)
        total += block.sum(axis=(0, 1))
        squares += (block**2).sum(axis=(0, 1))
    n = len(rows) * features.shape[1]
    mean = total / n
    scale = np.sqrt(np.maximum(squares / n - mean**2, 1e-8))
    return mean.astype(np.float32), scale.astype(np.float32)


class _Network:
    """features → hidden (ReLU) → score; no bias on the score, which a softmax would not see."""

    def __init__(
        self, n_features: int, settings: NetworkSettings, rng: np.random.Generator
    ) -> None:
        self.settings, self.rng = settings, rng
        n_hidden = settings.n_hidden
        start = (
            rng.standard_normal((n_features, n_hidden)) * np.sqrt(2 / n_features),
            np.zeros(n_hidden),
            rng.standard_normal(n_hidden) * 0.1 * np.sqrt(2 / n_hidden),
        )
        self.parameters: list[NDArray[np.float32]] = [part.astype(np.float32) for part in start]
        self._first = [np.zeros_like(p) for p in self.parameters]
        self._second = [np.zeros_like(p) for p in self.parameters]

    def fit(
        self,
        lists: Lists,
        rows: NDArray[np.int64],
        mean: NDArray[np.float32],
        scale: NDArray[np.float32],
    ) -> None:
        n_batches = -(-len(rows) // BATCH)
        n_steps = max(n_batches * self.settings.n_epochs, self.settings.fewest_steps)
        step = 0
        while step < n_steps:
            order = self.rng.permutation(rows)
            for first in range(0, len(order), BATCH):
                step += 1
                chosen = order[first : first + BATCH]
                standard = (lists.features[chosen] - mean) / scale
                self._step(self._gradients(standard, lists.hit[chosen]), step, n_steps)

    def _gradients(
        self, features: NDArray[np.float32], hit: NDArray[np.int64]
    ) -> list[NDArray[np.float32]]:
        n, n_candidates, n_features = features.shape
        flat = features.reshape(-1, n_features)
        hidden_weight, hidden_bias, output_weight = self.parameters
        hidden = np.maximum(flat @ hidden_weight + hidden_bias, 0.0)
        scores = (hidden @ output_weight).reshape(n, n_candidates)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(n), hit] -= 1.0
        error = (p / n).reshape(-1)
        below = np.outer(error, output_weight) * (hidden > 0)
        return [
            flat.T @ below + self.settings.l2 * hidden_weight,
            below.sum(axis=0),
            hidden.T @ error + self.settings.l2 * output_weight,
        ]

    def _step(self, gradients: list[NDArray[np.float32]], step: int, n_steps: int) -> None:
        rate = self.settings.learning_rate * min(1.0, step / WARM_UP_STEPS)
        rate *= 0.5 * (1.0 + np.cos(np.pi * min(step / n_steps, 1.0)))
        for k, gradient in enumerate(gradients):
            self._first[k] += (1 - MOMENTUM) * (gradient - self._first[k])
            self._second[k] += (1 - SQUARES) * (gradient**2 - self._second[k])
            mean = self._first[k] / (1 - MOMENTUM**step)
            square = self._second[k] / (1 - SQUARES**step)
            self.parameters[k] -= np.float32(rate) * mean / (np.sqrt(square) + STABLE)
