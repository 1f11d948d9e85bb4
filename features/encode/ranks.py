"""Running sums within groups: the t-th rows of all groups are worked on together."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class RankedGroups:
    """Rows of many groups, laid out by rank within the group, longest groups first.

    In this layout the rows of rank t are neighbours and stand in the same order as the first rows
    of rank t−1, so a recursion over time is one contiguous array operation a rank, and a row's
    result does not depend on which other groups are in the batch.

    Attributes
    ----------
    order
        int64, (n,): the row at each place of the layout.
    bounds
        int64, (n_ranks + 1,): rows of rank t are order[bounds[t]:bounds[t+1]].
    before
        int64, (n,): for each row the latest row of its group at a strictly earlier instant, −1
        where there is none.
    last
        int64, (n_groups,): the last row of each group, groups in order of their key.
    by_group, opens
        int64 and bool, (n,): rows group by group, and which of these places start a group.
    """

    order: NDArray[np.int64]
    bounds: NDArray[np.int64]
    before: NDArray[np.int64]
    last: NDArray[np.int64]
    by_group: NDArray[np.int64]
    opens: NDArray[np.bool_]

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """int64, (n,): the group of each row, counted in order of their key."""
        number = np.empty(len(self.by_group), dtype=np.int64)
        number[self.by_group] = self.opens.cumsum() - 1
        return number

    @cached_property
    def previous(self) -> NDArray[np.int64]:
        """int64, (n,): the row before each in its group, −1 for first rows."""
        previous = np.full(len(self.by_group), -1)
        later = (~self.opens).nonzero()[0]
        previous[self.by_group[later]] = self.by_group[later - 1]
        return previous

    def sums(
        self,
        values: NDArray[np.float64],
        keep: NDArray[np.float64] | float = 1.0,
        fade: NDArray[np.float64] | None = None,
        faded: slice = slice(None),
    ) -> NDArray[np.float64]:
        """Return s with s[t] = keep · s[t−1] + values[t] inside each group, in row order.

        Parameters
        ----------
        values
            float64, (n, n_columns).
        keep
            float64, (n_columns,) or a scalar, in [0,1]: what one more row leaves of the past.
        fade, faded
            float64, (n,), in [0,1]: a further factor that differs by row, for these columns.
        """
        laid = values[self.order]
        factor = None if fade is None else fade[self.order, None]
        for rank in range(1, len(self.bounds) - 1):
            low, high = self.bounds[rank], self.bounds[rank + 1]
            start = self.bounds[rank - 1]
            past = laid[start : start + high - low] * keep
            if factor is not None:
                past[:, faded] *= factor[low:high]
            laid[low:high] += past
        result = np.empty_like(laid)
        result[self.order] = laid
        return result


def rank_groups(key: NDArray[np.int64], instant: NDArray[np.float64] | None) -> RankedGroups:
    """Lay out rows that share a key.

    Parameters
    ----------
    key
        int64, (n,): rows with the same key are one group, in row order.
    instant
        float64, (n,), not decreasing within a group; None where only the order of rows counts.
    """
    n = len(key)
    by_group = key.argsort(kind="stable")
    sorted_key = key[by_group]
    opens = np.ones(n, dtype=bool)
    np.not_equal(sorted_key[1:], sorted_key[:-1], out=opens[1:])
    first = opens.nonzero()[0]
    ends = np.empty_like(first)
    ends[:-1], ends[-1:] = first[1:], n
    sizes = ends - first
    begins = first.repeat(sizes)
    rank = np.arange(n) - begins
    by_size = (-sizes).argsort(kind="stable")
    place = np.empty_like(by_size)
    place[by_size] = np.arange(len(sizes))
    bounds = np.zeros(int(sizes.max(initial=0)) + 1, dtype=np.int64)
    np.bincount(rank).cumsum(out=bounds[1:])
    order = np.empty(n, dtype=np.int64)
    order[bounds[rank] + place.repeat(sizes)] = by_group
    return RankedGroups(
        order=order,
        bounds=bounds,
        before=_before(by_group, opens, None if instant is None else instant[by_group], begins),
        last=by_group[ends - 1],
        by_group=by_group,
        opens=opens,
    )


def _before(
    by_group: NDArray[np.int64],
    opens: NDArray[np.bool_],
    instant: NDArray[np.float64] | None,
    first: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for each row the row of its group before its instant, or −1."""
    place = np.arange(len(by_group))
    run = place
    if instant is not None:
        new_instant = opens.copy()
        new_instant[1:] |= instant[1:] != instant[:-1]
        run = np.maximum.accumulate(np.where(new_instant, place, 0))
    before = np.empty(len(by_group), dtype=np.int64)
    before[by_group] = np.where(run > first, by_group[run - 1], -1)
    return before
