"""Two rankers on one list: team-draft interleaving, and the test of who is preferred.

References
----------
Radlinski, F., Kurup, M. & Joachims, T. (2008). How does clickthrough data reflect retrieval
quality? CIKM. (team draft)
Chapelle, O., Joachims, T., Radlinski, F. & Yue, Y. (2012). Large-scale validation and analysis of
interleaved search evaluation. ACM TOIS 30. (Δ_AB)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.domain.errors import CannotTellError
from training.experiments.results import ALPHA


class Team(IntEnum):
    """Whose choice a module on the list was."""

    FIRST = 0
    SECOND = 1


@dataclass(frozen=True, kw_only=True)
class Interleaved:
    """One list of two rankers: modules, best first, and the team of each."""

    modules: tuple[str, ...]
    teams: tuple[Team, ...]


@dataclass(frozen=True, kw_only=True)
class Preference:
    """Which ranker learners prefer.

    Attributes
    ----------
    n_first, n_second, n_ties
        Learners who followed more of one ranker's modules, the other's, or as many of both.
    delta
        (n_second + ½ n_ties) ÷ n − ½: above 0 the second is preferred.
    low, high
        Interval of the second's share among learners who are not tied (Clopper–Pearson).
    p_value
        Of the two-sided sign test without ties.
    """

    n_first: int
    n_second: int
    n_ties: int
    delta: float
    low: float
    high: float
    p_value: float


def team_draft(
    first: Sequence[str], second: Sequence[str], limit: int, rng: np.random.Generator
) -> Interleaved:
    """Interleave two rankings: the ranker with fewer places picks next, a coin decides ties.

    Parameters
    ----------
    first, second
        Module ids, best first, each without repetition.
    limit
        Places on the list.
    rng
        Tosses the coins.

    Returns
    -------
    Interleaved
        As many modules as asked for, fewer where both rankings end. A ranker that has ended gives
        its turns away.
    """
    queues = {Team.FIRST: list(reversed(first)), Team.SECOND: list(reversed(second))}
    taken: dict[str, Team] = {}
    sizes = {Team.FIRST: 0, Team.SECOND: 0}
    while len(taken) < limit:
        for queue in queues.values():
            while queue and queue[-1] in taken:
                queue.pop()
        open_teams = [team for team, queue in queues.items() if queue]
        if not open_teams:
            break
        fewest = min(sizes[team] for team in open_teams)
        drawn = [team for team in open_teams if sizes[team] == fewest]
        team = drawn[0] if len(drawn) == 1 else drawn[int(rng.integers(2))]
        taken[queues[team].pop()] = team
        sizes[team] += 1
    return Interleaved(modules=tuple(taken), teams=tuple(taken.values()))


def preference(
    learner: NDArray[np.integer], team: NDArray[np.integer], alpha: float = ALPHA
) -> Preference:
    """Test who is preferred, one vote a learner, whatever number of lists the learner had.

    Parameters
    ----------
    learner
        Integers, (n,), whose each followed module was; a learner who followed none has no row and
        no vote.
    team
        (n,), the `Team` of each followed module.
    alpha
        One minus the level of the interval, in (0,1).

    Raises
    ------
    CannotTellError
        No learner followed more of one than of the other.
    """
    _, place = np.unique(learner, return_inverse=True)
    lead = np.bincount(place, weights=np.where(team == Team.SECOND, 1.0, -1.0))
    n_second, n_first = int(np.sum(lead > 0)), int(np.sum(lead < 0))
    n_ties = len(lead) - n_first - n_second
    if n_first + n_second == 0:
        raise CannotTellError("interleaving: no learner followed more of one ranker; wait for more")
    tested = stats.binomtest(n_second, n_first + n_second)
    interval = tested.proportion_ci(1.0 - alpha)
    return Preference(
        n_first=n_first,
        n_second=n_second,
        n_ties=n_ties,
        delta=(n_second + n_ties / 2.0) / len(lead) - 0.5,
        low=float(interval.low),
        high=float(interval.high),
        p_value=float(tested.pvalue),
    )
