"""What is reported of a policy, with intervals, and how policies differ on the same learners.

Time to competency is the restricted mean: the mean of min(T, horizon). Who never becomes competent,
whether still learning or gone, counts with the whole horizon; nobody is lost from sight, so that
the mean is that of the area under the share not yet competent, and no censoring is to be corrected.

References
----------
Royston, P., & Parmar, M. K. B. (2013). Restricted mean survival time: an alternative to the hazard
ratio. BMC Medical Research Methodology, 13.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.estimates import Estimate, mean_over_rows
from training.simulation.loop import Outcome
from training.simulation.parameters import Programme

FEWEST_SEEDS = 3  # with fewer, doubt comes from learners alone


@dataclass(frozen=True, kw_only=True)
class Results:
    """Outcomes of one policy; arrays are (n,), learners of all seeds in the same order everywhere.

    Attributes
    ----------
    values
        Measure → float64.
    seed
        int64: of each learner.
    """

    values: Mapping[str, NDArray[np.float64]]
    seed: NDArray[np.int64]


MEASURES = {
    "completed": "completed",
    "competent": "competent",
    "weeks_to_competency": "weeks to competency",
    "abandoned": "abandoned",
    "retained": "retained",
    "followed_up": "after 13 weeks",
    "minutes": "minutes",
    "modules": "modules",
}


def gather(by_seed: Mapping[int, Sequence[Outcome]], horizon_weeks: float) -> Results:
    """Turn outcomes into the values of every measure.

    Parameters
    ----------
    by_seed
        Outcomes by seed.
    horizon_weeks
        Weeks beyond which times do not count.
    """
    outcomes = [outcome for own in by_seed.values() for outcome in own]
    competent = np.array([outcome.competent_week for outcome in outcomes])
    return Results(
        values={
            "completed": np.isfinite([outcome.completed_week for outcome in outcomes]) * 1.0,
            "competent": np.isfinite(competent) * 1.0,
            "weeks_to_competency": np.minimum(competent, horizon_weeks),
            "abandoned": np.isfinite([outcome.left_week for outcome in outcomes]) * 1.0,
            "retained": np.array([outcome.retained for outcome in outcomes]),
            "followed_up": np.array([outcome.followed_up for outcome in outcomes]),
            "minutes": np.array([outcome.minutes for outcome in outcomes]),
            "modules": np.array([float(outcome.n_modules) for outcome in outcomes]),
        },
        seed=np.concatenate([np.full(len(own), seed) for seed, own in by_seed.items()]),
    )


def estimate(results: Results, measure: str) -> Estimate:
    """Estimate the mean of a measure.

    Learners of a seed share an offer and what the models were taught, so that seeds are the unit
    of doubt where there are `FEWEST_SEEDS`; with fewer, learners are.
    """
    return mean_over_rows(results.values[measure], _unit(results))


def difference(own: Results, rival: Results, measure: str) -> Estimate:
    """Estimate own − rival, paired by learner or seed."""
    return estimate(own, measure) - estimate(rival, measure)


def ratio(own: Results, rival: Results, measure: str) -> Estimate | None:
    """Estimate own ÷ rival − 1 by the delta method, paired; None where the rival's mean is 0."""
    mine, other = estimate(own, measure), estimate(rival, measure)
    if other.value == 0.0:
        return None
    quotient = mine.value / other.value
    return Estimate(
        value=quotient - 1.0,
        influence=(mine.influence - quotient * other.influence) / other.value,
    )


def _unit(results: Results) -> NDArray[np.int64]:
    if len(np.unique(results.seed)) >= FEWEST_SEEDS:
        return results.seed
    return np.arange(len(results.seed))


def shares_by_week(weeks: NDArray[np.float64], programme: Programme) -> NDArray[np.float64]:
    """Return the share for whom it had happened by each whole week, (n_weeks + 1,)."""
    return np.array([np.mean(weeks <= week) for week in range(programme.n_weeks + 1)])
