"""How large an experiment must be, from what the organisation's own learners did lately."""

import math
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from features.decide.facts import fact_of
from features.domain.errors import CannotTellError
from features.domain.experiment import LEARNER, MetricRole, MetricSpec
from features.domain.instants import to_microseconds
from features.store.workspace import Repositories, Workspace
from training.experiments.power import (
    POWER,
    Design,
    design_effect,
    intraclass_correlation,
    minimum_detectable_effect,
    planned_size,
)
from training.experiments.rows import Rows, adjust_for_before
from training.readings.compare import widening
from training.readings.gather import Numbers, gather_members
from training.readings.metrics import metric_for
from training.readings.observed import DAY, NONE, Flags, Ints, Members
from training.readings.values import Values, Window, rows_before, rows_of

ARRIVAL_DAYS = 28
WEEKS = (4, 8, 13, 26, 52)
FEWEST = 20  # learners: with fewer a spread is a guess


@dataclass(frozen=True, kw_only=True)
class PlanRequest:
    """What is planned.

    Attributes
    ----------
    metric_id, window_days
        The goal; its usual window where None.
    effect
        The difference to be found, in the metric's unit; None asks only what can be found when.
    unit
        "learner", or the attribute whose groups are assigned.
    n_arms
        With the control, ≥ 2; of equal weight.
    coverage
        Share of the learners who come that are enrolled, in (0,1].
    power
        In (0,1).
    """

    metric_id: str
    window_days: float | None = None
    effect: float | None = None
    unit: str = LEARNER
    n_arms: int = 2
    coverage: float = 1.0
    power: float = POWER


@dataclass(frozen=True, kw_only=True)
class Found:
    """The least difference that shows after some weeks, with so many learners of all arms."""

    weeks: int
    n: int
    effect: float | None


@dataclass(frozen=True, kw_only=True)
class PlanResult:
    """What history says of a plan.

    Attributes
    ----------
    n_learners, mean, standard_deviation
        Of the metric in history; the deviation after CUPED.
    narrowed_by
        Width after CUPED ÷ width before.
    n_groups, correlation, design_effect
        Of groups: how many, how alike their learners are, and by how much that raises the variance;
        1 without groups.
    arrivals_per_day
        Learners who would newly meet the experiment, at the usual number and the coverage.
    n_reachable
        Learners known, at the coverage: more than these never come.
    planned_n
        Learners of all arms that show the effect with always-valid intervals; `fixed_n` with one
        look at the end. None without an effect, or where no number of learners shows it.
    planned_units
        The same in units: learners, or groups of the usual size.
    days
        Until they have come and their outcomes are in; None where so many never come.
    found
        What can be found after how many weeks, outcomes included.
    """

    metric_id: str
    unit: str
    window_days: float
    n_learners: int
    mean: float
    standard_deviation: float
    narrowed_by: float
    n_groups: int | None
    correlation: float
    design_effect: float
    arrivals_per_day: float
    n_reachable: int
    effect: float | None
    power: float
    planned_n: int | None
    fixed_n: int | None
    planned_units: int | None
    days: float | None
    found: tuple[Found, ...]


@dataclass(frozen=True, kw_only=True)
class _Units:
    """What assigning groups makes of a plan: learners a unit, and how much more doubt there is.

    `wider` is by how much few groups, read by Student's t, raise the variance.
    """

    n_groups: int | None = None
    size: float = 1.0
    correlation: float = 0.0
    design_effect: float = 1.0
    wider: float = 1.0

    @classmethod
    def of(cls, rows: Rows, groups: Ints) -> "_Units":
        """Measure groups on the rows of learners."""
        alike = intraclass_correlation(rows, groups)
        sizes = np.unique(groups, return_counts=True)[1]
        return cls(
            n_groups=len(sizes),
            size=float(sizes.mean()),
            correlation=alike,
            design_effect=max(design_effect(sizes, alike), 1.0),
            wider=widening(len(sizes) - 1.0) ** 2,
        )


@dataclass(frozen=True, kw_only=True)
class _Arrivals:
    """How many learners come a day, how many there are, and days until an outcome is in."""

    per_day: float
    n_reachable: int
    days: float

    def after(self, weeks: int) -> int:
        """Return how many came early enough for their outcome to be in after some weeks."""
        come = math.floor(max(7.0 * weeks - self.days, 0.0) * self.per_day)
        return min(come, self.n_reachable)

    def days_until(self, n: int | None) -> float | None:
        """Return how long until the outcomes of so many are in; None where never."""
        if n is None or self.per_day == 0.0 or n > self.n_reachable:
            return None
        return n / self.per_day + self.days


def plan_experiment(workspace: Workspace, request: PlanRequest, now: datetime) -> PlanResult:
    """Say how large an experiment must be and how long it takes.

    The metric is measured on the learners seen of late, as if each had first met an experiment just
    long enough ago for the outcome to be in.

    Raises
    ------
    CannotTellError
        Nobody was seen, or the metric does not vary.
    StoreUnavailableError
        If the database does not answer.
    """
    spec = MetricSpec(
        metric_id=request.metric_id, role=MetricRole.GOAL, window_days=request.window_days
    )
    metric = metric_for(spec)
    window = Window(first=0.0, last=spec.window_days or metric.window_days)
    days = window.last + metric.added_days
    with workspace.reading() as repositories:
        members, n_arrived = _seen_of_late(repositories, now, days)
        observed = gather_members(repositories, members, [request.metric_id])
        groups = _groups(repositories, members, request.unit)
        arrivals = _Arrivals(
            per_day=n_arrived / ARRIVAL_DAYS * request.coverage,
            n_reachable=math.floor(repositories.learners.n_learners() * request.coverage),
            days=days,
        )
    values = metric.measure(observed, window)
    known = values.is_known & (values.below > 0.0) & (groups != NONE)
    _require_enough(int(known.sum()), request, days)
    before = None if metric.before is None else metric.before(observed, window)
    rows, narrowed_by = _adjusted(values, before, known)
    units = _Units.of(rows, groups[known]) if request.unit != LEARNER else _Units()
    design = Design(
        standard_deviation=float(rows.std(ddof=1)),
        design_effect=units.design_effect * units.wider,
        always_valid=True,
    )
    needed = _needed(design, request)
    return PlanResult(
        metric_id=request.metric_id,
        unit=request.unit,
        window_days=window.last,
        n_learners=int(known.sum()),
        mean=float(rows.mean()),
        standard_deviation=design.standard_deviation,
        narrowed_by=narrowed_by,
        n_groups=units.n_groups,
        correlation=units.correlation,
        design_effect=units.design_effect,
        arrivals_per_day=arrivals.per_day,
        n_reachable=arrivals.n_reachable,
        effect=request.effect,
        power=request.power,
        planned_n=needed,
        fixed_n=_needed(replace(design, always_valid=False), request),
        planned_units=None if needed is None else math.ceil(needed / units.size),
        days=arrivals.days_until(needed),
        found=tuple(_found(design, request, weeks, arrivals.after(weeks)) for weeks in WEEKS),
    )


def _require_enough(n: int, request: PlanRequest, days: float) -> None:
    if n < FEWEST:
        raise CannotTellError(
            f"history: {request.metric_id} is known of {n} learners of the last "
            f"{days + ARRIVAL_DAYS:g} days; {FEWEST} are needed"
        )


def _seen_of_late(repositories: Repositories, now: datetime, days: float) -> tuple[Members, int]:
    """Return the learners seen in a month before outcomes could be in, and how many came lately.

    Whoever was served a recommendation has come; where hardly any were, whoever did something.
    """
    latest = to_microseconds(now)
    start = latest - round(days * DAY)
    seen, came = set[str](), set[str]()
    for row in repositories.observations.interactions():
        at = row[3]
        if start - ARRIVAL_DAYS * DAY <= at < latest:
            seen.add(row[0])
        if at >= latest - ARRIVAL_DAYS * DAY:
            came.add(row[0])
    served = repositories.observations.n_served(latest - ARRIVAL_DAYS * DAY)
    ids, nobody = tuple(sorted(seen)), np.zeros(len(seen), dtype=np.int64)
    members = Members(
        learner_ids=ids, arm=nobody, unit=nobody, phase=nobody, start=np.full(len(ids), start)
    )
    return members, served if served >= FEWEST else max(served, len(came))


def _groups(repositories: Repositories, members: Members, unit: str) -> Ints:
    """Return the number of each member's group; `NONE` where it is not known."""
    if unit == LEARNER:
        return np.arange(len(members))
    numbers = Numbers()
    found = {
        each.learner_id: numbers[str(value)]
        for each in repositories.observations.profiles()
        if (value := fact_of(each, unit)) not in (None, "")
    }
    return np.array([found.get(name, NONE) for name in members.learner_ids], dtype=np.int64)


def _adjusted(values: Values, before: Values | None, known: Flags) -> tuple[Rows, float]:
    """Return the rows of known learners after CUPED, and by how much that narrows intervals."""
    rows = rows_of(values, known, None)
    if before is None:
        return rows, 1.0
    found = adjust_for_before([rows], [rows_before(before, known, None)])
    return found.rows[0], float(np.sqrt(max(1.0 - found.correlation**2, 0.0)))


def _needed(design: Design, request: PlanRequest) -> int | None:
    """Return learners of all arms that find the effect; one treatment and the control find it."""
    if request.effect is None:
        return None
    of_two = planned_size(design, request.effect, request.power)
    return math.ceil(of_two * request.n_arms / 2)


def _found(design: Design, request: PlanRequest, weeks: int, n: int) -> Found:
    """Return what shows after some weeks, of the n who came early enough for their outcome."""
    of_two = 2 * n / request.n_arms
    effect = None
    with suppress(CannotTellError):
        if of_two > 0.0:
            effect = minimum_detectable_effect(design, of_two, request.power)
    return Found(weeks=weeks, n=n, effect=effect)
