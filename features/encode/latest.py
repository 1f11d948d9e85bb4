"""What is known after learners' last rows: the sums of `tallies` in closed form.

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
    """Pasts of n learners, each at an instant that no row of theirs is after.

    Attributes
    ----------
    learner
        n rows.
    skill
        One row for each of `skills`, and n more: what is known of any other skill, nothing.
    skills
        int64: learner · (n_skills + 1) + skill, of skills that something speaks of.
    module, modules
        Modules the learners tried or completed, int64, learner · n_modules + module, and their
        pasts.
    """

    learner: Past
    skill: Past
    skills: NDArray[np.int64]
    module: Past
    modules: NDArray[np.int64]


def latest_pasts(
    table: AttemptTable, yardstick: Yardstick, at_seconds: NDArray[np.float64]
) -> Latest:
    """Sum up everything a table has of its learners.

    Parameters
    ----------
    table
        It may have no rows.
    yardstick
        What responses are measured against.
    at_seconds
        float64, (n_learners,), not before the learner's last row.
    """
    n, learner = table.n_learners, table.learner
    tried = (table.module >= 0).nonzero()[0]
    # All groups at once: skills, then learners, then modules.
    n_modules, first = len(yardstick.difficulty), n * (table.n_skills + 1)
    values = values_of_rows(table, yardstick)
    tags = values[table.tag_row]
    tags[:, Column.SCORES] *= table.weight[:, None]
    entries = _Entries(
        key=np.concatenate(
            (
                learner[table.tag_row] * (table.n_skills + 1) + table.skill,
                learner + first,
                learner[tried] * n_modules + table.module[tried] + (first + n),
            )
        ),
        row=np.concatenate((table.tag_row, np.arange(len(table)), tried)),
        values=np.concatenate((tags, values, values[tried])),
    )
    keys, past = _sum_up(table, entries, yardstick.half_life_seconds, at_seconds)
    ends = keys.searchsorted([first, first + n]).tolist()
    return Latest(
        learner=_laid_out(past.take(slice(*ends)), keys[slice(*ends)] - first, n),
        skill=_and_nothing(past.take(slice(ends[0])), n),
        skills=keys[: ends[0]],
        module=past.take(slice(ends[1], None)),
        modules=keys[ends[1] :] - (first + n),
    )


@dataclass(frozen=True, kw_only=True)
class _Entries:
    """What rows of a table add to groups: the group's key, the row, and float64 values by column.

    Entries with the same key are in the order of their rows.
    """

    key: NDArray[np.int64]
    row: NDArray[np.int64]
    values: NDArray[np.float64]


def _sum_up(
    table: AttemptTable,
    entries: _Entries,
    half_life_seconds: float,
    at_seconds: NDArray[np.float64],
) -> tuple[NDArray[np.int64], Past]:
    """Return the keys in order and the past of each."""
    order = entries.key.argsort(kind="stable")
    key, row, laid = entries.key[order], entries.row[order], entries.values[order]
    is_last = np.ones(len(key), dtype=bool)
    np.not_equal(key[1:], key[:-1], out=is_last[:-1])
    last = is_last.nonzero()[0]
    starts = np.zeros_like(last)
    starts[1:] = last[:-1] + 1
    later = last.repeat(last - starts + 1) - np.arange(len(key))
    laid[:, _FADING] *= _LEFT[np.minimum(later, FARTHEST - 1)]
    if table.is_timed and np.isfinite(half_life_seconds):
        passed = np.maximum(at_seconds[table.learner] - table.at_seconds, 0.0)
        laid[:, Column.SCORES] *= np.exp2(passed / -half_life_seconds)[row, None]
    last_row = row[last]
    success = table.success[last_row]
    return key[starts], Past(
        values=np.add.reduceat(laid, starts, axis=0) if len(starts) else laid,
        at_seconds=table.at_seconds[last_row],
        place=_places(table)[last_row].astype(np.float64),
        success=np.where(success >= 0, 2.0 * success - 1.0, 0.0),
    )


def _places(table: AttemptTable) -> NDArray[np.int64]:
    """Count, for each row, the rows of its learner at earlier instants; of ordinals, before it."""
    row = np.arange(len(table))
    is_first = np.ones(len(table), dtype=bool)
    np.not_equal(table.learner[1:], table.learner[:-1], out=is_first[1:])
    first = np.maximum.accumulate(np.where(is_first, row, 0))
    if table.is_timed:
        is_first[1:] |= table.at_seconds[1:] != table.at_seconds[:-1]
        row = np.maximum.accumulate(np.where(is_first, row, 0))
    return row - first


def _laid_out(past: Past, rows: NDArray[np.int64], n: int) -> Past:
    """Return n pasts of which some are known."""
    if len(rows) == n:
        return past
    every = nothing(n)
    every.values[rows], every.at_seconds[rows] = past.values, past.at_seconds
    every.place[rows], every.success[rows] = past.place, past.success
    return every


def _and_nothing(past: Past, n: int) -> Past:
    """Return pasts and, after them, n of which nothing is known."""
    none = nothing(n)
    return Past(
        values=np.concatenate((past.values, none.values)),
        at_seconds=np.concatenate((past.at_seconds, none.at_seconds)),
        place=np.concatenate((past.place, none.place)),
        success=np.concatenate((past.success, none.success)),
    )
