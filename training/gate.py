"""The gate decides whether a snapshot may become the champion."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.success.metrics import N_BINS

ALPHA = 0.05
SMALLEST_SLICE = 200
CALIBRATION_MARGIN = 0.01
FEWEST_PAIRS = 2
CHAMPION = "champion"


@dataclass(frozen=True, kw_only=True)
class HeldOutResults:
    """What one snapshot and its rivals did on the held-out learners.

    Attributes
    ----------
    learner_ids
        str, (n,).
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
    """

    learner_ids: NDArray[np.str_]
    ndcg_at_10: Mapping[str, NDArray[np.float64]]
    log_loss: Mapping[str, NDArray[np.float64]]
    ece: Mapping[str, float]
    n_attempts: int
    slices: Mapping[str, NDArray[np.str_]]
    chosen_ranking: str | None
    chosen_success: str | None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One comparison: the candidate against a rival on one measure, somewhere.

    `difference` is in favour of the candidate where positive; `p_worse` is the (adjusted)
    probability of a difference so low were the candidate no worse.
    """

    measure: str
    rival: str
    where: str
    n_learners: int
    difference: float
    p_worse: float
    passed: bool


def judge(candidate: HeldOutResults, champion: HeldOutResults | None) -> tuple[Check, ...]:
    """Compare a candidate with the champion and with each baseline on the same learners.

    Parameters
    ----------
    candidate
        Its results and those of the baselines.
    champion
        The champion's results on its own held-out learners; only those whom both were judged on
        count. None where there is no champion.

    Returns
    -------
    tuple of Check
        All of them; the snapshot may be promoted if every one passed.

    Notes
    -----
    One-sided paired t-tests over learners at 5 %. Slices of `SMALLEST_SLICE` learners or more
    form one family under Holm's adjustment (Holm 1979). The calibration error may exceed a rival's
    by `CALIBRATION_MARGIN` and what a perfect model would show by chance (`chance_error`).
    """
    overall: list[Check] = []
    slices: list[Check] = []
    for measure, rival, difference in _differences(candidate, champion):
        overall.append(_check(measure, rival, "all learners", difference))
        for attribute, values in candidate.slices.items():
            for value in np.unique(values[values != ""]):
                part = np.where(values == value, difference, np.nan)
                if np.isfinite(part).sum() >= SMALLEST_SLICE:
                    slices.append(_check(measure, rival, f"{attribute} = {value}", part))
    return (*overall, *_holm(slices), *_calibration(candidate, champion))


def _differences(
    candidate: HeldOutResults, champion: HeldOutResults | None
) -> Iterator[tuple[str, str, NDArray[np.float64]]]:
    """Yield measure, rival and per-learner differences (candidate better where positive)."""
    for measure, own_model, results, sign in (
        ("ndcg_at_10", candidate.chosen_ranking, candidate.ndcg_at_10, 1.0),
        ("log_loss", candidate.chosen_success, candidate.log_loss, -1.0),
    ):
        if own_model is None:
            continue
        own = results[own_model]
        for rival, values in results.items():
            if rival != own_model:
                yield measure, rival, sign * (own - values)
        theirs = None if champion is None else _champion_values(candidate, champion, measure)
        if theirs is not None:
            yield measure, CHAMPION, sign * (own - theirs)


def _champion_values(
    candidate: HeldOutResults, champion: HeldOutResults, measure: str
) -> NDArray[np.float64] | None:
    chosen = champion.chosen_ranking if measure == "ndcg_at_10" else champion.chosen_success
    if chosen is None:
        return None
    results = champion.ndcg_at_10 if measure == "ndcg_at_10" else champion.log_loss
    known = dict(zip(champion.learner_ids.tolist(), results[chosen].tolist(), strict=True))
    return np.array([known.get(name, np.nan) for name in candidate.learner_ids.tolist()])


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
        # A champion that shares no held-out learners was not compared with at all.
        passed=p_worse >= ALPHA and not (rival == CHAMPION and len(values) < FEWEST_PAIRS),
    )


def _p_worse(values: NDArray[np.float64]) -> float:
    """Return the p-value of a one-sided paired t-test against a mean of 0 or more."""
    if len(values) < FEWEST_PAIRS:
        return 1.0
    mean, spread = values.mean(), values.std(ddof=1)
    if spread <= abs(mean) * 1e-12:
        return 0.0 if mean < 0 else 1.0
    return float(stats.t.cdf(mean / (spread / np.sqrt(len(values))), len(values) - 1))


def _holm(checks: list[Check]) -> list[Check]:
    """Adjust p-values of one family: the k-th smallest of m is multiplied by m − k + 1."""
    order = np.argsort([check.p_worse for check in checks], kind="stable")
    adjusted = np.ones(len(checks))
    highest = 0.0
    for position, place in enumerate(order):
        highest = max(highest, min(1.0, (len(checks) - position) * checks[place].p_worse))
        adjusted[place] = highest
    return [
        Check(
            measure=check.measure,
            rival=check.rival,
            where=check.where,
            n_learners=check.n_learners,
            difference=check.difference,
            p_worse=float(p),
            passed=bool(p >= ALPHA),
        )
        for check, p in zip(checks, adjusted, strict=True)
    ]


def chance_error(n_attempts: int) -> float:
    """Return at most what the calibration error of a perfectly calibrated model is expected to be.

    With n attempts in B equal bins the observed rate of a bin strays by √(p(1−p)·B/n), a normal
    deviation whose mean size is √(2/π) of that; p(1−p) ≤ ¼.
    """
    return float(np.sqrt(2.0 / np.pi * 0.25 * N_BINS / max(n_attempts, 1)))


def _calibration(candidate: HeldOutResults, champion: HeldOutResults | None) -> tuple[Check, ...]:
    if candidate.chosen_success is None:
        return ()
    own = candidate.ece[candidate.chosen_success]
    allowed = CALIBRATION_MARGIN + chance_error(candidate.n_attempts)
    rivals = {
        name: value for name, value in candidate.ece.items() if name != candidate.chosen_success
    }
    if champion is not None and champion.chosen_success is not None:
        rivals = {"champion": champion.ece[champion.chosen_success]}
    return tuple(
        Check(
            measure="ece",
            rival=rival,
            where="all attempts",
            n_learners=len(candidate.learner_ids),
            difference=value - own,
            p_worse=1.0,
            passed=own <= value + allowed,
        )
        for rival, value in rivals.items()
    )
