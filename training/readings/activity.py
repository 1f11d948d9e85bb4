"""Metrics of what learners did: events, and answers that were followed."""

import numpy as np

from training.readings.observed import Flags, Floats, Ints, Observed
from training.readings.values import Values, Window, count, plain

QUIET_DAYS = 14.0  # without any event, for a learner to count as gone


def completion_rate(observed: Observed, window: Window) -> Values:
    """Modules done ÷ modules taken up; waived ones are neither."""
    begun, done = _begun(observed, window), _done(observed, window)
    n = len(observed.members)
    both = np.union1d(begun, done)
    return Values(above=_by_learner(done, observed, n), below=_by_learner(both, observed, n))


def assessment_score(observed: Observed, window: Window) -> Values:
    """Sum of scores ÷ judged events with a score."""
    events = observed.interactions
    scored = _inside(observed, window) & ~np.isnan(events.score)
    learner, n = events.learner[scored], len(observed.members)
    return Values(above=count(learner, n, events.score[scored]), below=count(learner, n))


def minutes(observed: Observed, window: Window) -> Values:
    """Minutes of learning, as far as events report them."""
    events = observed.interactions
    timed = _inside(observed, window) & ~np.isnan(events.minutes)
    return plain(count(events.learner[timed], len(observed.members), events.minutes[timed]))


def optional_content(observed: Observed, window: Window) -> Values:
    """Modules taken up that were neither mandatory nor assigned to the learner."""
    begun = _begun(observed, window)
    free = ~observed.is_mandatory[begun % observed.n_modules]
    free &= ~np.isin(begun, observed.assigned)
    return plain(_by_learner(begun[free], observed, len(observed.members)))


def abandonment(observed: Observed, window: Window) -> Values:
    """Whether a learner left something undone and did nothing in the last `QUIET_DAYS`.

    In a window of less than twice as many days its last half is the quiet time.
    """
    quiet = min(QUIET_DAYS, (window.last - window.first) / 2.0)
    left = np.setdiff1d(_begun(observed, window), _done(observed, window))
    last = Window(first=window.last - quiet, last=window.last)
    n = len(observed.members)
    is_active = count(observed.interactions.learner[_inside(observed, last)], n) > 0.0
    return plain(((_by_learner(left, observed, n) > 0.0) & ~is_active).astype(np.float64))


def follow_rate(observed: Observed, window: Window) -> Values:
    """Answers of which a module was followed ÷ answers given."""
    met, start = observed.exposures, observed.members.start
    inside = window.holds(met.at, met.learner, start)
    n = len(observed.members)
    followed = met.is_followed[inside].astype(np.float64)
    return Values(
        above=count(met.learner[inside], n, followed), below=count(met.learner[inside], n)
    )


def outcome(metric: str, observed: Observed, window: Window) -> Values:
    """Mean of a learner's business results; unknown without any."""
    rows = observed.measurements[metric]
    inside = window.holds(rows.at, rows.learner, observed.members.start)
    n = len(observed.members)
    sums, counts = (
        count(rows.learner[inside], n, rows.value[inside]),
        count(rows.learner[inside], n),
    )
    known = counts > 0.0
    return plain(np.divide(sums, counts, out=np.full(n, np.nan), where=known))


def _inside(observed: Observed, window: Window) -> Flags:
    events = observed.interactions
    return window.holds(events.at, events.learner, observed.members.start)


def _begun(observed: Observed, window: Window) -> Ints:
    return _pairs(observed, _inside(observed, window) & observed.interactions.is_begun)


def _done(observed: Observed, window: Window) -> Ints:
    return _pairs(observed, _inside(observed, window) & observed.interactions.is_done)


def _pairs(observed: Observed, chosen: Flags) -> Ints:
    """Return each learner and module once, as learner × n_modules + module, ascending."""
    events = observed.interactions
    return np.unique(events.learner[chosen] * observed.n_modules + events.module[chosen])


def _by_learner(pairs: Ints, observed: Observed, n: int) -> Floats:
    return count(pairs // max(observed.n_modules, 1), n)
