"""What settings gave on validation learners, and whether they are better than the default."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.domain.errors import InvalidValueError

ALPHA = 0.05
FEWEST_LEARNERS = 8


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What settings gave, learner by learner.

    Attributes
    ----------
    total
        float64, (n_learners,): the sum of the measure over what a learner was asked.
    count
        int64, (n_learners,): how often each was asked.
    """

    total: NDArray[np.float64]
    count: NDArray[np.int64]

    def take(self, among: NDArray[np.bool_]) -> "Judged":
        """Return the part of the learners where `among`, bool (n_learners,), is true."""
        return Judged(total=self.total[among], count=self.count[among])

    @property
    def mean(self) -> float:
        """The mean over everything asked."""
        return float(self.total.sum() / self.count.sum())


class Objective(Protocol):
    """One half of the model, to be fitted with other settings and judged on validation learners."""

    @property
    def half(self) -> str:
        """Which half."""
        ...

    @property
    def metric(self) -> str:
        """What is measured."""
        ...

    @property
    def larger_is_better(self) -> bool:
        """Which way."""
        ...

    @property
    def default(self) -> Any:
        """What `train` uses without a settings file."""
        ...

    @property
    def n_learners(self) -> int:
        """How many validation learners are asked."""
        ...

    @property
    def n_rungs(self) -> int:
        """How many estimates there are of one setting, each dearer than the one before."""
        ...

    def rungs(self, settings: Any) -> Iterator[Judged]:
        """Yield the estimates; the last is what `train` would see."""
        ...


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The best settings beside the default, on validation learners who had no part in the search.

    `gain` is in favour of the best where positive; `p_value` is the probability of a gain so large
    were the best no better.
    """

    default: float
    best: float
    gain: float
    p_value: float
    n_learners: int

    @property
    def adopted(self) -> bool:
        """Whether the best is better beyond chance."""
        return self.p_value < ALPHA


def divide_learners(n_learners: int, seed: int) -> NDArray[np.bool_]:
    """Draw the half of the validation learners that searches; the other half confirms.

    The best of many trials looks better than it is on the learners it was picked on, so these say
    nothing of how much better it is (the winner's curse).

    Returns
    -------
    bool, (n_learners,)

    Raises
    ------
    InvalidValueError
        If there are too few to be divided.
    """
    if n_learners < FEWEST_LEARNERS:
        raise InvalidValueError(
            f"only {n_learners} validation learners can be asked, and tuning needs "
            f"{FEWEST_LEARNERS}: train with the default settings until there are more histories"
        )
    searching = np.zeros(n_learners, dtype=bool)
    order = np.random.default_rng(seed).permutation(n_learners)
    searching[order[: (n_learners + 1) // 2]] = True
    return searching


def compare(best: Judged, default: Judged, *, larger_is_better: bool) -> Verdict:
    """Compare two settings learner by learner.

    Notes
    -----
    A one-sided paired t-test on the learners' totals, which weighs learners by how often they were
    asked, as the means do.
    """
    difference = best.total - default.total if larger_is_better else default.total - best.total
    return Verdict(
        default=default.mean,
        best=best.mean,
        gain=float(difference.sum() / best.count.sum()),
        p_value=_p_value(difference),
        n_learners=len(difference),
    )


def _p_value(difference: NDArray[np.float64]) -> float:
    spread = difference.std(ddof=1)
    if not difference.any() or spread <= abs(difference.mean()) * 1e-12:
        return 0.0 if difference.mean() > 0 else 1.0
    t = difference.mean() / (spread / np.sqrt(len(difference)))
    return float(stats.t.sf(t, len(difference) - 1))
