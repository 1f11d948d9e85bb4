"""What leads to a locked module is promised the gap that the whole way to it closes."""

import pytest
from academy import GREEDY, catalogue_of, event, module, needs, request, rng, scorer_of

from features.decide.decide import decide
from features.domain.catalogue import Prerequisite
from features.encode.catalogue import index_catalogue
from features.score.scorer import Scorer
from features.score.untrained import untrained_success


def at_least(skill: str, level: float) -> Prerequisite:
    return Prerequisite(requires_skill_id=skill, min_mastery=level, strength=1.0)


def gaps(answer) -> dict[str, float]:
    """Return the gap term of every candidate."""
    return dict(zip(answer.candidates.module_ids, answer.candidates.terms["gap"], strict=True))


def decided(catalogue, *events, **given):
    context = given.pop("context", {})
    return decide(
        request(*events, limit=3, **context), scorer_of(catalogue, **given), GREEDY, rng()
    )


def goal(*prerequisites: Prerequisite, **fields):
    fields = {"duration_minutes": 20, "prerequisites": prerequisites} | fields
    return module("goal", "sql", **fields)


def beside_a_short_one():
    """Return two modules that lead to one of twenty minutes, and another like it that is open."""
    return catalogue_of(
        module("first", "maths", duration_minutes=40),
        module("second", "maths", duration_minutes=20, prerequisites=(needs("first"),)),
        goal(needs("second")),
        module("short", "sql", duration_minutes=20),
        sql=0.6,
    )


def test_what_unlocks_a_module_that_closes_a_gap_comes_before_what_leads_nowhere():
    catalogue = catalogue_of(
        module("a-chess", "chess", duration_minutes=20),
        module("first", "maths", duration_minutes=20),
        goal(needs("first")),
        sql=0.6,
    )
    answer = decided(catalogue)
    assert [item.module_id for item in answer.items] == ["first", "a-chess"]
    assert gaps(answer) == {"first": 1.0, "a-chess": 0.0}


def test_the_words_say_why_it_comes_first():
    catalogue = catalogue_of(module("first", "maths"), goal(needs("first")), sql=0.6)
    item = decided(catalogue).items[0]
    assert item.closes == ()
    assert "gap_way" in [reason.code for reason in item.reasons]
    assert "It comes before what closes a gap of yours." in [each.text for each in item.reasons]


def test_a_long_way_promises_less_than_a_direct_one():
    found = gaps(decided(beside_a_short_one()))
    assert found["short"] == 1.0
    # Eighty minutes for what closes in twenty.
    assert found["first"] == pytest.approx(0.25)


def test_what_is_done_already_is_no_part_of_the_way():
    assert gaps(decided(beside_a_short_one(), event("first")))["second"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("fields", "context"),
    [
        ({"prerequisites": (needs("first"), needs("elsewhere"))}, {}),
        ({"active_from": request().now.replace(year=2030)}, {}),
        ({}, {"exclude": frozenset({"goal"})}),
    ],
)
def test_nothing_is_promised_for_what_stays_out_of_reach(fields, context):
    catalogue = catalogue_of(module("first", "maths"), goal(needs("first"), **fields), sql=0.6)
    assert gaps(decided(catalogue, context=context))["first"] == 0.0


def test_what_raises_a_skill_that_a_module_asks_for_is_on_the_way_to_it():
    catalogue = catalogue_of(
        module("sums", "maths", duration_minutes=20),
        module("a-chess", "chess", duration_minutes=20),
        goal(at_least("maths", 0.7)),
        module("short", "sql", duration_minutes=20),
        sql=0.6,
    )
    found = gaps(decided(catalogue, mastery={"maths": 0.3}, gain=0.2))
    # Two like it are needed: sixty minutes for what closes in twenty.
    assert found["sums"] == pytest.approx(1.0 / 3.0)
    assert found["a-chess"] == 0.0


def test_a_way_that_asks_for_a_skill_nothing_raises_promises_nothing():
    catalogue = catalogue_of(
        module("first", "chess"), goal(needs("first"), at_least("maths", 0.7)), sql=0.6, maths=0.0
    )
    assert gaps(decided(catalogue, mastery={"maths": 0.3}))["first"] == 0.0


@pytest.mark.parametrize("n_failed", [0, 4, 8])
def test_whoever_fails_everything_still_has_a_gap_to_close(n_failed):
    ladder = [module(f"m{k}", "sql", difficulty=k / 10) for k in range(1, 10)]
    catalogue = catalogue_of(*ladder, module("other", "chess", difficulty=0.3), sql=0.6)
    index = index_catalogue(catalogue)
    scorer = Scorer(
        index=index, version=None, affinity=None, success=untrained_success().bind(index.skills)
    )
    failed = [event("m1", "failed", days_ago=20 - k, success=False) for k in range(n_failed)]
    first = decide(request(*failed), scorer, GREEDY, rng()).items[0]
    assert first.contributions["gap"] > 0.0
    assert first.closes
