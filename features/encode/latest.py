"""What is known after a learner's last row: the sums of `tallies` in closed form.

What a row adds to a running sum is worth less with every later row of its group, by a factor that
is known beforehand; so the last sum is a weighted one, and nothing has to be run through.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.encode.attempts import AttemptTable
from features.encode.tallies import KEEPS, Column, Past, Yardstick, nothing, values_of_rows

FARTHEST = 512  # rows later; what is left by then is below 10⁻³⁶

_FADING = slice(Column.RECENT.start, Column.RECENT_TRIES.stop)
_LEFT = np.tile(np.array(KEEPS), 3) ** np.arange(FARTHEST)[:, None]


@dataclass(frozen=True, kw_only=True)
class Latest:
    """Pasts of one learner at an instant that no row is after.

    Attributes
    ----------
    learner
        One row.
    skill
        One row for each of `skills`, and a last one: what is known of any other skill, nothing.
    skills
        int64: skills that something speaks of.
    module, modules
        Modules the learner tried or completed, and their pasts.
    """

    learner: Past
    skill: Past
    skills: NDArray[np.int64]
    module: Past
    modules: NDArray[np.int64]


def latest_pasts(table: AttemptTable, yardstick: Yardstick, at_seconds: float) -> Latest:
    """Sum up everything a table has of its one learner.

    Parameters
    ----------
    table
        Of one learner; it may have no rows.
    yardstick
        What responses are measured against.
    at_seconds
        Not before the last row.
    """
    if len(table) == 0:
        none = np.zeros(0, dtype=np.int64)
        return Latest(
            learner=nothing(1), skill=nothing(1), skills=none, module=nothing(0), modules=none
        )
    rows = _Rows(table, yardstick, at_seconds)
    tags = rows.values[table.tag_row]
    tags[:, Column.SCORES] *= table.weight[:, None]
    skills, skill = rows.sum_up(table.skill, tags, table.tag_row, ends_with_nothing=True)
    tried = (table.module >= 0).nonzero()[0]
    modules, module = rows.sum_up(table.module[tried], rows.values[tried], tried)
    every = np.arange(len(table))
    _, learner = rows.sum_up(np.zeros(len(table), dtype=np.int64), rows.values, every)
    return Latest(learner=learner, skill=skill, skills=skills, module=module, modules=modules)


class _Rows:
    """The rows of a table with what is read off them, and the sums over groups of them."""

    def __init__(self, table: AttemptTable, yardstick: Yardstick, at_seconds: float) -> None:
        self.values = values_of_rows(table, yardstick)
        self.at_seconds = table.at_seconds
        # Rows at earlier instants; of ordinals, the rows before.
        self.place = np.arange(len(table))
        if table.is_timed:
            self.place = self.at_seconds.searchsorted(self.at_seconds)
        self.sign = np.where(table.is_attempt, 2.0 * table.success - 1.0, 0.0)
        half_life = yardstick.half_life_seconds if table.is_timed else np.inf
        left = np.exp2(-np.maximum(at_seconds - self.at_seconds, 0.0) / half_life)
        self.left = None if np.isinf(half_life) else left

    def sum_up(
        self,
        key: NDArray[np.int64],
        values: NDArray[np.float64],
        row: NDArray[np.int64],
        *,
        ends_with_nothing: bool = False,
    ) -> tuple[NDArray[np.int64], Past]:
        """Return the keys in order and the past of each.

        Parameters
        ----------
        key
            int64, (n,): entries with the same key are one group, in their order.
        values
            float64, (n, Column.COUNT), of the entries.
        row
            int64, (n,): the rows they belong to.
        ends_with_nothing
            Add a past of which nothing is known.
        """
        order = key.argsort(kind="stable")
        sorted_key = key[order]
        starts = np.concatenate(([True], sorted_key[1:] != sorted_key[:-1])).nonzero()[0]
        ends = np.concatenate((starts[1:], [len(key)])) if len(key) else starts[:0]
        starts = starts[: len(ends)]
        later = (ends - 1).repeat(ends - starts) - np.arange(len(key))
        laid = values[order]
        laid[:, _FADING] *= _LEFT[np.minimum(later, FARTHEST - 1)]
        if self.left is not None:
            laid[:, Column.SCORES] *= self.left[row[order], None]
        known = nothing(len(starts) + ends_with_nothing)
        n, last = len(starts), row[order[ends - 1]]
        if n:
            np.add.reduceat(laid, starts, axis=0, out=known.values[:n])
        known.at_seconds[:n], known.place[:n] = self.at_seconds[last], self.place[last]
        known.success[:n] = self.sign[last]
        return sorted_key[starts], known
