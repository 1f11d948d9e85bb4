"""Rules: what they assign, require, exclude and boost, and who prevails."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from academy import GREEDY, NOW, catalogue_of, event, module, owes, request, rng, scorer_of

from features.decide.conditions import Mentions
from features.decide.decide import decide
from features.decide.facts import Subject, facts_of
from features.domain.catalogue import DEFAULT_WEIGHTS, Policy, Rule
from features.domain.history import Evidence, Learner, LearnerHistory
from features.encode.catalogue import index_catalogue
from features.encode.learner import encode_learner

SALES = Learner(learner_id="ada", role_id="analyst", department="Sales")
IN_SALES = 'learner.department == "Sales"'


def mentioning(names: set[str]) -> Mentions:
    return Mentions(names=frozenset(names), keys={})


def with_rules(*rules: Rule):
    modules = (module("a", "sql"), module("b", "sql"), module("c", "sql"))
    return scorer_of(replace(catalogue_of(*modules, sql=0.7), rules=rules))


def ask(scorer, *interactions, learner=SALES, policy=GREEDY, **context):
    asked = request(*interactions, learner=learner, **{"limit": 3, **context})
    return decide(asked, scorer, policy, rng())


def ids(answer):
    return [item.module_id for item in answer.items]


def rule(rule_id="r", when=IN_SALES, **says) -> Rule:
    return Rule(rule_id=rule_id, when=when, **says)


def test_an_excluded_module_is_not_recommended():
    assert set(ids(ask(with_rules(rule(exclude=("a",)))))) == {"b", "c"}


def test_a_rule_that_does_not_hold_changes_nothing():
    scorer = with_rules(rule(exclude=("a",), when='learner.department == "Care"'))
    answer = ask(scorer)
    assert set(ids(answer)) == {"a", "b", "c"}
    assert answer.rules == ()


def test_an_inactive_rule_changes_nothing():
    assert "a" in ids(ask(with_rules(rule(exclude=("a",), active=False))))


def test_a_rule_whose_fact_is_missing_leaves_the_learner_alone():
    scorer = with_rules(rule(exclude=("a",), when='learner.contract != "permanent"'))
    assert "a" in ids(ask(scorer))


def test_the_answer_names_the_rules_that_held():
    scorer = with_rules(rule("x", boost=("a",)), rule("y", when="false", boost=("a",)))
    assert ask(scorer).rules == ("x",)


def test_a_boosted_module_rises_by_its_strength_and_says_why():
    policy = Policy(weights={"boost": 1.0}, exploration=0.0, diversity=0.0)
    scorer = with_rules(
        rule("x", boost=("c",), strength=0.6), rule("y", boost=("b",), strength=0.2)
    )
    answer = ask(scorer, policy=policy)
    assert ids(answer) == ["c", "b", "a"]
    assert [item.contributions["boost"] for item in answer.items] == [0.6, 0.2, 0.0]
    assert answer.items[0].reasons[0].code == "boost"


def test_the_greatest_of_several_boosts_counts():
    scorer = with_rules(
        rule("x", boost=("c",), strength=0.3), rule("y", boost=("c",), strength=0.9)
    )
    policy = Policy(weights={"boost": 1.0}, exploration=0.0)
    assert ask(scorer, policy=policy).items[0].score == pytest.approx(0.9)


def test_what_a_rule_assigns_is_owed_from_its_first_decision():
    answer = ask(with_rules(rule(assign=("b",), due_in_days=30)))
    (owed,) = answer.assignments
    assert (owed.learner_id, owed.module_id) == ("ada", "b")
    assert owed.due_at == NOW + timedelta(days=30)
    assert owed.reason == "rule r"


def test_a_date_that_presses_leads():
    answer = ask(with_rules(rule(assign=("c",), due_in_days=1)))
    assert (answer.items[0].module_id, answer.items[0].tier) == ("c", 0)


def test_an_assignment_that_stands_keeps_its_date():
    scorer = with_rules(rule(assign=("b",), due_in_days=30))
    asked = request(learner=SALES, assignments=[owes("b", 1)], limit=3)
    answer = decide(asked, scorer, GREEDY, rng())
    assert answer.assignments == ()
    assert (answer.items[0].module_id, answer.items[0].tier) == ("b", 0)


def test_what_is_done_is_not_assigned_again():
    answer = ask(with_rules(rule(assign=("b",), due_in_days=1)), event("b"))
    assert answer.assignments == ()
    assert "b" not in ids(answer)


def test_a_required_module_is_owed_without_a_date():
    answer = ask(with_rules(rule(require=("c",))))
    assert answer.items[0].module_id == "c"
    assert answer.items[0].contributions["urgency"] == pytest.approx(
        0.25 * DEFAULT_WEIGHTS["urgency"]
    )
    assert answer.items[0].tier == 1
    assert answer.assignments == ()


@pytest.mark.parametrize(
    ("assigning", "excluding", "is_given"), [(2, 1, True), (1, 2, False), (1, 1, False)]
)
def test_the_rule_of_higher_priority_prevails_and_exclusion_at_equal(
    assigning, excluding, is_given
):
    scorer = with_rules(
        rule("x", assign=("c",), priority=assigning), rule("y", exclude=("c",), priority=excluding)
    )
    answer = ask(scorer)
    assert ("c" in ids(answer)) is is_given
    assert bool(answer.assignments) is is_given


def test_rules_may_speak_of_what_was_done_scored_and_judged():
    scorer = with_rules(
        rule("x", boost=("c",), when='"a" in done && scores["a"] >= 0.9'),
        rule("y", boost=("c",), when='evidence["sql"] > 0.5'),
        rule("z", boost=("c",), when='mastery["sql"] < 0.5'),
    )
    assert ask(scorer).rules == ("z",)
    assert ask(scorer, event("a", "passed", score=0.95)).rules == ("x", "z")


def subject(at: datetime, **learner) -> Subject:
    evidence = Evidence(
        learner_id="ada", skill_id="sql", level=0.6, source="manager", at=NOW - timedelta(days=3)
    )
    history = LearnerHistory(learner=Learner(learner_id="ada", **learner), evidence=(evidence,))
    index = index_catalogue(catalogue_of(module("a", "sql"), sql=0.7))
    return Subject(history=history, now=at, index=index, arrays=encode_learner(history, index))


def calendar(*day: int) -> dict[str, int]:
    at = datetime(*day, 12, tzinfo=UTC)
    return facts_of(subject(at), mentioning({"calendar"}))["calendar"]


def test_the_calendar_knows_quarters_weeks_and_days():
    assert calendar(2026, 3, 31) == {
        "year": 2026,
        "quarter": 1,
        "month": 3,
        "week": 14,
        "day": 31,
        "weekday": 2,
        "day_of_quarter": 90,
        "days_left_in_quarter": 0,
    }
    assert calendar(2026, 12, 31)["days_left_in_quarter"] == 0
    assert calendar(2026, 10, 1)["day_of_quarter"] == 1
    assert calendar(2028, 1, 1)["days_left_in_quarter"] == 90  # a leap year's first quarter has 91


def test_tenure_is_counted_from_the_day_of_hiring():
    hired = NOW - timedelta(days=12, hours=12)
    facts = facts_of(subject(NOW, hired_at=hired), mentioning({"tenure_days"}))
    assert facts == {"tenure_days": 12.5}
    assert facts_of(subject(NOW), mentioning({"tenure_days"})) == {}


def test_attributes_are_facts_by_name_and_below_learner():
    made = subject(NOW, department="Sales", attributes={"contract": "apprentice", "role_id": "x"})
    facts = facts_of(made, mentioning({"learner", "department", "contract", "elsewhere"}))
    assert (facts["department"], facts["contract"]) == ("Sales", "apprentice")
    assert facts["learner"]["contract"] == "apprentice"
    assert "elsewhere" not in facts


def test_the_latest_judgement_of_a_skill_is_a_fact():
    assert facts_of(subject(NOW), mentioning({"evidence"})) == {"evidence": {"sql": 0.6}}


def test_what_is_surely_mastered_is_one_standard_error_less():
    held = rule("sure", when='sure_mastery["sql"] >= 0.6', exclude=("a",))
    for mastery, is_sure in ((0.65, False), (0.71, True)):
        scorer = replace(with_rules(held), mastery={"sql": mastery})
        assert ("sure" in ask(scorer).rules) == is_sure
    unscored = subject(NOW)
    assert facts_of(unscored, mentioning({"sure_mastery"})) == {}


def test_many_rules_leave_the_order_of_modules_alone_where_none_holds():
    rules = [rule(f"r{k}", when="false", exclude=("a",)) for k in range(50)]
    plain, ruled = ask(with_rules()), ask(with_rules(*rules))
    assert ids(plain) == ids(ruled)
    assert np.allclose([i.score for i in plain.items], [i.score for i in ruled.items])
