"""Pre-assessment: which question to ask next, what the answers say, and when to stop.

Abilities in the assessed skills have one joint normal prior; skills that precede one another go
together, so an answer about one says something about its neighbours. Answers follow the Rasch
model. The next question is the one that should leave the least doubt in the skills that are not
settled yet; for a single skill that is the question of greatest information where ability is
thought to lie.

References
----------
Rasch, G. (1960). Probabilistic models for some intelligence and attainment tests.
Segall, D. (1996). Multidimensional adaptive testing (the joint normal prior, posterior mode).
van der Linden, W. (1999). Multidimensional adaptive testing with a minimum error-variance
criterion (the choice of the question: the trace of the posterior covariance).
Dodd, B. (1990). The effect of item selection procedure and stepsize on computerized adaptive
attitude measurement using the rating scale model.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import sigmoid

N_STEPS = 25
SETTLED = 1e-8
LONGEST_STEP = 2.0
LARGEST_SHARE = 0.9
WIDE = 8.0  # logits²: a belief so wide counts for half of where the next question aims


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Questions over k assessed skills.

    Attributes
    ----------
    loading
        float64, (n_questions, k), rows sum to 1: what a question is about.
    difficulty
        float64, (n_questions,), logits: half of those whose ability equals it succeed.
    """

    loading: NDArray[np.float64]
    difficulty: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What is believed of abilities: mean, (k,), logits, and covariance, (k, k), logits²."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def standard_error(self) -> NDArray[np.float64]:
        """float64, (k,), logits."""
        return np.sqrt(np.diag(self.covariance))


def prior_belief(
    mean: NDArray[np.float64],
    standard_error: NDArray[np.float64],
    common_share: float,
    precedes: NDArray[np.float64],
) -> Belief:
    """Return what is believed before the first question.

    Parameters
    ----------
    mean, standard_error
        float64, (k,), logits, of what the learner showed so far.
    common_share
        In [0,1]: how much of the variance of ability is common to all skills of a learner.
    precedes
        float64, (k, k), in [0,1]: strength with which the row's skill precedes the column's.
    """
    linked = np.maximum(precedes, precedes.T)
    np.fill_diagonal(linked, 0.0)
    # Rows that sum to less than 1 keep the matrix positive definite (Gershgorin).
    linked *= LARGEST_SHARE / max(float(linked.sum(axis=1).max(initial=0.0)), 1.0)
    own = np.eye(len(mean)) + linked
    correlation = common_share + (1.0 - common_share) * own
    return Belief(
        mean=mean.astype(np.float64),
        covariance=correlation * np.outer(standard_error, standard_error),
    )


def update(
    prior: Belief, bank: Bank, asked: NDArray[np.int64], success: NDArray[np.float64]
) -> Belief:
    """Return the posterior mode and its covariance (Laplace) after some answers.

    Parameters
    ----------
    prior
        Before any of the answers.
    bank
        The questions.
    asked
        int64, (n,), positions in the bank.
    success
        float64, (n,), in [0,1]: 1 right, 0 wrong, between them a score.
    """
    loading, difficulty = bank.loading[asked], bank.difficulty[asked]
    precision = np.linalg.inv(prior.covariance)
    ability = prior.mean.copy()
    for _ in range(N_STEPS):
        p = sigmoid(loading @ ability - difficulty)
        gradient = loading.T @ (success - p) - precision @ (ability - prior.mean)
        curvature = precision + (loading.T * (p * (1.0 - p))) @ loading
        step = np.clip(np.linalg.solve(curvature, gradient), -LONGEST_STEP, LONGEST_STEP)
        ability += step
        if np.abs(step).max(initial=0.0) < SETTLED:
            break
    p = sigmoid(loading @ ability - difficulty)
    curvature = precision + (loading.T * (p * (1.0 - p))) @ loading
    return Belief(mean=ability, covariance=np.linalg.inv(curvature))


def next_question(
    belief: Belief, bank: Bank, is_open: NDArray[np.bool_], goal: float
) -> int | None:
    """Return the question that should leave the least doubt, None where nothing is left to settle.

    Parameters
    ----------
    belief
        After the answers so far.
    bank, is_open
        Questions, and which may be asked, bool, (n_questions,).
    goal
        Standard error in logits at which a skill is settled.
    """
    unsettled = belief.standard_error > goal
    if not unsettled.any():
        return None
    spread = bank.loading @ belief.covariance
    doubt = np.einsum("qk,qk->q", spread, bank.loading)
    p = sigmoid(_aim(belief, bank, doubt) - bank.difficulty)
    information = p * (1.0 - p)
    relief = (spread**2 @ unsettled) * information / (1.0 + information * doubt)
    relief = np.where(is_open, relief, -np.inf)
    best = int(np.argmax(relief)) if len(relief) else -1
    return best if best >= 0 and relief[best] > 0.0 else None


def _aim(belief: Belief, bank: Bank, doubt: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ability each question should suit, (n_questions,).

    After one answer a wide belief has its mode far out, where questions would tell nothing of most
    people; it is drawn towards the middle of the bank, as Dodd (1990) moves half-way only.
    """
    middle = bank.difficulty @ bank.loading / np.maximum(bank.loading.sum(axis=0), 1e-9)
    trust = WIDE / (WIDE + doubt)
    return np.asarray(bank.loading @ middle + trust * (bank.loading @ (belief.mean - middle)))
