"""Which behaviours are habits: what a learner did first foretells what they did later.

References
----------
Spearman, C. (1910). Correlation calculated from faulty data; Brown, W. (1910). Some experimental
results in the correlation of mental abilities (reliability from two halves).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.behaviour import (
    Behaviours,
    Facets,
    find_facets,
    measure_behaviours,
    name_behaviours,
)
from features.encode.catalogue import CatalogueIndex
from features.encode.log import InteractionLog
from features.score.personas import deviations_of

FEWEST_BEGUN = 5
LEAST_SHOWN = 100  # learners who show it in both halves of their history
LEAST_RELIABILITY = 0.2
CLEARLY = 3.0  # standard errors
WORTH_AS_SHOWN = 4.0  # observations, where no reliability says how many
MIDDLE = 0.5
ALIKE = 1e-9  # a spread under this is rounding


@dataclass(frozen=True, kw_only=True)
class Habits:
    """Behaviours of n learners of whom enough is known, and how far each is a habit.

    Attributes
    ----------
    facets
        Names the d behaviours.
    hard_from
        Median authored difficulty of what was done, in [0,1].
    measured
        Of the n learners.
    of_log
        int64, (n,), their positions in the log.
    usual, worth, spread
        float64, (d,); see `PersonaModel`. NaN where nobody shows a behaviour.
    spread_as_shown
        float64, (d,): of learners as they are, before habits are drawn together by what they tell.
    correlation
        float64, (d,), between the halves of histories; NaN where too few show it.
    reliability
        float64, (d,), of what whole histories tell; 0 where it is no habit.
    """

    facets: Facets
    hard_from: float
    measured: Behaviours
    of_log: NDArray[np.int64]
    usual: NDArray[np.float64]
    worth: NDArray[np.float64]
    spread: NDArray[np.float64]
    spread_as_shown: NDArray[np.float64]
    correlation: NDArray[np.float64]
    reliability: NDArray[np.float64]

    @property
    def lasting(self) -> NDArray[np.int64]:
        """Columns that are habits."""
        return np.flatnonzero(self.reliability > 0)

    def deviations(self) -> NDArray[np.float64]:
        """Return how learners differ from the usual in the lasting columns, (n, n_lasting)."""
        kept = self.lasting
        measured = Behaviours(
            total=self.measured.total[:, kept],
            count=self.measured.count[:, kept],
            n_begun=self.measured.n_begun,
        )
        return deviations_of(measured, self.usual[kept], self.worth[kept], self.spread[kept])


def kind_of(behaviour: str) -> str:
    """Return what a behaviour is about: all formats are one kind, and so are all failures."""
    return behaviour.partition(":")[0].removesuffix("_in")


def find_habits(log: InteractionLog, index: CatalogueIndex) -> Habits:
    """Measure behaviours of whole histories and of their halves."""
    difficulty = index.skills.difficulty[log.module]
    known = difficulty[~np.isnan(difficulty)]
    hard_from = float(np.median(known)) if len(known) else MIDDLE
    facets = find_facets(index, name_behaviours(log, index), hard_from)
    whole = measure_behaviours(log, facets)
    of_log = np.flatnonzero(whole.n_begun >= FEWEST_BEGUN)
    measured = _of_learners(whole, of_log)
    halves = [_of_learners(measure_behaviours(half, facets), of_log) for half in _halves(log)]
    d = len(facets.names)
    usual, worth = np.full(d, np.nan), np.full(d, WORTH_AS_SHOWN)
    spread, as_shown = np.full(d, np.nan), np.full(d, np.nan)
    correlation, reliability = np.full(d, np.nan), np.zeros(d)
    for column in range(d):
        total, count = measured.total[:, column], measured.count[:, column]
        shown = count > 0
        if not shown.any():
            continue
        usual[column] = total.sum() / count.sum()
        pair = [(half.total[:, column], half.count[:, column]) for half in halves]
        correlation[column] = r = _correlation(pair, usual[column])
        reliability[column] = _reliability(r, sum((pair[0][1] > 0) & (pair[1][1] > 0)))
        if reliability[column] > 0:
            doubt = (1.0 - reliability[column]) / reliability[column]
            worth[column] = count[shown].mean() * doubt
        told = total[shown], count[shown], usual[column]
        as_shown[column] = _drawn_together(*told, WORTH_AS_SHOWN).std()
        spread[column] = _drawn_together(*told, worth[column]).std()
    return Habits(
        facets=facets,
        hard_from=hard_from,
        measured=measured,
        of_log=of_log,
        usual=usual,
        worth=worth,
        spread=spread,
        spread_as_shown=as_shown,
        correlation=correlation,
        reliability=reliability,
    )


def _halves(log: InteractionLog) -> tuple[InteractionLog, InteractionLog]:
    """Return the first and the second half of everybody's history."""
    place = np.arange(len(log)) - log.starts[log.learner]
    first = place < (np.diff(log.starts) // 2)[log.learner]
    return log.take(first), log.take(~first)


def _of_learners(measured: Behaviours, kept: NDArray[np.int64]) -> Behaviours:
    return Behaviours(
        total=measured.total[kept], count=measured.count[kept], n_begun=measured.n_begun[kept]
    )


def _drawn_together(
    total: NDArray[np.float64], count: NDArray[np.float64], usual: float, worth: float
) -> NDArray[np.float64]:
    """Return learners' means beside so many observations of the usual."""
    return np.asarray((total + worth * usual) / (count + worth))


def _correlation(
    halves: list[tuple[NDArray[np.float64], NDArray[np.float64]]], usual: float
) -> float:
    """Return the correlation of a behaviour between halves, NaN where too few show it in both."""
    both = (halves[0][1] > 0) & (halves[1][1] > 0)
    if both.sum() < LEAST_SHOWN:
        return float("nan")
    # A few observations of the usual keep single events from carrying the correlation.
    few = WORTH_AS_SHOWN / 2.0
    one, other = (_drawn_together(t[both], c[both], usual, few) for t, c in halves)
    if min(one.std(), other.std()) < ALIKE:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _reliability(correlation: float, n_learners: int) -> float:
    """Return the reliability of whole histories, 0 where it is low or may be chance."""
    if not correlation * np.sqrt(n_learners) >= CLEARLY:
        return 0.0
    whole = 2.0 * correlation / (1.0 + correlation)
    return whole if whole >= LEAST_RELIABILITY else 0.0
