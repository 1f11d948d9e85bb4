"""A module in another version than the one done is offered again where it is required."""

from dataclasses import replace
from datetime import timedelta

import pytest
from academy import GREEDY, NOW, catalogue_of, event, module, needs, owes, request, rng, scorer_of

from features.decide.decide import decide

CHANGED = NOW - timedelta(days=5)


def changed(module_id: str, skill: str | None = None, **fields):
    return replace(module(module_id, skill, **fields), version="2", versioned_at=CHANGED)


def offered(module_, *interactions, **asked) -> dict[str, list[str]]:
    scorer = scorer_of(catalogue_of(module_, module("m2", "chess"), sql=0.2))
    answer = decide(request(*interactions, limit=5, **asked), scorer, GREEDY, rng())
    return {item.module_id: [reason.code for reason in item.reasons] for item in answer.items}


@pytest.mark.parametrize(
    ("module_", "asked"),
    [
        (changed("m1", mandatory=True), {}),
        (changed("m1"), {"assignments": [owes("m1")]}),
        (changed("m1", "sql"), {}),
    ],
    ids=["mandatory", "assigned", "asked for by the role"],
)
def test_what_is_required_comes_back_in_its_new_version_and_says_so(module_, asked) -> None:
    assert offered(module_, event("m1", days_ago=6), **asked)["m1"][0] == "updated"
    assert "m1" not in offered(module_, event("m1", days_ago=4), **asked)
    assert "m1" not in offered(module_, event("m1", days_ago=6), event("m1", days_ago=1), **asked)


def test_what_nobody_asks_for_does_not_come_back() -> None:
    assert "m1" not in offered(changed("m1", "chess"), event("m1", days_ago=6))


def test_a_module_without_another_version_before_does_not_come_back() -> None:
    same = replace(changed("m1", mandatory=True), versioned_at=None)
    assert "m1" not in offered(same, event("m1", days_ago=6))


def test_looking_at_the_new_version_does_not_make_it_done() -> None:
    seen = (event("m1", days_ago=6), event("m1", "viewed", days_ago=1))
    assert "m1" in offered(changed("m1", mandatory=True), *seen)


def test_done_in_an_old_version_is_done_for_what_comes_after_it() -> None:
    after = module("m3", prerequisites=(needs("m1"),))
    scorer = scorer_of(catalogue_of(changed("m1", mandatory=True), after))
    answer = decide(request(event("m1", days_ago=6), limit=5), scorer, GREEDY, rng())
    assert {item.module_id for item in answer.items} == {"m1", "m3"}
    assert answer.withheld == ()


def test_a_date_kept_with_the_old_version_does_not_press_again() -> None:
    scorer = scorer_of(catalogue_of(changed("m1")))
    old, new = (
        decide(
            request(event("m1", days_ago=9), assignments=[owes("m1", days)]), scorer, GREEDY, rng()
        ).items[0]
        for days in (-8, -1)
    )
    assert (old.tier, old.reasons[0].code) == (1, "updated")
    assert (new.tier, [reason.code for reason in new.reasons][:2]) == (0, ["overdue", "updated"])


def test_the_words_name_the_day_and_the_version() -> None:
    scorer = scorer_of(catalogue_of(changed("m1", mandatory=True)))
    answer = decide(request(event("m1", days_ago=9)), scorer, GREEDY, rng())
    text = "It has changed since you did it on 2026-02-21: this is version 2."
    assert answer.items[0].reasons[0].text == text
