"""Ability from graded evidence: score functions at fixed anchors, and the posterior they imply.

The derivative of the log likelihood of ability θ, s(θ) = Σ weightᵢ·(successᵢ − σ(θ − difficultyᵢ)),
is kept at a few anchors. It is additive over attempts, so it can be decayed, merged, and
subtracted; adding the prior's (mean − θ)/variance and finding the zero gives the posterior mode.

References
----------
Rasch, G. (1960). Probabilistic models for some intelligence and attainment tests.
MacKay, D. (1992). The evidence framework applied to classification networks (the moderated
output used by `attenuation`).
Van Trees, H. (1968). Detection, estimation, and modulation theory (the information of
`mean_information`).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

ANCHORS = np.array([-6.0, -4.5, -3.25, -2.25, -1.5, -0.75, 0.0, 0.75, 1.5, 2.25, 3.25, 4.5, 6.0])
LOGIT_OF_MASTERY = float(np.log(3.0))  # p_success of .75

MOST_LOGITS = 700.0  # beyond it odds leave the range of float64

MESSAGES_AT_ONCE = 2_048  # as fast as more of them: their columns fit into a cache

_ANCHOR_GAPS = np.diff(ANCHORS)


def sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(−logit)) without overflow."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.maximum(logit, -MOST_LOGITS))))


def logit(p: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return ln(p / (1 − p)), p kept within 10⁻⁶ of 0 and 1."""
    p = np.clip(p, 1e-6, 1.0 - 1e-6)
    return np.asarray(np.log(p / (1.0 - p)))


def response_scores(
    success: NDArray[np.float64], difficulty: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return success − σ(anchor − difficulty), (n, n_anchors), difficulty in logits."""
    expected = sigmoid(ANCHORS[None, :] - difficulty[:, None])
    return np.asarray(success[:, None] - expected)


def judgement_scores(
    ability: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the score functions of direct observations of ability, (n, n_anchors)."""
    return np.asarray((ability[:, None] - ANCHORS[None, :]) / variance[:, None])


def posterior(
    scores: NDArray[np.float64],
    prior_mean: NDArray[np.float64] | float,
    prior_variance: NDArray[np.float64] | float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mode and variance of ability, interpolating linearly between the anchors.

    Parameters
    ----------
    scores
        float64, (n, n_anchors), not increasing along the anchors.
    prior_mean, prior_variance
        float64, (n,) or scalars, logits and logits².

    Returns
    -------
    tuple of float64 (n,)
        Mode in logits, within the outermost anchors, and variance in logits² (Laplace).
    """
    mean, precision = np.asarray(prior_mean), 1.0 / np.asarray(prior_variance)
    slope = scores + (mean[..., None] - ANCHORS) * precision[..., None]
    return _zeros(slope)


def _zeros(slope: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where functions at the anchors fall through 0, and by how much more they fall there.

    `slope` is float64, (n, n_anchors), falling along the anchors; returned are float64, (n,), the
    zeros, within the outermost anchors, and one over the steepness at them.
    """
    n = len(ANCHORS)
    is_past = slope <= 0.0
    is_past[:, -1] = True
    left = np.maximum(is_past.argmax(axis=1) - 1, 0)
    place = left + np.arange(0, n * len(slope), n)
    at_left = slope.take(place)
    curvature = (at_left - slope.take(place + 1)) / _ANCHOR_GAPS[left]
    mode = np.minimum(np.maximum(ANCHORS[left] + at_left / curvature, ANCHORS[0]), ANCHORS[-1])
    return mode, 1.0 / curvature


def mean_information(
    scores: NDArray[np.float64],
    mean: NDArray[np.float64] | float,
    variance: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Return the information in evidence, averaged over a normal distribution of ability.

    With the precision of that distribution as prior it bounds the error that estimates have on
    average. Unlike the curvature at the mode it never falls when evidence is added, since it does
    not look at where the evidence points.

    Parameters
    ----------
    scores
        float64, (n, n_anchors), not increasing along the anchors.
    mean, variance
        float64, (n,) or scalars, logits and logits².

    Returns
    -------
    float64, (n,), logits⁻², ≥ 0.
    """
    spread = np.sqrt(np.asarray(variance))
    below = ndtr((ANCHORS[1:-1] - np.asarray(mean)[..., None]) / spread[..., None])
    fall = scores[:, :-1] - scores[:, 1:]
    fall /= _ANCHOR_GAPS
    share = np.ones((*below.shape[:-1], len(_ANCHOR_GAPS)))
    share[..., :-1] = below
    share[..., 1:] -= below
    fall *= share
    return np.asarray(fall.sum(axis=1))


def attenuation(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1/√(1 + π·variance/8): how far an uncertain logit moves towards even odds."""
    return 1.0 / np.sqrt(1.0 + (np.pi / 8.0) * variance)


def message(
    scores: NDArray[np.float64], mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what score functions of θ say of λ where θ = mean + λ + noise of a variance.

    The score at λ is (θ̂(λ) − mean − λ)/variance with θ̂ the best θ for that λ.

    Parameters
    ----------
    scores
        float64, (n, n_anchors), not increasing along the anchors.
    mean, variance
        float64, (n,), logits and logits².

    Returns
    -------
    float64, (n, n_anchors), at the anchors, not increasing either.
    """
    told = np.empty_like(scores)
    for first in range(0, len(scores), MESSAGES_AT_ONCE):
        part = slice(first, first + MESSAGES_AT_ONCE)
        precision = 1.0 / variance[part, None]
        # By group, λ and anchor.
        center = mean[part, None] + ANCHORS
        slope = scores[part, None, :] + (center[:, :, None] - ANCHORS) * precision[:, :, None]
        best, _ = _zeros(slope.reshape(-1, len(ANCHORS)))
        told[part] = (best.reshape(center.shape) - center) * precision
    return told
