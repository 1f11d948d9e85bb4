"""Who enters the programme: a role, what they bring, what they like and how much time they have."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.academy.texts import Texts
from training.academy.world import FORMATS
from training.simulation.offer import Offer
from training.simulation.parameters import Entrants, Programme

# Formats liked together, in order of FORMATS: watchers, readers, doers, takers of courses.
TASTES = np.array(
    [
        [1.1, -0.3, -0.2, -0.6, 0.0, 0.0, 1.0, 0.0],
        [-0.4, 1.2, 0.1, -0.5, -0.4, 0.5, -0.3, 0.0],
        [-0.2, -0.5, -0.3, 0.9, 1.2, 0.3, -0.6, 0.0],
        [-0.1, 0.0, 1.1, 0.3, -0.2, 0.1, -0.4, 0.0],
    ]
)


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """One learner's traits.

    Attributes
    ----------
    learner_id, role_id
        Who.
    levels
        First level in every skill, in [0,1].
    rate
        Factor on what is learned.
    liking
        By format, in standard deviations.
    weekly_minutes, pace
        Time for learning, and time taken ÷ time stated.
    seed
        Of everything that happens to this learner, under every policy.
    """

    learner_id: str
    role_id: str
    levels: tuple[float, ...]
    rate: float
    liking: tuple[float, ...]
    weekly_minutes: float
    pace: float
    seed: int


def draw_entrants(
    n_learners: int,
    offer: Offer,
    texts: Texts,
    parameters: tuple[Entrants, Programme],
    rng: np.random.Generator,
) -> Sequence[Entrant]:
    """Draw learners, roles in proportion to the academy's staff.

    Parameters
    ----------
    n_learners
        How many.
    offer
        Gives skills and targets.
    texts
        Gives the shares of roles.
    parameters
        What learners bring, and how much time there is.
    rng
        Source of randomness.
    """
    traits, programme = parameters
    jobs = [role for role in texts.roles if role.share > 0]
    shares = np.array([role.share for role in jobs])
    roles = rng.choice(len(jobs), size=n_learners, p=shares / shares.sum())
    return [
        _draw(f"S{number:05d}", jobs[role].role_id, offer, traits, programme, rng)
        for number, role in enumerate(roles)
    ]


def _draw(
    learner_id: str,
    role_id: str,
    offer: Offer,
    traits: Entrants,
    programme: Programme,
    rng: np.random.Generator,
) -> Entrant:
    n_skills = len(offer.index.skill_ids)
    levels = rng.uniform(0.0, traits.other_level, n_skills)
    skills, targets = (np.array(column) for column in zip(*offer.targets[role_id], strict=True))
    share = rng.uniform(traits.least_share, traits.most_share)
    levels[skills] = targets * rng.normal(share, traits.skill_spread, len(skills))
    kind = TASTES[rng.integers(len(TASTES))]
    return Entrant(
        learner_id=learner_id,
        role_id=role_id,
        levels=tuple(np.clip(levels, 0.0, 0.95).tolist()),
        rate=float(rng.lognormal(0.0, traits.rate_spread)),
        liking=tuple((kind + rng.normal(0.0, traits.taste_spread, len(FORMATS))).tolist()),
        weekly_minutes=float(
            programme.weekly_minutes * rng.lognormal(0.0, programme.weekly_spread)
        ),
        pace=float(rng.lognormal(0.0, programme.pace_spread)),
        seed=int(rng.integers(2**62)),
    )
