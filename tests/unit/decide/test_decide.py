"""What decide promises, on catalogues small enough to check by hand."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from academy import (
    GREEDY,
    NOW,
    catalogue_of,
    event,
    module,
    needs,
    owes,
    request,
    rng,
    scorer_of,
)

from features.decide.decide import choose, decide, skill_standings
from features.domain.catalogue import Policy, Prerequisite, Role, RoleRequirement
from features.domain.history import Learner


def ids(recommendation):
    return [item.module_id for item in recommendation.items]


def withheld(recommendation):
    return {w.module_id: w for w in recommendation.withheld}


def test_contributions_sum_to_the_score_of_every_item():
    catalogue = catalogue_of(
        *(module(f"m{k}", "sql", difficulty=k / 10) for k in range(8)), sql=0.8
    )
    scorer = scorer_of(catalogue, affinity={"m3": 0.9}, p_success={"m5": 0.4})
    answer = decide(request(limit=8, available_minutes=10), scorer, Policy(), rng())
    assert len(answer.items) == 8
    for item in answer.items:
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-12)


def test_choosing_without_an_account_places_the_same_module_first():
    catalogue = catalogue_of(*(module(f"m{k}", "sql", difficulty=k / 10) for k in range(8)))
    scorer, torn = scorer_of(catalogue), Policy(exploration=1.0)
    for seed in range(5):
        answer = decide(request(), scorer, torn, np.random.default_rng(seed))
        row = choose(request(), scorer, torn, np.random.default_rng(seed))
        assert scorer.index.module_ids.ids[row] == answer.items[0].module_id
    nothing = request(event("m1"))
    assert choose(nothing, scorer_of(catalogue_of(module("m1"))), GREEDY, rng()) is None


def test_completed_modules_are_never_recommended():
    scorer = scorer_of(catalogue_of(module("m1"), module("m2")))
    assert ids(decide(request(event("m1"), limit=5), scorer, GREEDY, rng())) == ["m2"]


def test_a_failed_module_stays_open_and_a_later_failure_does_not_undo_done():
    scorer = scorer_of(catalogue_of(module("m1"), module("m2")))
    failed = request(
        event("m1", "failed"), event("m2", days_ago=5), event("m2", "failed", 2), limit=5
    )
    assert ids(decide(failed, scorer, GREEDY, rng())) == ["m1"]


def test_a_hard_prerequisite_locks_and_the_lock_is_told():
    scorer = scorer_of(catalogue_of(module("m1"), module("m2", prerequisites=(needs("m1"),))))
    answer = decide(request(limit=5), scorer, GREEDY, rng())
    assert ids(answer) == ["m1"]
    assert answer.items[0].unlocks == ("m2",)
    assert withheld(answer)["m2"].needs == ("m1",)
    assert "About m1" in withheld(answer)["m2"].text


def test_a_module_with_two_missing_prerequisites_is_unlocked_by_neither():
    locked = module("m3", prerequisites=(needs("m1"), needs("m2")))
    scorer = scorer_of(catalogue_of(module("m1"), module("m2"), locked))
    answer = decide(request(limit=5), scorer, GREEDY, rng())
    assert [item.unlocks for item in answer.items] == [(), ()]


def test_a_prerequisite_outside_the_catalogue_can_never_be_met():
    scorer = scorer_of(catalogue_of(module("m1"), module("m2", prerequisites=(needs("gone"),))))
    answer = decide(request(event("m1"), limit=5), scorer, GREEDY, rng())
    assert ids(answer) == []
    assert withheld(answer)["m2"].needs == ("gone",)


def test_a_skill_prerequisite_opens_at_its_mastery():
    link = Prerequisite(requires_skill_id="sql", min_mastery=0.5)
    catalogue = catalogue_of(module("m1", prerequisites=(link,)), sql=0.8)
    low = decide(request(), scorer_of(catalogue, mastery={"sql": 0.49}), GREEDY, rng())
    high = decide(request(), scorer_of(catalogue, mastery={"sql": 0.5}), GREEDY, rng())
    assert ids(low) == []
    assert withheld(low)["m1"].code == "skill_prerequisite"
    assert ids(high) == ["m1"]


@pytest.mark.parametrize(("p_success", "ready"), [(0.0, 0.6), (0.75, 0.9), (1.0, 1.0)])
def test_a_soft_prerequisite_takes_away_as_far_as_the_learner_would_fail_in_it(p_success, ready):
    catalogue = catalogue_of(module("m1"), module("m2", prerequisites=(needs("m1", 0.4),)))
    scorer = scorer_of(catalogue, p_success={"m1": p_success})
    by_affinity = replace(GREEDY, weights={"affinity": 1.0})
    answer = decide(request(limit=2), scorer, by_affinity, rng())
    scores = {item.module_id: item.score for item in answer.items}
    assert scores["m2"] == pytest.approx(ready * scores["m1"])


def test_a_soft_prerequisite_outside_the_catalogue_takes_nothing_away():
    catalogue = catalogue_of(module("m1"), module("m2", prerequisites=(needs("elsewhere", 0.5),)))
    by_affinity = replace(GREEDY, weights={"affinity": 1.0})
    scorer = scorer_of(catalogue, p_success={"m1": 0.0, "m2": 0.0})
    answer = decide(request(limit=2), scorer, by_affinity, rng())
    assert [item.score for item in answer.items] == [0.5, 0.5]


def test_questions_inactive_other_language_and_uncovered_needs_are_not_eligible():
    tomorrow, captions = NOW + timedelta(days=1), frozenset({"captions"})
    catalogue = catalogue_of(
        # One thing alone is wrong with each of these, but for the silent one of tomorrow.
        module("question", kind="question", accessibility=captions),
        module("later", active_from=tomorrow, accessibility=captions),
        module("retired", active_until=NOW, accessibility=captions),
        module("german", language="de-AT", accessibility=captions),
        module("silent", language="en"),
        module("silent later", active_from=tomorrow),
        module("captioned", language="en-GB", accessibility=captions),
        module("anywhere", accessibility=captions | {"transcript"}),
        module("ending", active_until=NOW + timedelta(seconds=1), accessibility=captions),
        module("beginning", active_from=NOW, accessibility=captions),
    )
    learner = Learner(learner_id="ada", language="en", needs=captions)
    answer = decide(request(learner=learner, limit=9), scorer_of(catalogue), GREEDY, rng())
    assert sorted(ids(answer)) == ["anywhere", "beginning", "captioned", "ending"]
    assert [(w.module_id, w.code) for w in answer.withheld] == [("later", "not_yet_active")]


def test_without_a_language_of_their_own_learners_keep_to_those_of_what_they_have_done():
    catalogue = catalogue_of(
        module("m1", language="en"), module("m2", language="es"), module("m3", language="en-GB")
    )
    fresh = decide(request(limit=5), scorer_of(catalogue), GREEDY, rng())
    later = decide(request(event("m1"), limit=5), scorer_of(catalogue), GREEDY, rng())
    assert ids(fresh) == ["m1", "m2", "m3"]
    assert ids(later) == ["m3"]


def test_asked_formats_and_exclusions_are_kept():
    catalogue = catalogue_of(
        module("m1", format="video"), module("m2", format="article"), module("m3", format="video")
    )
    asked = request(limit=5, formats=frozenset({"video"}), exclude=frozenset({"m3"}))
    assert ids(decide(asked, scorer_of(catalogue), GREEDY, rng())) == ["m1"]


def test_an_overdue_assignment_leads_with_its_reason_whatever_its_score():
    catalogue = catalogue_of(module("m1", "sql"), module("m2"), sql=0.9)
    asked = request(assignments=[owes("m2", days=-1)], limit=2)
    answer = decide(asked, scorer_of(catalogue, affinity={"m2": 0.0}), Policy(exploration=1), rng())
    assert ids(answer) == ["m2", "m1"]
    assert answer.items[0].tier == 0
    assert answer.items[0].reasons[0].code == "overdue"
    assert answer.items[0].propensity == 1.0


def test_a_date_presses_once_waiting_one_session_would_break_it():
    catalogue = catalogue_of(module("m1", duration_minutes=60))
    tiers = [
        decide(request(assignments=[owes("m1", days)]), scorer_of(catalogue), GREEDY, rng())
        .items[0]
        .tier
        for days in (3.0, 3.1)
    ]
    assert tiers == [0, 1]


def test_a_faded_required_skill_brings_its_done_module_back_after_the_cooldown():
    catalogue = catalogue_of(module("m1", "sql"), sql=0.8)
    faded = scorer_of(catalogue, mastery={"sql": 0.5}, mastery_shown={"sql": 0.8})
    kept = scorer_of(catalogue, mastery={"sql": 0.8})
    never_faded = scorer_of(catalogue, mastery={"sql": 0.5}, mastery_shown={"sql": 0.505})
    old, recent = request(event("m1", days_ago=31)), request(event("m1", days_ago=29))
    assert ids(decide(old, faded, GREEDY, rng())) == ["m1"]
    reason = decide(old, faded, GREEDY, rng()).items[0].reasons[0]
    assert reason.code == "refresher"
    assert "faded from 0.80 to 0.50, and 0.80 is asked for" in reason.text
    assert ids(decide(old, kept, GREEDY, rng())) == []
    assert ids(decide(old, never_faded, GREEDY, rng())) == []
    assert ids(decide(recent, faded, GREEDY, rng())) == []


def test_a_faded_skill_that_no_role_or_goal_asks_for_brings_nothing_back():
    catalogue = catalogue_of(module("m1", "chess"), sql=0.8)
    scorer = scorer_of(catalogue, mastery={"chess": 0.1}, mastery_shown={"chess": 0.9})
    assert ids(decide(request(event("m1", days_ago=400)), scorer, GREEDY, rng())) == []


def test_the_gap_term_is_per_hour_and_relative_to_the_best_eligible():
    catalogue = catalogue_of(
        module("short", "sql", duration_minutes=30),
        module("long", "sql", duration_minutes=120),
        sql=0.8,
    )
    only_gap = replace(GREEDY, weights={"gap": 1.0})
    answer = decide(request(limit=2), scorer_of(catalogue), only_gap, rng())
    assert [(i.module_id, i.score) for i in answer.items] == [
        ("short", pytest.approx(1.0)),
        ("long", pytest.approx(0.25)),
    ]


def test_the_gap_term_counts_what_mastery_may_be():
    catalogue = catalogue_of(module("m1", "sql"), module("m2", "chess"), sql=0.5, chess=0.5)
    only_gap = replace(GREEDY, weights={"gap": 1.0})
    # .1 is the standard error of both; m1 leads from .4 to .6, m2 from .5 to .7.
    scorer = scorer_of(catalogue, mastery={"sql": 0.4, "chess": 0.5})
    terms = decide(request(limit=2), scorer, only_gap, rng()).candidates.terms["gap"]
    # E(X)⁺ of N(μ, .1²) is .1·(φ(z) + z·Φ(z)), z = μ/.1: .10833 at 1, .03989 at 0,
    # .00833 at −1 and .00085 at −2.
    first, second = 0.10833 - 0.00833, 0.03989 - 0.00085
    assert terms == pytest.approx((1.0, second / first), abs=1e-3)


def test_every_failure_at_a_module_takes_part_of_its_promise():
    catalogue = catalogue_of(module("m1", "sql"), module("m2", "sql"), sql=0.8)
    asked = request(event("m2", "failed", days_ago=2), event("m2", "failed", days_ago=1))
    candidates = decide(asked, scorer_of(catalogue), GREEDY, rng()).candidates
    terms = dict(zip(candidates.module_ids, candidates.terms["gap"], strict=True))
    assert terms == {"m1": 1.0, "m2": pytest.approx(0.36)}


def test_a_refresher_closes_no_more_than_what_has_faded():
    catalogue = catalogue_of(module("m1", "sql"), module("m2", "sql"), sql=0.9)
    scorer = scorer_of(catalogue, mastery={"sql": 0.4}, mastery_shown={"sql": 0.5})
    candidates = decide(request(event("m1", days_ago=90)), scorer, GREEDY, rng()).candidates
    terms = dict(zip(candidates.module_ids, candidates.terms["gap"], strict=True))
    assert terms["m2"] == 1.0
    assert terms["m1"] == pytest.approx(0.5, abs=1e-3)


def test_closes_tells_mastery_expectation_and_target_of_required_skills_only():
    catalogue = catalogue_of(module("m1", "sql"), module("m2", "chess"), sql=0.8)
    answer = decide(request(limit=2), scorer_of(catalogue, mastery={"sql": 0.4}), GREEDY, rng())
    closes = {item.module_id: item.closes for item in answer.items}
    assert closes["m2"] == ()
    (closing,) = closes["m1"]
    assert (closing.skill_id, closing.target) == ("sql", 0.8)
    assert closing.mastery == pytest.approx(0.4)
    assert closing.expected_mastery == pytest.approx(0.6)


@pytest.mark.parametrize(("share", "codes"), [(0.1, ["gap"]), (0.2, ["gap", "affinity"])])
def test_a_contribution_is_a_reason_where_it_makes_a_good_part_of_the_score(share, codes):
    catalogue = catalogue_of(module("m1", "sql"), sql=0.8)
    policy = replace(GREEDY, weights={"gap": 1.0 - share, "affinity": share})
    answer = decide(request(), scorer_of(catalogue, affinity={"m1": 1.0}), policy, rng())
    assert [reason.code for reason in answer.items[0].reasons] == codes


def test_fit_is_one_at_the_target_and_falls_as_the_bell_says():
    catalogue = catalogue_of(module("m1"), module("m2"))
    only_fit = replace(GREEDY, weights={"fit": 1.0})
    scorer = scorer_of(catalogue, p_success={"m1": 0.75, "m2": 0.60})
    answer = decide(request(limit=2), scorer, only_fit, rng())
    assert [item.score for item in answer.items] == pytest.approx([1.0, 0.36787944117144233])


def test_a_goal_in_the_request_stands_in_for_the_learners_own():
    catalogue = catalogue_of(module("m1", "sql"), sql=0.8)
    learner = Learner(learner_id="new")
    without = decide(request(learner=learner), scorer_of(catalogue), GREEDY, rng())
    asked = request(learner=learner, goal_role_id="analyst")
    with_goal = decide(asked, scorer_of(catalogue), GREEDY, rng())
    assert without.items[0].closes == ()
    assert with_goal.items[0].closes[0].skill_id == "sql"


def test_a_learner_without_history_is_told_what_the_affinity_rests_on():
    scorer = scorer_of(catalogue_of(module("m1")), affinity={"m1": 1.0}, affinity_basis="role")
    answer = decide(request(), scorer, replace(GREEDY, weights={"affinity": 1.0}), rng())
    assert [reason.code for reason in answer.items[0].reasons] == ["affinity_role"]


def test_a_module_the_snapshot_does_not_know_is_not_said_to_be_what_others_took():
    scorer = scorer_of(catalogue_of(module("m1")), affinity={"m1": 0.8}, new=frozenset({"m1"}))
    answer = decide(request(), scorer, replace(GREEDY, weights={"affinity": 1.0}), rng())
    assert [reason.code for reason in answer.items[0].reasons] == ["affinity_new"]


def test_a_module_whose_score_is_zero_still_says_why_it_is_there():
    scorer = scorer_of(catalogue_of(module("m1")))
    answer = decide(request(), scorer, replace(GREEDY, weights={"boost": 1.0}), rng())
    assert [reason.code for reason in answer.items[0].reasons] == ["open"]


def test_an_empty_catalogue_gives_an_empty_answer():
    answer = decide(request(), scorer_of(catalogue_of()), Policy(), rng())
    assert answer.items == ()
    assert answer.withheld == ()


def test_what_is_under_way_is_carried_on():
    catalogue = catalogue_of(module("m1"), module("m2"))
    answer = decide(request(event("m2", "started")), scorer_of(catalogue), GREEDY, rng())
    assert answer.items[0].module_id == "m2"
    assert "continuity_under_way" in [reason.code for reason in answer.items[0].reasons]


def test_candidates_give_back_every_score_from_terms_and_weights():
    catalogue = catalogue_of(*(module(f"m{k}", "sql") for k in range(4)), sql=0.8)
    policy = Policy()
    candidates = decide(request(), scorer_of(catalogue), policy, rng()).candidates
    assert len(candidates.module_ids) == 4
    for k, score in enumerate(candidates.score):
        rebuilt = sum(policy.weights[term] * candidates.terms[term][k] for term in policy.weights)
        assert candidates.ready[k] * rebuilt == pytest.approx(score, abs=1e-12)
    assert sum(candidates.p_first) == pytest.approx(1.0)


def test_standings_report_gap_only_where_something_is_asked():
    catalogue = catalogue_of(module("m1", "chess"), sql=0.8)
    standings = {s.skill_id: s for s in skill_standings(request(), scorer_of(catalogue))}
    assert standings["chess"].target is None
    assert standings["chess"].gap is None
    assert standings["chess"].p_gap is None
    assert standings["chess"].asked_by is None
    assert standings["sql"].gap == pytest.approx(0.5)
    assert standings["sql"].last_evidence_at is None


def with_goal(catalogue, **targets):
    requirements = tuple(RoleRequirement(skill_id=s, target=t) for s, t in targets.items())
    chief = Role(role_id="chief", name="Chief Analyst", requirements=requirements)
    return replace(catalogue, roles=(*catalogue.roles, chief))


@pytest.mark.parametrize(
    ("mastery", "p_gap"), [(0.8, 0.5), (0.7, 0.841344746), (0.95, 0.0668072013)]
)
def test_a_gap_is_as_probable_as_the_level_is_uncertain(mastery, p_gap):
    scorer = scorer_of(catalogue_of(module("m1", "sql"), sql=0.8), mastery={"sql": mastery})
    assert skill_standings(request(), scorer)[0].p_gap == pytest.approx(p_gap)


def test_standings_say_whether_role_or_goal_sets_the_target():
    catalogue = with_goal(catalogue_of(sql=0.8, chess=0.5), sql=0.6, chess=0.9, law=0.4)
    learner = Learner(learner_id="ada", role_id="analyst", goal_role_id="chief")
    standings = skill_standings(request(learner=learner), scorer_of(catalogue))
    assert {s.skill_id: (s.target, s.asked_by) for s in standings} == {
        "chess": (0.9, "goal"),
        "law": (0.4, "goal"),
        "sql": (0.8, "role"),
    }


def test_a_gap_that_only_the_goal_opens_is_told_by_the_goals_name():
    modules = (module("m1", "sql"), module("m2", "law"))
    catalogue = with_goal(catalogue_of(*modules, sql=0.8), sql=0.8, law=0.9)
    answer = decide(request(goal_role_id="chief", limit=2), scorer_of(catalogue), GREEDY, rng())
    codes = {item.module_id: item.reasons[0] for item in answer.items}
    assert codes["m1"].code == "gap"
    assert codes["m2"].code == "gap_goal"
    assert codes["m2"].text == (
        "It should take your Law from 0.30 to 0.50 of the 0.90 that your goal, Chief Analyst, "
        "asks for."
    )
