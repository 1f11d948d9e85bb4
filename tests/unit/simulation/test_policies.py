"""Rivals rank by one thing alone, through decide."""

from datetime import UTC, datetime

import numpy as np
import pytest

from features.domain.history import Event, Interaction, Learner, LearnerHistory
from features.score.scorer import bind
from training.academy.texts import read_texts
from training.simulation.loop import Asking
from training.simulation.offer import Offer, build_offer
from training.simulation.parameters import Content
from training.simulation.policies import BY_AFFINITY, Decider, OtherAffinity, by_curriculum

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROLE = "data-analyst"


@pytest.fixture(scope="module")
def offer() -> Offer:
    return build_offer(read_texts(), Content(), NOW, np.random.default_rng(1))


def history(offer: Offer, rows) -> LearnerHistory:
    events = tuple(
        Interaction(
            event_id=str(row),
            learner_id="ada",
            module_id=offer.index.module_ids.ids[row],
            event=Event.COMPLETED,
            at=NOW,
        )
        for row in rows
    )
    return LearnerHistory(learner=Learner(learner_id="ada", role_id=ROLE), interactions=events)


def choose(decider: Decider, known: LearnerHistory, barred=frozenset()) -> int | None:
    asking = Asking(history=known, barred=barred, now=NOW)
    return decider.choose_all([asking], [np.random.default_rng(0)])[0]


def test_the_fixed_sequence_is_followed_to_its_end_and_then_offers_nothing(offer):
    curriculum = offer.curricula[ROLE]
    scorer = by_curriculum(bind(offer.index, None), offer.curricula)
    decider = Decider(scorer, BY_AFFINITY, offer.curricula)
    done: list[int] = []
    while (row := choose(decider, history(offer, done))) is not None:
        done.append(row)
        assert row in curriculum
    assert set(done) == set(curriculum)
    assert done[:5] == list(curriculum[:5])


def test_what_is_barred_is_not_offered(offer):
    affinity = np.linspace(1.0, 0.0, len(offer.index.module_ids))
    scorer = OtherAffinity(scorer=bind(offer.index, None), affinity_of=lambda *_: [affinity])
    decider = Decider(scorer, BY_AFFINITY)
    first = choose(decider, history(offer, []))
    assert first is not None
    second = choose(decider, history(offer, []), frozenset({first}))
    assert second not in (None, first)
