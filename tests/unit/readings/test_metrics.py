"""Every metric by hand, over a window of days from each learner's first exposure."""

import numpy as np
import pytest
from seen import members, seen

from features.domain.experiment import METRIC_IDS, MetricRole, MetricSpec
from training.readings import activity, levels
from training.readings.metrics import METRICS, metric_for
from training.readings.values import Window, known_before, plain, rows_before, rows_of

FOUR_WEEKS = Window(first=0, last=28)


def test_every_metric_an_experiment_may_name_is_defined():
    assert tuple(METRICS) == METRIC_IDS
    business = metric_for(MetricSpec(metric_id="outcome:sales", role=MetricRole.GOAL))
    assert (business.title, business.metric_id) == ("sales", "outcome:sales")
    assert business.higher_is_better
    errors = MetricSpec(
        metric_id="outcome:errors", role=MetricRole.GUARDRAIL, margin=1.0, higher_is_better=False
    )
    assert not metric_for(errors).higher_is_better


def test_a_window_has_its_first_day_and_not_its_last():
    observed = seen(
        members([0]),
        [(0, 1, -0.01, "done"), (0, 2, 0.0, "done"), (0, 3, 27.9, "done"), (0, 4, 28.0, "done")],
    )
    assert activity.completion_rate(observed, FOUR_WEEKS).above[0] == 2


def test_completion_counts_each_module_once():
    observed = seen(
        members([0, 0, 0]),
        [
            (0, 1, 1, "begun"),
            (0, 1, 2, "done"),
            (0, 1, 3, "done"),
            (0, 2, 3, "begun"),
            (1, 1, 3, "other"),
            (1, 3, 4, "done"),
        ],
    )
    found = activity.completion_rate(observed, FOUR_WEEKS)
    np.testing.assert_array_equal(found.above, [1, 1, 0])
    np.testing.assert_array_equal(found.below, [2, 1, 0])
    assert found.mean(np.array([True, True, True])) == pytest.approx(2 / 3)
    assert found.mean(np.array([False, False, True])) is None


def test_scores_and_minutes_are_added_up():
    observed = seen(
        members([0, 0]),
        [
            (0, 1, 1, "done", 0.5, 30.0),
            (0, 1, 2, "done", 1.0, None),
            (0, 2, 3, "begun", None, 12.0),
            (0, 2, 40, "done", 0.1, 99.0),
        ],
    )
    scores = activity.assessment_score(observed, FOUR_WEEKS)
    np.testing.assert_array_equal(scores.above, [1.5, 0])
    np.testing.assert_array_equal(scores.below, [2, 0])
    np.testing.assert_array_equal(activity.minutes(observed, FOUR_WEEKS).above, [42, 0])


def test_optional_content_is_neither_mandatory_nor_assigned():
    observed = seen(
        members([0, 0]),
        [(0, 1, 1, "begun"), (0, 2, 1, "done"), (0, 3, 1, "done"), (1, 2, 2, "begun")],
        mandatory=[1],
        assigned=[(0, 2)],
    )
    np.testing.assert_array_equal(activity.optional_content(observed, FOUR_WEEKS).above, [1, 1])


def test_who_leaves_something_undone_and_goes_quiet_has_abandoned():
    observed = seen(
        members([0, 0, 0, 0]),
        [
            (0, 1, 5, "begun"),
            (1, 1, 5, "begun"),
            (1, 2, 20, "other"),
            (2, 1, 5, "begun"),
            (2, 1, 6, "done"),
        ],
    )
    np.testing.assert_array_equal(activity.abandonment(observed, FOUR_WEEKS).above, [1, 0, 0, 0])
    short = activity.abandonment(observed, Window(first=0, last=8))
    np.testing.assert_array_equal(short.above, [0, 0, 0, 0])


def test_answers_that_were_followed_are_a_share_of_those_given():
    observed = seen(
        members([0, 0]),
        answers=[(0, 0, True, False), (0, 3, False, False), (0, 30, True, False)],
    )
    found = activity.follow_rate(observed, FOUR_WEEKS)
    np.testing.assert_array_equal(found.above, [1, 0])
    np.testing.assert_array_equal(found.below, [2, 0])


def test_business_results_are_averaged_and_unknown_without_any():
    observed = seen(members([0, 0]), results=[(0, -3, 9.0), (0, 1, 2.0), (0, 5, 4.0)])
    metric = metric_for(MetricSpec(metric_id="outcome:sales", role=MetricRole.GOAL))
    np.testing.assert_array_equal(metric.measure(observed, FOUR_WEEKS).above, [3.0, np.nan])
    np.testing.assert_array_equal(metric.before(observed, FOUR_WEEKS).above, [9.0, np.nan])


JUDGED = [
    (0, 0, 0, -9, 0.1),
    (0, 0, 0, -3, 0.2),
    (0, 0, 0, 10, 0.5),
    (0, 1, 0, -3, 0.4),
    (0, 1, 1, 12, 0.9),
    (0, 2, 0, -1, 0.3),
    (0, 2, 0, 20, 0.4),
    (0, 2, 0, 65, 0.8),
    (1, 0, 0, 5, 0.6),
]


def test_gains_are_of_one_skill_and_one_source():
    observed = seen(members([0, 0]), judged=JUDGED)
    gain = levels.skill_gain(observed, Window(first=0, last=56)).above
    np.testing.assert_allclose(gain, [(0.3 + 0.1) / 2, np.nan])
    np.testing.assert_allclose(levels.level_before(observed).above, [0.3, np.nan])


def test_mastery_is_retained_where_it_is_judged_again_after_the_window():
    observed = seen(members([0, 0]), judged=JUDGED)
    np.testing.assert_allclose(
        levels.retained_mastery(observed, Window(first=0, last=60)).above, [0.8, np.nan]
    )


def test_competency_is_reached_when_the_last_skill_reaches_its_target():
    targets = {0: {0: 0.5, 2: 0.4}, 1: {0: 0.9}, 2: {0: 0.1}}
    judged = [*JUDGED, (2, 0, 0, -5, 0.2)]
    waits = levels.waits_to_competency(seen(members([0] * 4), judged=judged, targets=targets))
    np.testing.assert_array_equal(waits.is_known, [True, True, False, False])
    np.testing.assert_allclose(waits.days[:2], [20, np.inf])


def test_waits_count_with_the_whole_window_at_most():
    observed = seen(members([0, 0]), judged=JUDGED, targets={0: {2: 0.8}, 1: {0: 0.9}})
    found = METRICS["time_to_competency"].measure(observed, Window(first=0, last=30)).above
    np.testing.assert_allclose(found, [30.0, 30.0])


def test_what_was_before_is_measured_alike_and_unknown_of_newcomers():
    observed = seen(
        members([0, 0]), [(0, 1, -40, "done", None, 7.0), (0, 1, -9, "done", None, 5.0)]
    )
    before = METRICS["minutes"].before(observed, FOUR_WEEKS)
    np.testing.assert_array_equal(before.above, [5.0, np.nan])
    nothing = seen(members([0]))
    assert np.isnan(known_before(plain(np.zeros(1)), nothing).above).all()


def test_nothing_seen_is_measured_as_nothing():
    observed = seen(members([0, 1]))
    for metric in METRICS.values():
        found = metric.measure(observed, FOUR_WEEKS)
        assert not np.nan_to_num(found.above).any()


def test_groups_are_rows_of_sums_over_their_learners():
    values = plain(np.array([1.0, 3.0, 8.0]))
    unit = np.array([7, 7, 2])
    rows = rows_of(values, np.array([True, True, True]), unit)
    assert rows.mean() == pytest.approx(4.0)
    assert len(rows) == 2
    assert len(rows_of(values, np.zeros(3, dtype=bool), None)) == 0


def test_rows_of_before_stand_beside_those_of_after():
    before = plain(np.array([np.nan, 2.0, np.nan, 4.0]))
    chosen = np.array([True, True, False, True])
    np.testing.assert_array_equal(rows_before(before, chosen, None), [np.nan, 2.0, 4.0])
    groups = rows_before(before, chosen, np.array([5, 1, 1, 1]))
    assert np.isnan(groups[1])
    assert groups[0] == pytest.approx(3.0)
