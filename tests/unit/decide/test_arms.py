"""What a variant serves: its policy, snapshot, rules and pathway, and never tier 0."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from academy import GREEDY, catalogue_of, module, owes, request, rng, scorer_of

from features.decide import arms
from features.decide.arms import (
    arrange,
    consults,
    decide_in_arm,
    policy_of_arm,
    rearranges,
    snapshot_of_arm,
)
from features.decide.assignment import Placement, Trial
from features.decide.decide import decide
from features.domain.catalogue import Pathway, PathwayStep, Policy, Rule
from features.domain.experiment import Experiment, Pinned, Variant
from features.domain.history import Learner

AT = datetime(2026, 3, 1, tzinfo=UTC)
MODULES = (module("a", "sql"), module("b", "sql"), module("c", "sql"))
CATALOGUE = catalogue_of(*MODULES, sql=0.7)
BY_FIT = replace(GREEDY, policy_id="by-fit", weights={"fit": 1.0})
BY_AFFINITY = replace(GREEDY, policy_id="by-affinity", weights={"affinity": 1.0})


def pathway(pathway_id, module_id, role_id="analyst", active=True):
    return Pathway(
        pathway_id=pathway_id,
        title=pathway_id,
        goal={"role_id": role_id},
        steps=(PathwayStep(step_id="s", any_of=(module_id,)),),
        active=active,
    )


def rule(rule_id, module_id, active=True, **fields):
    return Rule(rule_id=rule_id, when="true", exclude=(module_id,), active=active, **fields)


def placement(own, *others, component=None, experiment_id="x"):
    """A place in the first of some variants, each pinned as given."""
    variants = tuple(
        Variant(variant_id=f"v{k}", weight=0.5, component=component or {}, pinned=pinned)
        for k, pinned in enumerate((own, *others))
    )
    experiment = Experiment(experiment_id=experiment_id, hypothesis="h", variants=variants)
    return Placement(trial=Trial(experiment=experiment), variant_id="v0", unit_id="ada", phase=1)


def ids(answer):
    return [item.module_id for item in answer.items]


def test_policy_and_snapshot_are_those_of_the_variants_that_name_one():
    places = [placement(Pinned(rules=())), placement(Pinned(policy=BY_FIT, snapshot="3"))]
    assert policy_of_arm(places) == BY_FIT
    assert snapshot_of_arm(places) == "3"
    assert policy_of_arm(places[:1]) is snapshot_of_arm(places[:1]) is policy_of_arm([]) is None


@pytest.mark.parametrize(
    ("pinned", "found"),
    [
        (Pinned(), False),
        (Pinned(policy=BY_FIT, snapshot="3"), False),
        (Pinned(policies=()), True),
        (Pinned(rules=()), True),
        (Pinned(pathway=pathway("p", "a")), True),
    ],
)
def test_rules_pathways_and_kept_policies_rearrange_the_catalogue(pinned, found):
    assert rearranges(placement(pinned)) is found


def test_rules_of_other_variants_are_off_and_own_ones_on():
    stored = (rule("r1", "a"), rule("r2", "b"), rule("r9", "c"))
    scorer = scorer_of(replace(CATALOGUE, rules=stored))
    own, other = rule("r2", "b", active=False), rule("r1", "a")
    found = arrange(scorer.index, [placement(Pinned(rules=(own,)), Pinned(rules=(other,)))])
    assert [each.rule_id for each in found.rules.rules] == ["r2", "r9"]


def test_the_own_pathway_is_on_and_those_of_others_off():
    stored = (pathway("p1", "a"), pathway("p2", "b", active=False), pathway("p9", "c"))
    scorer = scorer_of(replace(CATALOGUE, pathways=stored))
    place = placement(Pinned(pathway=stored[1]), Pinned(pathway=stored[0]))
    kept = arrange(scorer.index, [place]).catalogue.pathways
    assert [(each.pathway_id, each.active) for each in kept] == [("p2", True), ("p9", True)]


def test_a_control_is_ranked_by_the_default_of_the_start():
    kept = replace(BY_AFFINITY, policy_id="default")
    now = replace(CATALOGUE, policies=(replace(BY_FIT, policy_id="default"),))
    scorer = scorer_of(now, affinity={"c": 1.0}, p_success={"a": 0.75, "b": 0.1, "c": 0.1})
    arranged = replace(scorer, index=arrange(scorer.index, [placement(Pinned(policies=(kept,)))]))
    assert ids(decide(request(), scorer, None, rng())) == ["a"]
    assert ids(decide(request(), arranged, None, rng())) == ["c"]
    built_in = arrange(scorer.index, [placement(Pinned(policies=()))])
    assert decide(request(), replace(scorer, index=built_in), None, rng()).policy_version == (
        Policy().version
    )


def test_pathways_are_consulted_for_those_they_lead():
    place = placement(Pinned(pathway=pathway("p", "a")), component={"pathway_id": "p"})
    assert consults(place, request())
    clerk = Learner(learner_id="bob", role_id="clerk")
    assert not consults(place, request(learner=clerk))
    assert consults(place, request(learner=replace(clerk, goal_role_id="analyst")))
    assert consults(placement(Pinned(policy=BY_FIT)), request(learner=clerk))


def test_without_dates_the_arm_alone_decides():
    scorer = scorer_of(CATALOGUE, affinity={"b": 1.0})
    asked = request(limit=3, assignments=[owes("a")])
    answer, is_consulted = decide_in_arm(asked, scorer, (scorer, BY_AFFINITY), rng())
    assert is_consulted
    assert answer == decide(asked, scorer, BY_AFFINITY, rng())


def test_what_presses_comes_first_as_by_default_and_the_arm_fills_the_rest():
    scorer = scorer_of(CATALOGUE, affinity={"c": 1.0})
    asked = request(limit=2, assignments=[owes("a", days=-1)])
    answer, is_consulted = decide_in_arm(asked, scorer, (scorer, BY_AFFINITY), rng())
    assert is_consulted
    assert ids(answer) == ["a", "c"]
    assert [item.rank for item in answer.items] == [1, 2]
    assert answer.policy_id == "by-affinity"
    assert dict(zip(answer.candidates.module_ids, answer.candidates.p_first, strict=True)) == {
        "a": 1.0,
        "b": 0.0,
        "c": 0.0,
    }


def test_an_answer_of_what_presses_alone_consults_no_arm():
    scorer = scorer_of(CATALOGUE)
    asked = request(limit=1, assignments=[owes("b", days=-1)])
    answer, is_consulted = decide_in_arm(asked, scorer, (scorer, BY_AFFINITY), rng())
    assert not is_consulted
    assert (ids(answer), answer.policy_id) == (["b"], "default")


@pytest.mark.parametrize(
    ("assignments", "rules", "n_decided"),
    [
        ([], (), 1),
        ([owes("a")], (), 1),
        ([owes("a", days=60)], (), 1),
        ([owes("elsewhere", days=-1)], (), 1),
        ([owes("a", days=2)], (), 2),
        ([], (Rule(rule_id="r", when="true", assign=("a",), due_in_days=30.0),), 1),
        ([], (Rule(rule_id="r", when="true", assign=("a",), due_in_days=1.0),), 2),
    ],
)
def test_a_second_decision_is_made_only_where_a_date_is_near(
    monkeypatch, assignments, rules, n_decided
):
    decided = []

    def counted(*asked):
        decided.append(asked)
        return decide(*asked)

    monkeypatch.setattr(arms, "decide", counted)
    scorer = scorer_of(replace(CATALOGUE, rules=rules))
    decide_in_arm(request(limit=3, assignments=assignments), scorer, (scorer, BY_FIT), rng())
    assert len(decided) == n_decided
