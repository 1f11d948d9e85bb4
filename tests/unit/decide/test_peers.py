from dataclasses import replace
from datetime import timedelta

import pytest
from academy import NOW
from hypothesis import given
from hypothesis import strategies as st

from features.decide.peers import (
    MOST_OFFERS,
    Helper,
    Seeker,
    choose_peers,
    in_turn,
    level_word,
    nobody,
)
from features.domain.history import Learner

ADA = Learner(learner_id="ada", language="nl", department="Law", location="Ghent", manager_id="eve")
SEEKER = Seeker(learner=ADA, skill_id="sql", skill_name="SQL", mastery=0.3, target=0.6)


def helper(name: str, mastery: float = 0.8, n_offers: int = 0, **fields) -> Helper:
    return Helper(
        learner=Learner(learner_id=name, mentor=True, language="nl", **fields),
        mastery=mastery,
        standard_error=0.1,
        n_offers=n_offers,
    )


def named(*helpers: Helper, limit: int = 10) -> list[str]:
    return [peer.learner_id for peer in choose_peers(SEEKER, helpers, NOW, limit)]


def test_only_those_surely_ahead_are_named():
    # .49 − .1 < .3 + .1 ≤ .51 − .1
    assert named(helper("bob", 0.49), helper("cy", 0.51)) == ["cy"]


def test_those_who_reach_the_target_lead_even_where_they_were_named_more():
    assert named(helper("bob", 0.65), helper("cy", 0.75, n_offers=3)) == ["cy", "bob"]


def test_of_two_alike_the_one_named_less_leads():
    assert named(helper("bob", n_offers=2), helper("cy", n_offers=1)) == ["cy", "bob"]


def test_who_shares_a_language_leads_even_where_they_were_named_more():
    stranger = helper("bob")
    stranger = replace(stranger, learner=replace(stranger.learner, language="fr"))
    assert named(stranger, helper("cy", n_offers=3)) == ["cy", "bob"]


def test_who_was_named_too_often_is_not_named():
    assert named(helper("bob", n_offers=MOST_OFFERS), helper("cy", n_offers=MOST_OFFERS - 1)) == [
        "cy"
    ]


def test_department_and_location_break_ties():
    near = helper("bob", department="Law", location="Ghent")
    half = helper("cy", department="Law", location="Bruges")
    far = helper("dee")
    assert named(far, half, near) == ["bob", "cy", "dee"]


def test_who_was_named_already_stays_however_often_they_are_named_to_others():
    before = replace(helper("zoe", n_offers=99), offered_at=NOW - timedelta(days=3))
    peers = choose_peers(SEEKER, [helper("bob"), before], NOW, 2)
    assert [peer.learner_id for peer in peers] == ["zoe", "bob"]
    assert [peer.offered_at for peer in peers] == [NOW - timedelta(days=3), NOW]


def test_who_was_named_already_goes_when_the_seeker_has_caught_up():
    before = replace(helper("zoe", 0.45), offered_at=NOW - timedelta(days=3))
    assert named(before) == []


def test_reasons_say_what_is_shared():
    bob = helper("bob", department="Law", location="Rome")
    (peer,) = choose_peers(SEEKER, [bob], NOW, 1)
    assert [reason.code for reason in peer.reasons] == [
        "reaches_target",
        "same_language",
        "same_department",
    ]
    assert "SQL" in peer.reasons[0].text
    (other,) = choose_peers(replace(SEEKER, target=None), [bob], NOW, 1)
    assert other.reasons[0].code == "ahead"


@pytest.mark.parametrize(
    ("level", "word"),
    [(0.0, "beginning"), (0.25, "beginning"), (0.5, "working"), (0.7, "advanced"), (1.0, "expert")],
)
def test_levels_are_told_in_words(level, word):
    assert level_word(level) == word


def test_an_empty_answer_says_why():
    busy, behind = helper("bob", n_offers=MOST_OFFERS), helper("cy", 0.3)
    assert nobody(SEEKER, [], anyone_willing=False).code == "nobody_willing"
    assert nobody(SEEKER, [behind], anyone_willing=True).code == "nobody_ahead"
    assert nobody(SEEKER, [behind, busy], anyone_willing=True).code == "all_named_often"


def test_neither_oneself_nor_ones_manager_nor_those_one_manages_take_a_turn():
    willing = [
        ADA,
        Learner(learner_id="eve"),
        Learner(learner_id="fay", manager_id="ada"),
        Learner(learner_id="gus", manager_id="eve"),
    ]
    assert [each.learner_id for each in in_turn(ADA, "sql", willing)] == ["gus"]


def test_those_of_another_language_come_last():
    willing = [Learner(learner_id=f"u{k}", language=("nl", "fr", None)[k % 3]) for k in range(30)]
    turn = in_turn(ADA, "sql", willing)
    assert [each.language for each in turn[20:]] == ["fr"] * 10
    assert "fr" not in {each.language for each in turn[:20]}


@given(st.permutations([f"u{k}" for k in range(8)]), st.sampled_from(["sql", "law"]))
def test_turns_do_not_depend_on_the_order_in_which_people_are_read(ids, skill_id):
    turn = in_turn(ADA, skill_id, [Learner(learner_id=each) for each in ids])
    assert turn == in_turn(ADA, skill_id, sorted(turn, key=lambda each: each.learner_id))


def test_nobody_comes_first_for_many_more_seekers_than_others():
    willing = [Learner(learner_id=f"u{k}") for k in range(10)]
    seekers = [Learner(learner_id=f"s{k}") for k in range(1000)]
    first = [in_turn(seeker, "sql", willing)[0].learner_id for seeker in seekers]
    # Each expects 100, with a standard deviation of 9.5.
    assert all(60 < first.count(each.learner_id) < 140 for each in willing)


def test_who_leaves_changes_nobody_elses_turn():
    willing = [Learner(learner_id=f"u{k}") for k in range(10)]
    turn = in_turn(ADA, "sql", willing)
    fewer = [each for each in willing if each.learner_id != "u4"]
    assert in_turn(ADA, "sql", fewer) == [each for each in turn if each.learner_id != "u4"]
