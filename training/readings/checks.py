"""Whether an experiment may be believed: arms as large as promised, alike before, kept apart."""

from collections.abc import Iterator, Sequence

import numpy as np

from features.domain.errors import CannotTellError
from features.domain.experiment import Experiment
from training.experiments.balance import imbalance_before, sample_ratio
from training.readings.compare import Comparison
from training.readings.document import (
    ArmRatio,
    BalanceCheck,
    Checks,
    Contamination,
    RatioCheck,
)
from training.readings.observed import Ints, Observed
from training.readings.result import Measured


def run_checks(
    experiment: Experiment,
    observed: Observed,
    comparison: Comparison,
    measured: Sequence[Measured],
) -> Checks:
    """Run every check of an experiment that has begun.

    Parameters
    ----------
    experiment
        Gives the weights of each period.
    observed, comparison
        Who is compared, and how.
    measured
        Its metrics; what was before them is compared.
    """
    return Checks(
        sample_ratio=_sample_ratio(experiment, observed),
        balance=tuple(_balance(experiment, observed, comparison, measured)),
        contamination=_contamination(observed),
    )


def units_by_phase(experiment: Experiment, observed: Observed) -> Ints:
    """Count units by the phase whose weights assigned them, and by arm: (n_phases, n_arms)."""
    members = observed.members
    numbers = {phase.number: row for row, phase in enumerate(experiment.phases)}
    _, first = np.unique(members.unit, return_index=True)
    counts = np.zeros((len(numbers), len(experiment.variants)), dtype=np.int64)
    rows = [numbers[number] for number in members.phase[first].tolist()]
    np.add.at(counts, (np.array(rows, dtype=np.int64), members.arm[first]), 1)
    return counts


def _sample_ratio(experiment: Experiment, observed: Observed) -> RatioCheck:
    counts = units_by_phase(experiment, observed)
    names = [each.variant_id for each in experiment.variants]
    weights = np.array([[phase.weights[name] for name in names] for phase in experiment.phases])
    weights /= weights.sum(axis=1, keepdims=True)  # they may miss 1 by a rounding
    expected = (counts.sum(axis=1, keepdims=True) * weights).sum(axis=0)
    try:
        found, reason = sample_ratio(counts, weights), None
    except CannotTellError as error:
        found, reason = None, error.detail
    return RatioCheck(
        arms=tuple(
            ArmRatio(variant_id=name, n=int(n), expected=float(promised))
            for name, n, promised in zip(names, counts.sum(axis=0), expected, strict=True)
        ),
        n_periods=len(weights),
        p_value=None if found is None else found.p_value,
        is_mismatch=found is not None and found.is_mismatch,
        reason=reason,
    )


def _balance(
    experiment: Experiment,
    observed: Observed,
    comparison: Comparison,
    measured: Sequence[Measured],
) -> Iterator[BalanceCheck]:
    """Compare what was before, of all who are enrolled, arm by arm; where it is known."""
    everybody = np.ones(len(observed.members), dtype=bool)
    for each in measured:
        if each.before is None:
            continue
        known = comparison.arm_rows_before(each.before, each.before, everybody)
        for arm, variant in enumerate(experiment.variants[1:], start=1):
            try:
                found = imbalance_before(known[0], known[arm])
            except CannotTellError:
                continue
            yield BalanceCheck(
                metric_id=each.metric.metric_id,
                variant_id=variant.variant_id,
                standardised=found.standardised,
                p_value=found.p_value,
                is_alarming=found.is_alarming,
                n_unknown=found.n_unknown,
            )


def _contamination(observed: Observed) -> Contamination:
    elsewhere = observed.exposures.is_elsewhere
    return Contamination(
        n_learners=len(np.unique(observed.exposures.learner[elsewhere])),
        n_exposures=int(elsewhere.sum()),
    )
