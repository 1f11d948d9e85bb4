"""Experiments in the store: kept whole, enrolled once, streamed in order, erased with people."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from features.domain.catalogue import Pathway, PathwayStep, Policy, Rule
from features.domain.errors import ErasedError, ExperimentOverlapError, NotFoundError
from features.domain.experiment import (
    CoverageChange,
    Enrolment,
    Experiment,
    Exposure,
    MetricRole,
    MetricSpec,
    Phase,
    Pinned,
    Variant,
)
from features.domain.history import Learner
from features.experiments import define, start

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PATHWAY = Pathway(
    pathway_id="p1", title="P", steps=(PathwayStep(step_id="s1", any_of=("m1",)),), active=False
)
FULL = Experiment(
    experiment_id="x1",
    hypothesis="It does better.",
    variants=(
        Variant(variant_id="a", weight=0.25, component={"snapshot": "champion"}),
        Variant(variant_id="b", weight=0.25, component={"policy_id": "p"}),
        Variant(variant_id="c", weight=0.25, component={"pathway_id": "p1"}),
        Variant(
            variant_id="d",
            weight=0.25,
            component={"rules": ["r1"]},
            pinned=Pinned(rules=(Rule(rule_id="r1", when="true", exclude=("m1",)),)),
        ),
    ),
    unit="department",
    coverage=0.5,
    namespace="n",
    namespace_range=(0.1, 0.6),
    eligible="learner.mentor",
    metrics=(
        MetricSpec(metric_id="minutes", role=MetricRole.GUARDRAIL, margin=2.0, window_days=7.0),
    ),
    planned_n=100,
    preview={"ada": "b"},
    starts_at=AT,
    ends_at=AT + timedelta(days=30),
    started_at=AT,
    phases=(
        Phase(
            number=1,
            weights={"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25},
            started_at=AT,
            coverages=(
                CoverageChange(coverage=0.1, at=AT),
                CoverageChange(coverage=0.5, at=AT + SECOND),
            ),
        ),
    ),
)


def pinned(experiment):
    pins = (
        Pinned(snapshot="3"),
        Pinned(policy=Policy(policy_id="p", version="2", exploration=0.1)),
        Pinned(pathway=PATHWAY),
        experiment.variants[3].pinned,
    )
    variants = zip(experiment.variants, pins, strict=True)
    return replace(experiment, variants=tuple(replace(one, pinned=pin) for one, pin in variants))


def enrolment(learner_id, variant_id="a", unit_id=None, experiment_id="x1"):
    return Enrolment(
        experiment_id=experiment_id,
        learner_id=learner_id,
        unit_id=unit_id or learner_id,
        variant_id=variant_id,
        phase=1,
        at=AT,
    )


def exposure(learner_id, number, unit_id=None):
    return Exposure(
        experiment_id="x1",
        variant_id="a",
        learner_id=learner_id,
        unit_id=unit_id or learner_id,
        recommendation_id=f"rec_{number}",
        at=AT + number * SECOND,
    )


def test_an_experiment_comes_back_as_it_was_put(workspace):
    wanted = pinned(FULL)
    with workspace.transaction() as repositories:
        repositories.experiments.put(wanted)
    with workspace.reading() as repositories:
        assert repositories.experiments.get("x1") == wanted
        assert repositories.experiments.list(None, 10) == (wanted,)
        with pytest.raises(NotFoundError, match="no experiment 'x2'"):
            repositories.experiments.get("x2")


def test_readers_are_told_of_every_change(workspace):
    seen = []
    for coverage in (0.1, 0.2):
        with workspace.transaction() as repositories:
            repositories.experiments.put(replace(FULL, coverage=coverage))
        with workspace.reading() as repositories:
            seen.append(repositories.revisions.all())
    assert seen[1]["experiments"] == seen[0]["experiments"] + 1
    assert seen[1]["catalogue"] == seen[0]["catalogue"]


def test_those_under_way_come_in_order_of_their_start(workspace):
    draft = replace(FULL, experiment_id="draft", started_at=None, phases=())
    stopped = replace(FULL, experiment_id="stopped", stopped_at=AT)
    later = replace(FULL, experiment_id="a-later-one", started_at=AT + SECOND)
    with workspace.transaction() as repositories:
        for each in (draft, later, stopped, FULL):
            repositories.experiments.put(each)
        started = repositories.experiments.started()
    assert [each.experiment_id for each in started] == ["x1", "a-later-one"]


def test_the_first_enrolment_wins(workspace):
    with workspace.transaction() as repositories:
        assert repositories.experiments.enrol([enrolment("ada", "a")])
    with workspace.transaction() as repositories:
        assert repositories.experiments.enrol([enrolment("ada", "a")])
        assert not repositories.experiments.enrol([enrolment("ada", "b")])
        assert repositories.experiments.enrol([enrolment("ada", "b", experiment_id="x2")])
        found = repositories.experiments.enrolled("ada")
    assert {name: each.variant_id for name, each in found.items()} == {"x1": "a", "x2": "b"}


def test_a_group_has_the_variant_of_its_first_learner(workspace):
    with workspace.transaction() as repositories:
        assert repositories.experiments.enrol([enrolment("ada", "a", "Sales")], ["x1"])
        assert not repositories.experiments.enrol([enrolment("bob", "b", "Sales")], ["x1"])
    with workspace.transaction() as repositories:
        assert repositories.experiments.enrol([enrolment("bob", "a", "Sales")], ["x1"])
        assert repositories.experiments.variants_of_groups({"x1": "Sales"}) == {"x1": ("a", 1)}
        assert repositories.experiments.variants_of_groups({"x1": "Audit"}) == {}
        assert repositories.experiments.n_enrolled(["x1", "x2"]) == {"x1": {"a": 2}, "x2": {}}


@pytest.mark.parametrize("grouped", [[], ["x1"]])
def test_of_many_who_enrol_at_once_one_wins_and_the_others_know(workspace, grouped):
    barrier = Barrier(6)

    def enrol(number):
        barrier.wait()
        learner_id = f"l{number}" if grouped else "ada"
        new = enrolment(learner_id, "ab"[number % 2], "Sales" if grouped else None)
        with workspace.transaction() as repositories:
            return new.variant_id, repositories.experiments.enrol([new], grouped)

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(enrol, range(6)))
    with workspace.reading() as repositories:
        kept = {each.variant_id for each in repositories.experiments.enrolments("x1")}
        of_group = repositories.experiments.variants_of_groups({"x1": "Sales"})
    won = {variant for variant, is_kept in outcomes if is_kept}
    assert len(won) == 1
    assert [is_kept for variant, is_kept in outcomes if variant in won] == [True] * 3
    assert won == ({of_group["x1"][0]} if grouped else kept)


def test_of_two_that_start_at_once_and_own_the_same_one_is_refused(workspace):
    goal = MetricSpec(metric_id="minutes", role=MetricRole.GOAL)
    with workspace.transaction() as repositories:
        repositories.catalogue.put_policy(Policy(policy_id="p"))
        for experiment_id in ("x1", "x2"):
            arms = (
                Variant(variant_id="a", weight=0.5),
                Variant(variant_id="b", weight=0.5, component={"policy_id": "p"}),
            )
            wanted = Experiment(
                experiment_id=experiment_id, hypothesis="h", variants=arms, metrics=(goal,)
            )
            define(repositories, wanted, {}, AT)
    barrier = Barrier(2)

    def begin(experiment_id):
        barrier.wait()
        try:
            with workspace.transaction() as repositories:
                start(repositories, experiment_id, {}, AT)
        except ExperimentOverlapError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(begin, ("x1", "x2")))
    with workspace.reading() as repositories:
        begun = [each.experiment_id for each in repositories.experiments.started()]
    assert sorted(outcomes) == [False, True]
    assert begun == [("x1", "x2")[outcomes.index(True)]]


def test_enrolments_and_exposures_are_streamed_in_order(workspace):
    with workspace.transaction() as repositories:
        found = repositories.experiments
        assert found.enrol([enrolment("bob")])
        assert found.enrol([enrolment("ada")])
        found.add_exposures([exposure("ada", 2), exposure("bob", 1)])
        found.add_exposures([])
    with workspace.reading() as repositories:
        found = repositories.experiments
        assert [each.learner_id for each in found.enrolments("x1")] == ["ada", "bob"]
        assert [*found.exposures("x1")] == [exposure("bob", 1), exposure("ada", 2)]
        assert [*found.exposures("x2")] == []


def test_erasing_a_learner_leaves_their_team_and_not_their_name(workspace):
    with workspace.transaction() as repositories:
        repositories.learners.put(Learner(learner_id="boss"))
        found = repositories.experiments
        found.put(replace(FULL, preview={"boss": "b", "eve": "b"}))
        assert found.enrol([enrolment("ada", "a", "boss")], ["x1"])
        assert found.enrol([enrolment("boss", "a", "chief")], ["x1"])
        found.add_exposures([exposure("ada", 1, "boss"), exposure("boss", 2, "chief")])
    with workspace.reading() as repositories:
        held = repositories.learners.export("boss")
    assert [each["unit_id"] for each in held["enrolments"]] == ["chief"]
    assert [each["recommendation_id"] for each in held["exposures"]] == ["rec_2"]
    with workspace.transaction() as repositories:
        repositories.learners.erase("boss", AT)
    with workspace.transaction() as repositories:
        found = repositories.experiments
        (enrolled,), (exposed,) = [*found.enrolments("x1")], [*found.exposures("x1")]
        assert (enrolled.learner_id, exposed.learner_id) == ("ada", "ada")
        assert enrolled.unit_id == exposed.unit_id != "boss"
        assert found.variants_of_groups({"x1": enrolled.unit_id}) == {"x1": ("a", 1)}
        assert found.get("x1").preview == {"eve": "b"}
        with pytest.raises(ErasedError):
            found.enrol([enrolment("boss")])
