"""What another policy would have led with, worked out from what was recorded."""

from dataclasses import replace

import pytest
from academy import GREEDY, rng
from drawn import Drawn, cases
from hypothesis import given

from features.decide.decide import decide
from features.decide.leading import leads_under
from features.domain.catalogue import Policy
from features.domain.recommendation import Candidates


@given(drawn=cases())
def test_the_policy_that_served_leads_as_it_was_recorded_to_do(drawn: Drawn) -> None:
    candidates = decide(drawn.request, drawn.scorer, drawn.policy, rng()).candidates
    found = leads_under(candidates, drawn.policy, drawn.request.context.limit)
    assert found.tolist() == pytest.approx(list(candidates.p_first))


LISTED = Candidates(
    module_ids=("owed", "liked", "close"),
    tier=(0, 1, 1),
    score=(0.1, 0.5, 0.4),
    p_first=(1.0, 0.0, 0.0),
    p_success=(0.75, 0.75, 0.45),
    ready=(1.0, 1.0, 0.5),
    terms={"affinity": (0.0, 1.0, 0.2), "gap": (0.0, 0.3, 1.0), "fit": (1.0, 1.0, 0.018)},
)


def without_tier_0(listed: Candidates) -> Candidates:
    return replace(listed, tier=(1, 1, 1))


@pytest.mark.parametrize(
    ("policy", "leader"),
    [
        ({"weights": {"affinity": 1.0}}, "liked"),
        # What is not ready loses half of it: .5 for the gap of `close`, .3 for that of `liked`.
        ({"weights": {"gap": 1.0}}, "close"),
        # Of two that fit alike the first by id leads, as it does in a slate.
        ({"weights": {"fit": 1.0}}, "liked"),
        # What fits hangs on the policy: aiming at .45, `close` fits wholly and the others hardly.
        ({"weights": {"fit": 1.0}, "p_target": 0.45}, "close"),
    ],
)
def test_other_weights_and_aims_lead_with_other_modules(policy, leader):
    found = leads_under(without_tier_0(LISTED), replace(GREEDY, **policy))
    assert dict(zip(LISTED.module_ids, found.tolist(), strict=True))[leader] == 1.0
    assert found.sum() == 1.0


def test_what_presses_leads_under_every_policy():
    exploring = Policy(weights={"affinity": 1.0}, exploration=1.0)
    assert leads_under(LISTED, exploring).tolist() == [1.0, 0.0, 0.0]


def test_nobody_leads_where_there_was_no_candidate():
    assert leads_under(Candidates(), GREEDY).tolist() == []
