"""Assignment is stable, balanced, monotonic in coverage, exclusive, and GrowthBook's own."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.decide.assignment import Trial, assign
from features.domain.experiment import (
    CoverageChange,
    Enrolment,
    Experiment,
    Phase,
    Variant,
)
from features.domain.history import Learner

AT = datetime(2026, 3, 1, tzinfo=UTC)
LEARNERS = [Learner(learner_id=f"L{k:05d}", department=f"d{k % 40}") for k in range(4_000)]


def trial(experiment_id="x1", weights=(0.5, 0.5), coverage=1.0, kind="policy_id", **fields):
    variants = tuple(
        Variant(variant_id=name, weight=weight, component={kind: name} if name != "a" else {})
        for name, weight in zip("abcdef", weights, strict=False)
    )
    phase = Phase(
        number=1,
        weights={each.variant_id: each.weight for each in variants},
        started_at=AT,
        coverages=(CoverageChange(coverage=coverage, at=AT),),
    )
    return Trial(
        experiment=Experiment(
            experiment_id=experiment_id,
            hypothesis="h",
            variants=variants,
            started_at=AT,
            phases=(phase,),
            **fields,
        )
    )


def place(trials, learner, enrolled=None, groups=None):
    places = assign(trials, learner, enrolled or {}, groups or {}, AT)
    return {each.trial.experiment_id: each.variant_id for each in places}


def variants(one, learners=LEARNERS):
    return [place([one], each).get(one.experiment_id) for each in learners]


def enrolment(variant_id, learner_id="ada", unit_id="ada", experiment_id="x1"):
    return Enrolment(
        experiment_id=experiment_id,
        learner_id=learner_id,
        unit_id=unit_id,
        variant_id=variant_id,
        phase=1,
        at=AT,
    )


def growthbook(one, unit_id):
    """Ask the SDK's own client the same."""
    from growthbook import Experiment as Sdk  # noqa: PLC0415 - a second of import
    from growthbook import GrowthBook  # noqa: PLC0415

    experiment = one.experiment
    namespace = experiment.namespace and (experiment.namespace, *experiment.namespace_range)
    client = GrowthBook(attributes={"id": unit_id})
    result = client.run(
        Sdk(
            key=experiment.experiment_id,
            variations=list(one.variant_ids),
            weights=list(experiment.phases[-1].weights.values()),
            coverage=experiment.phases[-1].coverage,
            namespace=namespace,
            hashVersion=2,
        )
    )
    client.destroy()
    return result.value if result.inExperiment else None


@st.composite
def trials(draw):
    parts = draw(st.lists(st.integers(1, 20), min_size=2, max_size=5))
    low, high = sorted(draw(st.sets(st.integers(0, 20), min_size=2, max_size=2)))
    return trial(
        draw(st.text(min_size=1, max_size=12)),
        [part / sum(parts) for part in parts],
        draw(st.floats(0, 1)),
        namespace=draw(st.none() | st.text(min_size=1, max_size=8)),
        namespace_range=(low / 20, high / 20),
    )


@given(one=trials(), unit_id=st.text(min_size=1, max_size=30))
def test_a_unit_gets_what_growthbook_gives_it(one, unit_id):
    assert one.variant_of(unit_id) == growthbook(one, unit_id)


@given(
    weights=st.lists(st.integers(1, 9), min_size=2, max_size=5),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    name=st.text(min_size=1, max_size=8),
)
def test_more_coverage_moves_nobody(weights, shares, name):
    low, high = sorted(shares)
    weights = [weight / sum(weights) for weight in weights]
    before = variants(trial(name, weights, low), LEARNERS[:300])
    after = variants(trial(name, weights, high), LEARNERS[:300])
    assert all(one in (None, other) for one, other in zip(before, after, strict=True))


def test_variants_are_as_large_as_their_weights_and_experiments_independent():
    one, other = trial("x1", (0.2, 0.3, 0.5)), trial("x2", (0.2, 0.3, 0.5), coverage=0.5)
    found, others = variants(one), variants(other)
    shares = [Counter(found)[name] / len(LEARNERS) for name in "abc"]
    assert shares == pytest.approx([0.2, 0.3, 0.5], abs=0.02)
    assert Counter(others)[None] / len(LEARNERS) == pytest.approx(0.5, abs=0.03)
    both = Counter(zip(found, others, strict=True))
    assert both["c", "c"] / len(LEARNERS) == pytest.approx(0.5 * 0.25, abs=0.02)


def test_disjoint_ranges_of_a_namespace_share_nobody():
    one = trial("x1", namespace="n", namespace_range=(0.0, 0.4))
    other = trial("x2", namespace="n", namespace_range=(0.4, 1.0))
    places = [place([one, other], each) for each in LEARNERS]
    assert {len(each) for each in places} == {1}
    assert sum("x1" in each for each in places) / len(places) == pytest.approx(0.4, abs=0.03)


def test_a_group_is_assigned_whole_and_one_without_group_not_at_all():
    one = trial(unit="department")
    by_department = {(each.department, *place([one], each).values()) for each in LEARNERS}
    assert len(by_department) == 40
    assert {variant for _, variant in by_department} == {"a", "b"}
    assert place([one], Learner(learner_id="ada")) == {}
    assert place([one], Learner(learner_id="ada", department="")) == {}


def test_any_attribute_can_be_the_unit():
    one = trial(unit="cost_centre")
    (found,) = assign(
        [one], Learner(learner_id="ada", attributes={"cost_centre": "4711"}), {}, {}, AT
    )
    assert (found.unit_id, found.variant_id) == ("4711", one.variant_of("4711"))


def test_whoever_is_enrolled_keeps_the_variant_whatever_has_changed():
    moved = Learner(learner_id="ada", department="d1")
    one = trial(unit="department", weights=(1.0, 0.0), coverage=0.0, eligible="false")
    (found,) = assign([one], moved, {"x1": enrolment("b", unit_id="d0")}, {}, AT)
    assert (found.variant_id, found.unit_id, found.enrolment.unit_id) == ("b", "d1", "d0")
    (gone,) = assign([one], Learner(learner_id="ada"), {"x1": enrolment("b", unit_id="d0")}, {}, AT)
    assert (gone.variant_id, gone.unit_id) == ("b", "d0")


def test_whoever_joins_a_group_gets_the_variant_of_the_group():
    one = trial(unit="department", weights=(1.0, 0.0))
    learner = Learner(learner_id="ada", department="d1")
    (found,) = assign([one], learner, {}, {"x1": ("b", 1)}, AT)
    assert (found.variant_id, found.phase, found.enrolment) == ("b", 1, None)


def test_new_weights_count_for_new_learners_alone():
    one = trial(weights=(1.0, 0.0))
    phase = replace(one.experiment.phases[0], number=2, weights={"a": 0.0, "b": 1.0})
    later = Trial(experiment=replace(one.experiment, phases=(*one.experiment.phases, phase)))
    (new,) = assign([later], Learner(learner_id="bob"), {}, {}, AT)
    assert (new.variant_id, new.phase) == ("b", 2)
    (old,) = assign([later], Learner(learner_id="ada"), {"x1": enrolment("a")}, {}, AT)
    assert (old.variant_id, old.phase) == ("a", 1)


@pytest.mark.parametrize(
    ("eligible", "expected"),
    [
        ('learner.department == "d0"', True),
        ('department == "d1"', False),
        ('learner["department"] in ["d0", "d1"]', True),
        ("learner.mentor", False),
        ('learner.cost_centre == "4711"', False),  # not known: not eligible
        ("tenure_days > 30.0", False),
        ("has(learner.hired_at)", False),
        ('"captions" in needs', False),
    ],
)
def test_only_the_eligible_are_enrolled(eligible, expected):
    one = trial(eligible=eligible)
    assert bool(place([one], LEARNERS[0])) is expected


def test_tenure_is_a_fact():
    one = trial(eligible="tenure_days >= 28.0")
    hired = replace(LEARNERS[0], hired_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert place([one], hired)
    assert not place([one], replace(hired, hired_at=datetime(2026, 2, 2, tzinfo=UTC)))


def test_a_preview_comes_before_everything():
    one = trial(weights=(1.0, 0.0), coverage=0.0, preview={"ada": "b"})
    (found,) = assign([one], Learner(learner_id="ada"), {}, {}, AT)
    assert (found.variant_id, found.is_preview) == ("b", True)


def test_nobody_is_in_two_experiments_that_own_one_component():
    """Namespaces keep units apart; whoever changes group could end up in both."""
    first, second = trial("x1"), trial("x2")
    assert place([first, second], LEARNERS[0]).keys() == {"x1"}
    kept = {"x2": enrolment("a", LEARNERS[0].learner_id, experiment_id="x2")}
    assert place([first, second], LEARNERS[0], kept) == {"x2": "a"}
    other = trial("x3", kind="snapshot")
    assert place([first, second, other], LEARNERS[0]).keys() == {"x1", "x3"}
