"""One offer and one learner, as the tests of a passage use them."""

from datetime import UTC, datetime

import numpy as np

from training.academy.texts import read_texts
from training.simulation.entrants import Entrant
from training.simulation.loop import Rules
from training.simulation.offer import build_offer
from training.simulation.parameters import Content, Programme, Staying

STARTS_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
ROLE = "accountant"


def open_rules() -> Rules:
    offer = build_offer(read_texts(), Content(), STARTS_AT, np.random.default_rng(1))
    return Rules(offer=offer, programme=Programme(), staying=Staying(), starts_at=STARTS_AT)


def entrant(rules: Rules, level: float, **fields) -> Entrant:
    known = {
        "learner_id": "ada",
        "role_id": ROLE,
        "levels": (level,) * len(rules.offer.index.skill_ids),
        "rate": 1.0,
        "liking": (0.0,) * 8,
        "weekly_minutes": 60.0,
        "pace": 1.0,
        "seed": 7,
    }
    return Entrant(**known | fields)
