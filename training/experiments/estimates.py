"""The effect of an arm: absolute and relative, with intervals, by Welch's t or over clusters.

References
----------
Welch, B. L. (1947). The generalization of Student's problem when several different population
variances are involved. Biometrika 34.
Cameron, A. C. & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. Journal
of Human Resources 50. (t with G − 1 degrees)
Deng, A., Knoblich, U. & Lu, J. (2018). Applying the delta method in metric analytics. KDD.
(relative effects)
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from features.domain.errors import CannotTellError, InvalidValueError
from training.experiments.results import ALPHA, Effect, student_difference
from training.experiments.rows import Rows

FEWEST_ROWS = 2


@dataclass(frozen=True, kw_only=True)
class Moments:
    """All that a comparison needs of an arm.

    Attributes
    ----------
    n
        Rows: learners, or clusters where clusters were assigned.
    mean, variance
        Of the rows, the variance with n − 1.
    """

    n: int
    mean: float
    variance: float


def moments(rows: Rows, name: str = "arm") -> Moments:
    """Summarise the rows of an arm.

    Parameters
    ----------
    rows
        float64, (n,): as `training.experiments.rows` makes them, or plain values.
    name
        Of the arm, for messages.

    Raises
    ------
    CannotTellError
        Under two rows.
    InvalidValueError
        A value is not a finite number.
    """
    _enough(len(rows), name)
    if not np.isfinite(rows).all():
        raise InvalidValueError(f"{name}: a value is not a finite number; leave its row out")
    return Moments(n=len(rows), mean=float(rows.mean()), variance=float(rows.var(ddof=1)))


def effect_of(
    control: Rows, treatment: Rows, alpha: float = ALPHA, unadjusted: Rows | None = None
) -> Effect:
    """Compare two arms whose rows were assigned one by one, by Welch's t.

    Parameters
    ----------
    control, treatment
        float64, (n,) each.
    alpha
        One minus the level of the intervals, in (0,1).
    unadjusted
        The control's rows as they were before CUPED, where it was used: relative effects are shares
        of their mean.

    Raises
    ------
    CannotTellError
        An arm has under two rows, or no row differs from the others of its arm.
    """
    arms = moments(control, "control"), moments(treatment, "treatment")
    effect = _compare(*arms, _welch(*arms), alpha)
    return effect if unadjusted is None else _relative_to(effect, control, unadjusted, alpha)


def effect_of_moments(control: Moments, treatment: Moments, alpha: float = ALPHA) -> Effect:
    """Compare two arms by Welch's t.

    Parameters
    ----------
    control, treatment
        The arms.
    alpha
        One minus the level of the intervals, in (0,1).

    Returns
    -------
    Effect
        With the Welch–Satterthwaite degrees of freedom of the absolute effect, for the relative one
        too, as GrowthBook has it.

    Raises
    ------
    CannotTellError
        An arm has under two rows, or no row differs from the others of its arm.
    """
    _enough(control.n, "control")
    _enough(treatment.n, "treatment")
    return _compare(control, treatment, _welch(control, treatment), alpha)


def effect_of_clusters(
    control: Rows, treatment: Rows, alpha: float = ALPHA, unadjusted: Rows | None = None
) -> Effect:
    """Compare two arms to which clusters were assigned.

    Parameters
    ----------
    control, treatment
        float64, (n_clusters,), of `cluster_rows`.
    alpha, unadjusted
        As in `effect_of`.

    Returns
    -------
    Effect
        With G − 1 degrees of freedom, G the clusters of both arms.

    Raises
    ------
    CannotTellError
        An arm has one cluster, or no cluster differs from the others of its arm.
    """
    arms = moments(control, "control"), moments(treatment, "treatment")
    effect = _compare(*arms, len(control) + len(treatment) - 1.0, alpha)
    return effect if unadjusted is None else _relative_to(effect, control, unadjusted, alpha)


def _enough(n: int, name: str) -> None:
    if n < FEWEST_ROWS:
        raise CannotTellError(
            f"{name}: has {n} of the {FEWEST_ROWS} learners or clusters that an interval needs; "
            "wait for more"
        )


def _welch(control: Moments, treatment: Moments) -> float:
    own, other = treatment.variance / treatment.n, control.variance / control.n
    parts = own**2 / (treatment.n - 1) + other**2 / (control.n - 1)
    return (own + other) ** 2 / parts if parts > 0.0 else 1.0


def _compare(control: Moments, treatment: Moments, degrees: float, alpha: float) -> Effect:
    if all(arm.variance <= (abs(arm.mean) * 1e-12) ** 2 for arm in (control, treatment)):
        raise CannotTellError("the metric has no variance: every row of an arm has the same value")
    relative = None
    parts = (treatment.variance / treatment.n, control.variance / control.n)
    if control.mean != 0.0:
        quotient = treatment.mean / control.mean
        error = math.sqrt(parts[0] + quotient**2 * parts[1]) / abs(control.mean)
        if error > 0.0:  # else the treatment earned nothing, and a share of nothing has no spread
            relative = student_difference(quotient - 1.0, error, degrees, alpha)
    value = treatment.mean - control.mean
    return Effect(
        n_control=control.n,
        n_treatment=treatment.n,
        control=control.mean,
        treatment=treatment.mean,
        absolute=student_difference(value, math.sqrt(sum(parts)), degrees, alpha),
        relative=relative,
    )


def _relative_to(effect: Effect, control: Rows, unadjusted: Rows, alpha: float) -> Effect:
    """Make an adjusted effect relative to the control's mean as it was before adjusting.

    Adjusting moves the mean to where no reader finds it again. The delta method of
    (B − A) ÷ Y, A and Y the adjusted and plain means of the same learners: a control row adds
    A + value · Y to the error.
    """
    mean = float(unadjusted.mean())
    if mean == 0.0:
        return replace(effect, relative=None)
    value = effect.absolute.value / mean
    plain = control.var(ddof=1) / len(control)
    mixed = (control + value * unadjusted).var(ddof=1) / len(control)
    variance = effect.absolute.standard_error**2 - plain + mixed
    error = math.sqrt(max(variance, 0.0)) / abs(mean)
    if error == 0.0:
        return replace(effect, relative=None)
    relative = student_difference(value, error, effect.absolute.degrees, alpha)
    return replace(effect, relative=relative)
