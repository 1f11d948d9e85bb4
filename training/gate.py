"""The gate decides whether a snapshot may become the champion."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.holm import holm
from training.slices import SMALLEST_SLICE
from training.success.metrics import N_BINS

ALPHA = 0.05
CALIBRATION_MARGIN = 0.01
FEWEST_PAIRS = 2
CHAMPION = "champion"
NDCG, LOG_LOSS, ECE, GAP_CLOSED = "ndcg_at_10", "log_loss", "ece", "gap_closed"
OWN = "own"
ALL_LEARNERS, ALL_ATTEMPTS = "all learners", "all attempts"
# Two ways of computing the same number differ by less; a t-test would call that significant.
SAME = 1e-9


@dataclass(frozen=True, kw_only=True)
class HeldOutResults:
    """What one snapshot and its rivals did on the held-out learners.

    Attributes
    ----------
    learner_ids
        str, (n,).
    asked
        uint64, (n,), a digest of the history each learner was judged on: where it is equal, the
        same question was asked.
    ndcg_at_10
        By model, float64, (n,), NaN for learners with nothing to rank.
    log_loss
        By model, float64, (n,), the learner's mean over their attempts, NaN without attempts.
    ece
        By model, expected calibration error in [0,1].
    n_attempts
        How many attempts the errors are measured on.
    slices
        By attribute, str, (n,), "" where unknown.
    chosen_ranking, chosen_success
        The models that are in the snapshot; None where that part could not be trained.
    gap_closed
        By snapshot (`OWN` and champions), float64, (n,): the share of what is asked of the learner
        that the modules it would show close; NaN for learners it was not asked about.
    """

    learner_ids: NDArray[np.str_]
    asked: NDArray[np.uint64]
    ndcg_at_10: Mapping[str, NDArray[np.float64]]
    log_loss: Mapping[str, NDArray[np.float64]]
    ece: Mapping[str, float]
    n_attempts: int
    slices: Mapping[str, NDArray[np.str_]]
    chosen_ranking: str | None
    chosen_success: str | None
    gap_closed: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison: the candidate against a rival on one measure, somewhere.

    `difference` is in favour of the candidate where positive; `p_worse` is the (adjusted)
    probability of a difference so low were the candidate no worse. `n_unanswered` counts learners
    for whom the rival has a value and the candidate none, or an infinite one.
    """

    measure: str
    rival: str
    where: str
    n_learners: int
    difference: float
    p_worse: float
    passed: bool
    n_unanswered: int = 0


def judge(results: HeldOutResults) -> tuple[Check, ...]:
    """Compare a candidate with the champion and with each baseline on the same learners.

    Parameters
    ----------
    results
        Of the candidate and its rivals; those of the champion, if there is one, are under
        `CHAMPION` (see `training.champion`).

    Returns
    -------
    tuple of Check
        All of them; the snapshot may be promoted if every one passed.

    Notes
    -----
    One-sided paired t-tests over learners at 5 %. The slices of `SMALLEST_SLICE` learners or more
    are one family under Holm's adjustment for each measure and rival: what harms a group against
    the champion must not be diluted by baselines that nobody comes near. The candidate has to
    answer wherever a rival does, and to have been compared with the champion on enough learners.
    The calibration error may exceed a rival's by `CALIBRATION_MARGIN` and what a perfect model
    would show by chance (`chance_error`).
    """
    checks: list[Check] = []
    for measure, own, rivals, sign in _halves(results):
        for rival, theirs in rivals.items():
            with np.errstate(invalid="ignore"):  # inf − inf is NaN, and that is what is meant
                difference = sign * (own - theirs)
            overall = _check(measure, rival, ALL_LEARNERS, difference)
            checks.append(_require_answers(overall, own, theirs))
            checks += _slices(measure, rival, difference, results.slices)
    return (*checks, *_calibration(results))


def _halves(
    results: HeldOutResults,
) -> Iterator[tuple[str, NDArray[np.float64], Mapping[str, NDArray[np.float64]], float]]:
    """Yield measure, own values, the rivals' values, and the sign that makes more better."""
    own = OWN if results.gap_closed else None
    for measure, chosen, values, sign in (
        (NDCG, results.chosen_ranking, results.ndcg_at_10, 1.0),
        (LOG_LOSS, results.chosen_success, results.log_loss, -1.0),
        (GAP_CLOSED, own, results.gap_closed, 1.0),
    ):
        if chosen is not None:
            rivals = {name: theirs for name, theirs in values.items() if name != chosen}
            yield measure, values[chosen], rivals, sign


def _slices(
    measure: str,
    rival: str,
    difference: NDArray[np.float64],
    slices: Mapping[str, NDArray[np.str_]],
) -> list[Check]:
    """Check every slice that is large enough, as one family."""
    family = []
    for attribute, values in slices.items():
        for value in np.unique(values[values != ""]):
            part = np.where(values == value, difference, np.nan)
            if np.isfinite(part).sum() >= SMALLEST_SLICE:
                family.append(_check(measure, rival, f"{attribute} = {value}", part))
    adjusted = holm(np.array([check.p_worse for check in family]))
    return [
        replace(check, p_worse=p, passed=p >= ALPHA)
        for check, p in zip(family, adjusted.tolist(), strict=True)
    ]


def _check(measure: str, rival: str, where: str, difference: NDArray[np.float64]) -> Check:
    values = difference[np.isfinite(difference)]
    p_worse = _p_worse(values)
    return Check(
        measure=measure,
        rival=rival,
        where=where,
        n_learners=len(values),
        difference=float(values.mean()) if len(values) else 0.0,
        p_worse=p_worse,
        passed=p_worse >= ALPHA,
    )


def _require_answers(check: Check, own: NDArray[np.float64], theirs: NDArray[np.float64]) -> Check:
    """Fail a check with learners the candidate has no value for, or with too few to compare."""
    n_unanswered = int((np.isfinite(theirs) & ~np.isfinite(own)).sum())
    half = -(-int(np.isfinite(own).sum()) // 2)
    # A champion that was hardly compared with was not compared with.
    fewest = max(FEWEST_PAIRS, min(SMALLEST_SLICE, half)) if check.rival == CHAMPION else 0
    passed = check.passed and n_unanswered == 0 and check.n_learners >= fewest
    return replace(check, n_unanswered=n_unanswered, passed=passed)


def _p_worse(values: NDArray[np.float64]) -> float:
    """Return the p-value of a one-sided paired t-test against a mean of 0 or more."""
    if len(values) < FEWEST_PAIRS:
        return 1.0
    values = np.where(np.abs(values) < SAME, 0.0, values)
    mean, spread = values.mean(), values.std(ddof=1)
    if spread <= abs(mean) * 1e-12:
        return 0.0 if mean < 0 else 1.0
    return float(stats.t.cdf(mean / (spread / np.sqrt(len(values))), len(values) - 1))


def chance_error(n_attempts: int) -> float:
    """Return at most what the calibration error of a perfectly calibrated model is expected to be.

    With n attempts in B equal bins the observed rate of a bin strays by √(p(1−p)·B/n), a normal
    deviation whose mean size is √(2/π) of that; p(1−p) ≤ ¼.
    """
    return float(np.sqrt(2.0 / np.pi * 0.25 * N_BINS / max(n_attempts, 1)))


def _calibration(results: HeldOutResults) -> tuple[Check, ...]:
    own = results.ece.get(results.chosen_success or "", np.nan)
    if not np.isfinite(own):  # without p_success there is no calibration, and judge says so
        return ()
    allowed = CALIBRATION_MARGIN + chance_error(results.n_attempts)
    return tuple(
        Check(
            measure=ECE,
            rival=rival,
            where=ALL_ATTEMPTS,
            n_learners=len(results.learner_ids),
            difference=error - own,
            p_worse=1.0,
            passed=own <= error + allowed,
        )
        for rival, error in results.ece.items()
        if rival != results.chosen_success and np.isfinite(error)
    )
