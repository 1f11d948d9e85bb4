"""Golden learners: what is asked of them, and when one snapshot is worse than another."""

from dataclasses import replace

from academy import NOW, GivenScores, catalogue_of, event, module

from features.decide.golden import (
    Expectation,
    Finding,
    GoldenLearner,
    ask_golden,
    index_for_golden,
    unknown_names,
    worse_findings,
)
from features.domain.catalogue import Policy
from features.domain.history import Evidence, Learner, LearnerHistory


def golden(*expectations, interactions=(), evidence=(), **learner):
    history = LearnerHistory(
        learner=Learner(learner_id="Ada", **learner),
        interactions=interactions,
        evidence=evidence,
    )
    return GoldenLearner(history=history, expectations=expectations)


def finding(*first, **expected):
    return Finding(name="Ada", expectation=Expectation(within=5, **expected), first=first)


def test_one_of_any_is_enough_and_none_means_none():
    assert finding("a", "b", any_of=("b", "z")).is_met
    assert not finding("a", "b", any_of=("z",)).is_met
    assert finding("a", "b", none_of=("z",)).is_met
    assert not finding("a", "b", none_of=("z", "a")).is_met
    assert finding(none_of=("z",)).is_met
    assert finding(any_of=("a", "b")).wish == "one of a, b among the first 5"
    assert finding(none_of=("a",)).wish == "none of a among the first 5"


def test_as_many_met_is_not_worse_though_others_are():
    met, unmet = finding("a", any_of=("a",)), finding("a", any_of=("z",))
    assert worse_findings([met, unmet], [unmet, met]) == []
    assert worse_findings([met, met], [unmet, met]) == []


def test_fewer_met_is_worse_and_what_was_lost_is_named():
    met, unmet = finding("a", any_of=("a",)), finding("a", any_of=("z",))
    assert worse_findings([unmet, unmet, met], [met, unmet, met]) == [unmet]


def test_each_expectation_is_asked_with_its_own_length(monkeypatch):
    asked = []

    def slate(history, scorer, now, length):
        asked.append(length)
        return ("a", "b", "c")[:length]

    monkeypatch.setattr("features.decide.golden._slate", slate)
    learner = golden(
        Expectation(any_of=("b",), within=1),
        Expectation(any_of=("b",), within=2),
        Expectation(none_of=("c",), within=2),
    )
    assert [each.is_met for each in ask_golden([learner], None, NOW)] == [False, True, True]
    assert sorted(asked) == [1, 2]


def test_no_policy_explores_over_golden_learners():
    catalogue = catalogue_of(module("a"), module("b"))
    policies = index_for_golden(catalogue).catalogue.policies
    assert [(each.policy_id, each.exploration) for each in policies] == [("default", 0.0)]
    own = Policy(policy_id="own", exploration=0.5)
    kept = index_for_golden(replace(catalogue, policies=(own,))).catalogue.policies
    assert {each.policy_id: each.exploration for each in kept} == {"default": 0.0, "own": 0.0}


def test_what_nobody_has_described_is_named_once():
    learner = golden(
        Expectation(any_of=("a", "gone"), within=1),
        Expectation(none_of=("gone",), within=1),
        interactions=(event("lost"),),
        evidence=(Evidence(learner_id="Ada", skill_id="magic", level=0.5, source="self", at=NOW),),
        role_id="analyst",
        goal_role_id="king",
    )
    assert unknown_names([learner], catalogue_of(module("a", "sums"))) == [
        "Ada: there is no role king",
        "Ada: there is no module lost",
        "Ada: there is no skill magic",
        "Ada: there is no module gone",
    ]


def test_decisions_are_those_of_the_snapshot_asked():
    index = index_for_golden(catalogue_of(module("a", "sums"), module("b", "sums")))
    learner = golden(Expectation(any_of=("b",), within=1), role_id="analyst")
    likes = {
        name: GivenScores(index=index, affinity={name: 1.0, other: 0.0})
        for name, other in (("a", "b"), ("b", "a"))
    }
    answers = {name: ask_golden([learner], scorer, NOW)[0] for name, scorer in likes.items()}
    assert answers["a"].first == ("a",)
    assert answers["b"].is_met
