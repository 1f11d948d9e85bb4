"""The metrics an experiment can name: what each is, how long it takes, and which way is good."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from features.domain.experiment import OUTCOME_METRIC, MetricSpec
from training.readings import activity, levels
from training.readings.observed import Observed
from training.readings.values import Values, Window, known_before, plain

Measure = Callable[[Observed, Window], Values]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric, by one definition.

    Attributes
    ----------
    metric_id, title, unit
        Its name, in words, and what it is counted in.
    window_days
        How long after the first exposure things count, where the experiment does not say.
    higher_is_better
        Which way is good.
    measure
        What it is by learner.
    before
        What foretells it, from before the experiment (CUPED); None where nothing does.
    added_days
        How long after the window a learner is mature.
    is_time
        Whether it is a time that may not have ended yet.
    can_be_halved
        Whether half a window measures the same thing: for novelty.
    """

    metric_id: str
    title: str
    unit: str
    window_days: float
    higher_is_better: bool
    measure: Measure
    before: Measure | None
    added_days: float = 0.0
    is_time: bool = False
    can_be_halved: bool = True


def metric_for(spec: MetricSpec) -> Metric:
    """Return the definition that an experiment names; its ids were checked when it was defined."""
    is_business = spec.metric_id.startswith(OUTCOME_METRIC)
    metric = _business(spec.metric_id) if is_business else METRICS[spec.metric_id]
    if spec.higher_is_better is None:
        return metric
    return replace(metric, higher_is_better=spec.higher_is_better)


def _earlier(measure: Measure) -> Measure:
    """Measure the same over as many days before the first exposure."""

    def before(observed: Observed, window: Window) -> Values:
        length = window.last - window.first
        return known_before(measure(observed, Window(first=-length, last=0.0)), observed)

    return before


def _pre_test(observed: Observed, _: Window) -> Values:
    return levels.level_before(observed)


def _capped_wait(observed: Observed, window: Window) -> Values:
    """Days to competency, at most the whole window."""
    waits = levels.waits_to_competency(observed)
    return plain(np.where(waits.is_known, np.minimum(waits.days, window.last), np.nan))


def _business(metric_id: str) -> Metric:
    name = metric_id.removeprefix(OUTCOME_METRIC)
    measure = partial(activity.outcome, name)

    def before(observed: Observed, window: Window) -> Values:
        return measure(observed, Window(first=window.first - window.last, last=0.0))

    return Metric(
        metric_id=metric_id,
        title=name,
        unit="as reported",
        window_days=56.0,
        higher_is_better=True,
        measure=measure,
        before=before,
    )


_ALL = (
    Metric(
        metric_id="completion_rate",
        title="modules done of those taken up",
        unit="share",
        window_days=28.0,
        higher_is_better=True,
        measure=activity.completion_rate,
        before=_earlier(activity.completion_rate),
    ),
    Metric(
        metric_id="assessment_score",
        title="score of judged attempts",
        unit="share of points",
        window_days=28.0,
        higher_is_better=True,
        measure=activity.assessment_score,
        before=_earlier(activity.assessment_score),
    ),
    Metric(
        metric_id="skill_gain",
        title="rise of judged skill levels",
        unit="levels",
        window_days=56.0,
        higher_is_better=True,
        measure=levels.skill_gain,
        before=_pre_test,
        can_be_halved=False,
    ),
    Metric(
        metric_id="time_to_competency",
        title="days to all levels asked for",
        unit="days",
        window_days=90.0,
        higher_is_better=False,
        measure=_capped_wait,
        before=_pre_test,
        is_time=True,
        can_be_halved=False,
    ),
    Metric(
        metric_id="retained_mastery",
        title="judged levels after the window",
        unit="levels",
        window_days=60.0,
        higher_is_better=True,
        measure=levels.retained_mastery,
        before=_pre_test,
        added_days=levels.JUDGED_WITHIN_DAYS,
        can_be_halved=False,
    ),
    Metric(
        metric_id="abandonment",
        title="learners who left something undone and went quiet",
        unit="share of learners",
        window_days=28.0,
        higher_is_better=False,
        measure=activity.abandonment,
        before=_earlier(activity.abandonment),
        can_be_halved=False,
    ),
    Metric(
        metric_id="follow_rate",
        title="answers of which a module was followed",
        unit="share of answers",
        window_days=14.0,
        higher_is_better=True,
        measure=activity.follow_rate,
        before=None,
    ),
    Metric(
        metric_id="minutes",
        title="minutes of learning",
        unit="minutes",
        window_days=28.0,
        higher_is_better=True,
        measure=activity.minutes,
        before=_earlier(activity.minutes),
    ),
    Metric(
        metric_id="optional_content",
        title="modules taken up that nobody had to take",
        unit="modules",
        window_days=28.0,
        higher_is_better=True,
        measure=activity.optional_content,
        before=_earlier(activity.optional_content),
    ),
)
METRICS = {metric.metric_id: metric for metric in _ALL}
