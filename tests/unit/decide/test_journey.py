"""Pathways: what is done, open and locked, and what that does to recommendations."""

from dataclasses import replace

import numpy as np
import pytest
from academy import GREEDY, NOW, catalogue_of, event, module, owes, request, rng, scorer_of

from features.decide.case import open_case
from features.decide.decide import decide
from features.decide.progress import journey_of
from features.decide.projection import project
from features.domain.catalogue import EntryPoint, Milestone, Pathway, PathwayStep, Policy
from features.domain.history import Learner
from features.encode.learner import encode_learner


def step(step_id, *requires, modules=None, **fields) -> PathwayStep:
    return PathwayStep(step_id=step_id, any_of=modules or (step_id,), requires=requires, **fields)


TO_ANALYST = Pathway(
    pathway_id="p",
    title="To analyst",
    goal={"role_id": "analyst"},
    steps=(
        step("a"),
        step("b", "a", milestone=Milestone(badge="half", title="Half way")),
        step("c", "b", modules=("c", "d")),
        step("e", "a", optional=True),
    ),
)


def scorer_with(*pathways: Pathway):
    modules = tuple(module(name, "sql") for name in "abcdef")
    return scorer_of(replace(catalogue_of(*modules, sql=0.9), pathways=pathways))


def on(pathway: Pathway, *interactions, **asked):
    (progress,) = journey_of(request(*interactions, **asked), scorer_with(pathway))
    return progress


def names(steps) -> list[str]:
    return [each.step_id for each in steps]


def offered(pathway: Pathway, *interactions, **asked) -> list[str]:
    answer = decide(request(*interactions, limit=9, **asked), scorer_with(pathway), GREEDY, rng())
    return [item.module_id for item in answer.items]


def test_a_pathway_begins_with_the_steps_that_require_nothing():
    progress = on(TO_ANALYST)
    assert names(progress.next) == ["a"]
    assert names(progress.locked) == ["b", "c", "e"]
    assert (progress.n_core, progress.n_core_done, progress.is_complete) == (3, 0, False)


def test_a_done_step_opens_those_that_require_it():
    progress = on(TO_ANALYST, event("a"))
    assert names(progress.done) == ["a"]
    assert names(progress.next) == ["b", "e"]
    assert names(progress.locked) == ["c"]
    assert progress.locked[0].needs == ("b",)
    assert progress.locked[0].text == "It opens when About b is done."


def test_any_module_of_a_step_does_it():
    progress = on(TO_ANALYST, event("a"), event("b"), event("d", "waived"))
    assert progress.is_complete
    assert (progress.done[2].module_id, progress.done[2].waived) == ("d", True)


def test_a_milestone_is_earned_when_its_step_is_first_done():
    progress = on(
        TO_ANALYST, event("a", days_ago=9), event("b", days_ago=4), event("b", days_ago=1)
    )
    (milestone,) = progress.milestones
    assert milestone.badge == "half"
    assert (NOW - milestone.earned_at).days == 4


def test_modules_of_locked_steps_are_withheld_and_say_what_opens_them():
    assert set(offered(TO_ANALYST)) == {"a", "f"}
    answer = decide(request(limit=9), scorer_with(TO_ANALYST), GREEDY, rng())
    withheld = {each.module_id: each for each in answer.withheld}["b"]
    assert (withheld.code, withheld.needs) == ("pathway_step", ("a",))
    assert withheld.text == "In To analyst it asks for About a to be done first."


def test_what_is_owed_is_not_held_back_by_a_pathway():
    assert "b" in offered(TO_ANALYST, assignments=[owes("b")])


def test_completing_the_step_opens_what_was_withheld():
    assert "b" in offered(TO_ANALYST, event("a"))


def test_core_steps_come_before_optional_ones():
    policy = Policy(weights={"continuity": 1.0}, exploration=0.0, diversity=0.0)
    modules = tuple(module(name, name) for name in "abcdef")
    scorer = scorer_of(replace(catalogue_of(*modules), pathways=(TO_ANALYST,)))
    answer = decide(request(event("a"), limit=3), scorer, policy, rng())
    contributions = {item.module_id: item.contributions["continuity"] for item in answer.items}
    assert contributions["b"] == 1.0
    assert contributions["e"] == 0.5
    reasons = {item.module_id: item.reasons[0] for item in answer.items}
    assert reasons["b"].text == "It is your next step in To analyst."
    assert reasons["e"].code == "continuity_extra"


def test_other_peoples_pathways_hold_nothing_back():
    other = replace(TO_ANALYST, goal={"role_id": "chief"})
    assert set(offered(other)) == set("abcdef")
    assert journey_of(request(), scorer_with(other)) == ()


def test_a_career_goal_leads_before_the_present_role():
    other = replace(TO_ANALYST, pathway_id="q", goal={"role_id": "chief"})
    scorer = scorer_with(TO_ANALYST, other)
    learner = Learner(learner_id="ada", role_id="analyst", goal_role_id="chief")
    assert [p.pathway_id for p in journey_of(request(learner=learner), scorer)] == ["q"]


def test_a_certificate_is_followed_once_begun():
    other = replace(TO_ANALYST, goal={"certificate": "Expert"})
    assert journey_of(request(), scorer_with(other)) == ()
    assert on(other, event("a", "started")).next[0].step_id == "a"


def test_a_threshold_locks_and_says_its_condition():
    steps = (step("a"), step("b", "a", when='scores["a"] >= 0.8'))
    pathway = replace(TO_ANALYST, steps=steps)
    low = on(pathway, event("a", "passed", score=0.6))
    assert low.locked[0].when == 'scores["a"] >= 0.8'
    assert low.locked[0].text == 'It opens when scores["a"] >= 0.8 holds.'
    assert names(on(pathway, event("a", "passed", score=0.9)).next) == ["b"]


def test_a_rating_is_no_score_that_opens_a_step():
    steps = (step("a"), step("b", "a", when='scores["a"] >= 0.8'))
    pathway = replace(TO_ANALYST, steps=steps)
    rated = on(pathway, event("a", "passed", score=0.6), event("a", "rated", score=1.0))
    assert names(rated.locked) == ["b"]


def test_a_module_that_would_have_to_be_done_to_open_itself_is_not_said_to_be_withheld():
    steps = (step("a", modules=("b",), when='scores["c"] >= 0.8'), step("b", "a"))
    pathway = replace(TO_ANALYST, steps=steps)
    answer = decide(request(limit=9), scorer_with(pathway), GREEDY, rng())
    assert "b" not in [item.module_id for item in answer.items]
    assert answer.withheld == ()


def test_a_branch_for_others_is_no_part_of_the_pathway():
    steps = (
        step("a"),
        step("b", "a", when='learner.department == "Sales"'),
        step("c", "a", when='learner.department == "Care"'),
        step("d", "b", "c"),
    )
    pathway = replace(TO_ANALYST, steps=steps)
    seller = Learner(learner_id="ada", role_id="analyst", department="Sales")
    progress = on(pathway, event("a"), event("b"), learner=seller)
    assert names(progress.next) == ["d"]
    assert progress.n_core == 3
    assert {each.step_id: each.state for each in progress.done}["c"] == "not_for_you"


def test_an_entry_point_passes_over_what_comes_before_it():
    entries = (
        EntryPoint(step_id="a"),
        EntryPoint(step_id="c", when='learner.department == "Sales"'),
    )
    pathway = replace(TO_ANALYST, entry_points=entries)
    seller = Learner(learner_id="ada", role_id="analyst", department="Sales")
    progress = on(pathway, learner=seller)
    assert progress.entered_at == ("a", "c")
    assert names(progress.next) == ["c", "e"]
    assert [each.state for each in progress.done] == ["passed_over", "passed_over"]
    assert names(on(pathway).next) == ["a"]


@pytest.mark.parametrize("n_done", [0, 3])
def test_a_projection_grows_with_what_is_left(n_done):
    arrays = encode_learner(
        request(*(event(name, days_ago=20) for name in "abc"[:n_done])).history,
        scorer_with().index,
    )
    now = NOW.timestamp()
    few, many = project(arrays, [0.8], now), project(arrays, [0.8] * 5, now)
    assert 0 < few.low_days < few.median_days < few.high_days
    assert few.median_days < many.median_days
    assert project(arrays, [0.2] * 5, now).median_days > many.median_days
    assert project(arrays, [], now).median_days == 0.0


def test_the_waiting_time_is_that_of_the_gamma_poisson_model():
    arrays = encode_learner(request().history, scorer_with().index)
    found = project(arrays, [1.0], NOW.timestamp())
    # One event, Gamma(2, 14): P(T > t) = (14 / (14 + t))²
    assert found.median_days == pytest.approx(14 * (np.sqrt(2) - 1))
    assert found.high_days == pytest.approx(14 * (np.sqrt(10) - 1))


def test_a_pace_is_that_of_the_last_half_year():
    index, now = scorer_with().index, NOW.timestamp()
    recent = [event(name, days_ago=180 - k) for k, name in enumerate("ab")]
    old = event("f", days_ago=1_800)
    times = [
        project(encode_learner(request(*did).history, index), [1.0] * 3, now).median_days
        for did in (recent, [old, *recent])
    ]
    assert times[1] == pytest.approx(times[0])


def test_a_faster_learner_is_projected_sooner():
    slow = request(event("a", days_ago=100))
    fast = request(*(event(name, days_ago=100 - k) for k, name in enumerate("abcdef")))
    index = scorer_with().index
    times = [
        project(encode_learner(r.history, index), [1.0] * 3, NOW.timestamp()).median_days
        for r in (slow, fast)
    ]
    assert times[1] < times[0]


def test_a_core_step_of_one_pathway_stays_one_beside_an_optional_step_of_another():
    extra = replace(TO_ANALYST, pathway_id="q", steps=(step("a", optional=True),))
    case = open_case(request(), scorer_with(TO_ANALYST, extra), GREEDY)
    assert case.journey.released == {case.index.module_ids.index_of["a"]: 1.0}


def test_a_case_holds_the_journey():
    case = open_case(request(event("a")), scorer_with(TO_ANALYST), GREEDY)
    released = {
        name: case.journey.released.get(row, 0.0)
        for name, row in case.index.module_ids.index_of.items()
    }
    assert released == {"a": 0.0, "b": 1.0, "c": 0.0, "d": 0.0, "e": 0.5, "f": 0.0}
