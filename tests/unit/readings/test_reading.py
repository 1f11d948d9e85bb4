"""The document and its decision, from arrays: what is told, what cannot be told, and what to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson
import pytest
from seen import ints, members, seen

from features.domain.experiment import (
    CoverageChange,
    Experiment,
    MetricRole,
    MetricSpec,
    Phase,
    Variant,
)
from features.domain.instants import from_microseconds
from features.store.documents import to_document
from training.readings.document import Direction, Status, Verdict
from training.readings.markdown import write_markdown
from training.readings.observed import DAY
from training.readings.reading import results_of
from training.readings.triggering import Triggering

BEGUN = from_microseconds(1_000 * DAY)
LATER = BEGUN + timedelta(days=100)
GOAL = MetricSpec(metric_id="minutes", role=MetricRole.GOAL)
RAIL = MetricSpec(metric_id="completion_rate", role=MetricRole.GUARDRAIL, margin=0.1)


def experiment(*metrics, names=("a", "b"), unit="learner", planned_n=400, weights=None):
    shares = weights or {name: 1.0 / len(names) for name in names}
    change = CoverageChange(coverage=1.0, at=BEGUN)
    return Experiment(
        experiment_id="e",
        hypothesis="more minutes",
        variants=tuple(Variant(variant_id=name, weight=shares[name]) for name in names),
        unit=unit,
        metrics=metrics or (GOAL, RAIL),
        planned_n=planned_n,
        started_at=BEGUN,
        phases=(Phase(number=1, weights=shares, started_at=BEGUN, coverages=(change,)),),
    )


def learned(n=200, gain=0.0, harm=0.0, arms=2, units=None, bias=0.0, seed=0):
    """Learners of every arm who learn some minutes before and after; treatments learn more."""
    rng = np.random.default_rng(seed)
    arm = np.arange(n * arms) % arms
    usual = rng.gamma(4.0, 5.0, len(arm))
    events = []
    for learner, (own, minutes) in enumerate(zip(arm, usual, strict=True)):
        before = minutes + rng.normal(scale=3.0) + bias * (own > 0)
        after = minutes + rng.normal(scale=3.0) + gain * (own > 0)
        events.append((learner, 1, -5, "begun", None, before))
        events.append((learner, 2, 3, "done", None, after))
        events.append(
            (learner, 3, 20, "done" if rng.random() > 0.1 + harm * (own > 0) else "begun")
        )
    answers = [(learner, 0, False, False) for learner in range(len(arm))]
    attributes = {"department": np.array(["north", "south"])[np.arange(len(arm)) % 4 // 2]}
    return seen(members(arm.tolist(), units), events, answers=answers, attributes=attributes)


def read(observed, *metrics, now=LATER, **chosen):
    unknown = Triggering(is_triggered=None, n_answers=0, note="not recorded")
    found = results_of(experiment(*metrics, **chosen), observed, unknown, 1_000, now)
    orjson.dumps(to_document(found))
    assert found.decision.text in write_markdown(found)
    return found


def test_a_goal_that_moved_and_guardrails_that_held_are_shipped():
    found = read(learned(gain=5.0))
    assert found.decision.verdict is Verdict.SHIP
    assert found.decision.variant_id == "b"
    assert "minutes of learning +" in found.decision.text
    effect = found.metrics[0].effects[0]
    assert effect.always_valid.low < 5.0 < effect.always_valid.high
    assert effect.always_valid.low < effect.fixed.low < effect.fixed.high < effect.always_valid.high
    assert effect.direction is Direction.BETTER
    assert effect.narrowed_by < 0.6
    assert found.metrics[1].effects[0].guardrail == "held"
    assert [one.value for one in effect.slices] == ["north", "south"]
    assert effect.over_time[-1].value == pytest.approx(effect.value)
    assert found.status is Status.TOLD


def test_a_broken_guardrail_stops_whatever_the_goal_did():
    found = read(learned(gain=5.0, harm=0.8))
    assert found.decision.verdict is Verdict.STOP
    assert "does harm, modules done" in found.decision.text


def test_a_goal_that_got_worse_is_harm():
    found = read(learned(gain=-5.0))
    assert found.decision.verdict is Verdict.STOP
    assert found.metrics[0].effects[0].direction is Direction.WORSE


def test_a_goal_that_moved_waits_for_a_guardrail_that_is_open():
    tight = replace(RAIL, margin=0.0)
    found = read(learned(gain=5.0), GOAL, tight)
    assert found.decision.verdict is Verdict.KEEP_RUNNING
    assert "it is open whether" in found.decision.text


def test_nothing_that_moved_is_dropped_at_the_planned_size_and_waited_for_before():
    still = learned(gain=0.0)
    assert read(still).decision.verdict is Verdict.STOP
    assert "400 of 400 planned, b moved no goal" in read(still).decision.text
    waiting = read(still, planned_n=401)
    assert waiting.decision.verdict is Verdict.KEEP_RUNNING
    assert "no goal is certain yet" in waiting.decision.text


def test_of_several_arms_the_surest_is_shipped():
    found = read(learned(gain=6.0, arms=3), names=("a", "b", "c"))
    assert found.decision.verdict is Verdict.SHIP
    p_values = {each.variant_id: each.p_adjusted for each in found.metrics[0].effects}
    assert found.decision.variant_id == min(p_values, key=p_values.get)


def test_arms_of_other_sizes_than_promised_make_it_invalid():
    found = read(learned(gain=5.0), weights={"a": 0.7, "b": 0.3})
    assert found.checks.sample_ratio.is_mismatch
    assert found.decision.verdict is Verdict.INVALID
    assert "b has 200 where 120 were due" in found.decision.text


def test_arms_that_were_not_alike_before_make_it_invalid():
    found = read(learned(bias=9.0))
    assert found.decision.verdict is Verdict.INVALID
    assert "before anything was changed, b differed" in found.decision.text


def test_nobody_exposed_cannot_tell_yet():
    found = read(seen(members([])))
    assert found.status is Status.CANNOT_TELL_YET
    assert found.decision.verdict is Verdict.KEEP_RUNNING
    assert "Nobody has met the experiment yet" in found.decision.text
    assert found.checks.sample_ratio.reason is not None
    assert found.metrics[0].effects[0].reason is not None


def test_outcomes_that_are_not_in_do_not_count_and_are_told():
    found = read(learned(), now=BEGUN + timedelta(days=27))
    assert found.status is Status.CANNOT_TELL_YET
    assert [arm.n_immature for arm in found.metrics[0].arms] == [200, 200]
    assert "takes 28 days and nobody is there" in found.decision.text
    assert found.funnel.arms[0].n_mature == 0


def test_a_metric_without_variance_cannot_tell():
    found = read(seen(members([0, 1] * 20)))
    assert "no variance" in found.metrics[0].effects[0].reason
    assert found.decision.verdict is Verdict.KEEP_RUNNING


def test_groups_are_compared_as_groups():
    units = (np.arange(400) // 2 % 20 * 2 + np.arange(400) % 2).tolist()
    found = read(learned(gain=5.0, units=units), unit="department", planned_n=40)
    effect = found.metrics[0].effects[0]
    assert effect.n == 40
    assert [arm.n for arm in found.checks.sample_ratio.arms] == [20, 20]
    alone = read(learned(gain=5.0), planned_n=40).metrics[0].effects[0]
    assert effect.fixed.high - effect.fixed.low > alone.fixed.high - alone.fixed.low


def test_one_group_an_arm_cannot_tell():
    units = (np.arange(400) % 2).tolist()
    found = read(learned(gain=5.0, units=units), unit="department")
    assert "1 of the 2 learners or clusters" in found.metrics[0].effects[0].reason
    assert found.status is Status.CANNOT_TELL_YET


def test_few_groups_are_read_with_wider_sequences():
    """Student's t over the normal quantile at 5 degrees, 2.571 ÷ 1.960."""
    units = (np.arange(400) // 2 % 3 * 2 + np.arange(400) % 2).tolist()
    effect = read(learned(units=units), unit="department", planned_n=6).metrics[0].effects[0]
    reach = (effect.always_valid.high - effect.always_valid.low) / 2
    fixed = (effect.fixed.high - effect.fixed.low) / 2
    assert reach > fixed


def test_times_are_read_before_all_have_ended():
    targets = {learner: {0: 0.5} for learner in range(60)}
    judged = [(k, 0, 0, 5 + k % 40 - 4 * (k % 2), 0.6) for k in range(60) if k % 5]
    observed = seen(members([0, 1] * 30), judged=judged, targets=targets)
    wait = MetricSpec(metric_id="time_to_competency", role=MetricRole.GOAL, window_days=50)
    effect = read(observed, wait).metrics[0].effects[0]
    assert effect.log_rank_p is not None
    assert effect.value < 0
    early = read(observed, wait, now=BEGUN + timedelta(days=20)).metrics[0]
    assert "horizon" in early.effects[0].reason
    groups = [k % 2 + 2 * (k // 2 % 5) for k in range(60)]
    clustered = seen(members([0, 1] * 30, groups), judged=judged, targets=targets)
    of_groups = read(clustered, wait, unit="department", planned_n=10).metrics[0].effects[0]
    assert of_groups.log_rank_p is None
    assert of_groups.n == 10


def test_an_effect_that_fades_shows():
    rng = np.random.default_rng(4)
    events = []
    for learner in range(400):
        treated = learner % 2
        events.append((learner, 1, 2, "done", None, rng.normal(10 + 4 * treated)))
        events.append((learner, 2, 20, "done", None, rng.normal(10)))
    found = read(seen(members([0, 1] * 200), events))
    novelty = found.metrics[0].effects[0].novelty
    assert novelty.p_value < 0.001
    assert novelty.first_half.value > 3.0
    assert novelty.second_half.value < 1.0
    assert "the effect changes" in write_markdown(found)


def test_who_changed_group_is_counted_and_stays():
    observed = seen(
        members([0, 1] * 5),
        answers=[(0, 0, False, False), (0, 9, False, True), (3, 2, False, True)],
    )
    mixed = read(observed).checks.contamination
    assert (mixed.n_learners, mixed.n_exposures) == (2, 2)


def test_weights_that_changed_are_compared_period_by_period():
    who = members(([0] * 9 + [1]) * 40 + [0, 1] * 200)
    who = replace(who, phase=ints([1] * 400 + [2] * 400))
    plan = experiment()
    change = plan.phases[0].coverages
    phases = (
        Phase(number=1, weights={"a": 0.9, "b": 0.1}, started_at=BEGUN, coverages=change),
        Phase(number=2, weights={"a": 0.5, "b": 0.5}, started_at=BEGUN, coverages=change),
    )
    unknown = Triggering(is_triggered=None, n_answers=0, note="")
    found = results_of(replace(plan, phases=phases), seen(who), unknown, 0, LATER)
    ratio = found.checks.sample_ratio
    assert [arm.expected for arm in ratio.arms] == pytest.approx([560.0, 240.0])
    assert ratio.p_value == pytest.approx(1.0)
    assert ratio.n_periods == 2


def test_what_changed_with_time_is_no_effect_where_weights_changed_too():
    """Few learn in the second stretch, and most of them are in b: pooled means would differ."""
    arms = [0, 0, 0, 1] * 100 + [0, 1, 1, 1] * 100
    who = replace(members(arms), phase=ints([1] * 400 + [2] * 400))
    rng = np.random.default_rng(3)
    level = np.repeat([30.0, 10.0], 400) + rng.normal(size=800)
    events = [(k, 1, 3, "done", None, minutes) for k, minutes in enumerate(level.tolist())]
    plan = experiment(GOAL)
    change = plan.phases[0].coverages
    phases = tuple(
        Phase(number=k, weights={"a": a, "b": 1 - a}, started_at=BEGUN, coverages=change)
        for k, a in ((1, 0.75), (2, 0.25))
    )
    unknown = Triggering(is_triggered=None, n_answers=0, note="not recorded")
    found = results_of(replace(plan, phases=phases), seen(who, events), unknown, 0, LATER)
    effect = found.metrics[0].effects[0]
    parts = [
        (level[own & (np.array(arms) == 1)].mean() - level[own & (np.array(arms) == 0)].mean()) / 2
        for own in (np.arange(800) < 400, np.arange(800) >= 400)
    ]
    assert effect.value == pytest.approx(sum(parts))
    assert effect.always_valid.low < 0 < effect.always_valid.high
    assert "within each of 2 stretches of equal weights" in write_markdown(found)


def test_a_phase_in_which_an_arm_has_nobody_does_not_count():
    who = replace(members([0, 1] * 50 + [0] * 50), phase=ints([1] * 100 + [2] * 50))
    events = [(k, 1, 3, "done", None, float(k % 7 + 100 * (k >= 100))) for k in range(150)]
    plan = experiment(GOAL)
    change = plan.phases[0].coverages
    phases = tuple(
        Phase(number=k, weights=weights, started_at=BEGUN, coverages=change)
        for k, weights in ((1, {"a": 0.5, "b": 0.5}), (2, {"a": 1.0, "b": 0.0}))
    )
    unknown = Triggering(is_triggered=None, n_answers=0, note="not recorded")
    found = results_of(replace(plan, phases=phases), seen(who, events), unknown, 0, LATER)
    effect = found.metrics[0].effects[0]
    assert effect.n == 100
    assert abs(effect.value) < 1.0


def test_few_learners_are_read_with_wider_sequences():
    """Of two an arm Student's t is several times as wide as the normal distribution."""
    few, many = (read(learned(n=n), GOAL, planned_n=2 * n).metrics[0].effects[0] for n in (2, 500))
    widths = [
        (each.always_valid.high - each.always_valid.low) / (each.fixed.high - each.fixed.low)
        for each in (few, many)
    ]
    assert widths[0] == pytest.approx(widths[1], rel=0.01)


def test_ids_and_sentences_cannot_break_the_tables():
    odd = replace(experiment(names=("a|b", "c")), hypothesis="more\n\n# minutes")
    unknown = Triggering(is_triggered=None, n_answers=0, note="")
    text = write_markdown(results_of(odd, learned(), unknown, 0, LATER))
    assert "| a\\|b |" in text
    assert "Hypothesis: more # minutes" in text


def test_no_goal_decides_nothing():
    assert "no goal metric was named" in read(learned(), RAIL).decision.text


def test_the_document_says_when():
    found = read(learned())
    assert to_document(found)["started_at"] == BEGUN.isoformat().replace("+00:00", "Z")
    assert found.read_at == LATER
    assert found.read_at > datetime(1970, 1, 1, tzinfo=UTC)
