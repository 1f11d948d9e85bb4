"""What every comparison of two arms answers with."""

from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Treatment against control, in the metric's unit or as a share of the control's mean.

    Attributes
    ----------
    value, standard_error
        The estimate and its standard error, > 0.
    degrees
        Of Student's t.
    low, high
        The fixed-horizon interval: right at one planned look only.
    p_value
        Two-sided, against no difference; in [0,1].
    """

    value: float
    standard_error: float
    degrees: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Effect:
    """One metric in one arm against the control.

    Attributes
    ----------
    n_control, n_treatment
        Rows: learners, or clusters where clusters were assigned.
    control, treatment
        Means, in the metric's unit.
    absolute
        treatment − control.
    relative
        treatment ÷ control − 1; None where the control's mean is 0.
    """

    n_control: int
    n_treatment: int
    control: float
    treatment: float
    absolute: Difference
    relative: Difference | None

    @property
    def n(self) -> int:
        """Rows of both arms."""
        return self.n_control + self.n_treatment


def student_difference(
    value: float, standard_error: float, degrees: float, alpha: float = ALPHA
) -> Difference:
    """Put the interval of level 1 − alpha and the p-value of Student's t around an estimate."""
    reach = float(stdtrit(degrees, 1.0 - alpha / 2.0)) * standard_error
    return Difference(
        value=value,
        standard_error=standard_error,
        degrees=degrees,
        low=value - reach,
        high=value + reach,
        p_value=float(2.0 * stdtr(degrees, -abs(value) / standard_error)),
    )
