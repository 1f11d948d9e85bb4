"""Who has opted out is served like anybody in their role, but for what they did and owe."""

from academy import catalogue_of, event, module, needs, owes, request, rng

from features.decide.impersonal import IMPERSONAL, decide_impersonally
from features.domain.history import Learner
from features.encode.catalogue import index_catalogue
from features.score.scorer import bind

OPTED_OUT = Learner(learner_id="ada", role_id="analyst", personalised=False)
SCORER = bind(
    index_catalogue(
        catalogue_of(
            *(module(f"m{k}", "sql", difficulty=k / 10) for k in range(6)),
            module("next", "sql", prerequisites=(needs("m0"),)),
            sql=0.8,
        )
    ),
    None,
)


def answer(*interactions, **fields):
    asked = request(*interactions, learner=OPTED_OUT, limit=9, **fields)
    return decide_impersonally(asked, SCORER, None, rng())


def scores(recommendation):
    return {item.module_id: item.score for item in recommendation.items}


def test_what_a_learner_did_says_what_is_left_and_not_how_it_ranks():
    newcomer = scores(answer())
    assert scores(answer(event("m4", "failed", score=0.0), event("m5", "viewed"))) == newcomer
    left = list(scores(answer(event("m1", "passed", score=1.0))))
    assert left == [name for name in newcomer if name != "m1"]


def test_what_is_done_opens_what_comes_after_it():
    assert "next" not in scores(answer())
    assert "next" in scores(answer(event("m0")))


def test_what_is_owed_still_leads():
    first = answer(assignments=[owes("m5", days=-1)]).items[0]
    assert (first.module_id, first.tier) == ("m5", 0)


def test_nothing_is_drawn_and_the_policy_says_what_it_is():
    given = answer()
    assert (given.policy_id, given.policy_version) == ("impersonal", "1")
    assert {item.propensity for item in given.items} == {1.0}
    assert sum(IMPERSONAL.weights.values()) == 1.0
