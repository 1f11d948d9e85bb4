"""What is gained in each skill, module by module, whatever level it starts from.

A module's gain is whole where its challenge is right, and less where the learner knows it all or
cannot follow. So what a history adds to a level depends on the base it starts from, and is kept at
the anchors of the score functions (see `ability.py`); between them it is interpolated.

References
----------
Wilson, R., Shenhav, A., Straccia, M. & Cohen, J. (2019). The eighty five percent rule for optimal
learning. Nature Communications 10 (that there is a best rate of success).
Wixted, J. T., & Ebbesen, E. B. (1991). On the form of forgetting (what levels off).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import ANCHORS, LOGIT_OF_MASTERY
from features.encode.attempts import AttemptTable
from features.encode.level_scale import LevelScale


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What was gained up to and with each tag of a table, levels, by k bases started from.

    Attributes
    ----------
    sums
        float64, (n_tags, 2, k): what stays, and what is left of the rest at the tag's instant.
    at_seconds
        float64, (n_tags,), the tags' instants.
    half_life_seconds
        Of the rest.
    """

    sums: NDArray[np.float64]
    at_seconds: NDArray[np.float64]
    half_life_seconds: float

    def at(self, tags: NDArray[np.int64], at_seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gains up to and with some tags (−1: none), as far as they are left later.

        Parameters
        ----------
        tags
            int64, (n,).
        at_seconds
            float64, (n,), not before the tags' own instants.

        Returns
        -------
        float64, (n, k)
        """
        if len(self.sums) == 0:
            return np.zeros((len(tags), self.sums.shape[2]))
        sums = self.sums[tags]
        left = np.exp2((self.at_seconds[tags] - at_seconds) / self.half_life_seconds)
        gained = sums[:, 0] + left[:, None] * sums[:, 1]
        gained[tags < 0] = 0.0
        return np.asarray(gained)


def add_gains(
    table: AttemptTable, scale: LevelScale, base: NDArray[np.float64] | None = None
) -> Gains:
    """Add up the gains of each learner in each skill, one lesson after the other.

    What failed attempts teach counts once a success shows it: nobody's level rises by failing.

    Parameters
    ----------
    base
        float64, (n_groups, k), logits: where the learners began, by learner and skill; at the
        anchors where absent.
    """
    row, groups = table.tag_row, table.by_skill
    at = table.at_seconds[row]
    half_life = scale.half_life_seconds if table.is_timed else np.inf
    order = groups.order  # by rank: all that follows is laid out in it
    laid, n_groups = row[order], len(groups.last)
    gain = scale.gained_by[table.module[laid]] * table.weight[order]
    taught = gain[:, None] * completions(table.rested_seconds, scale, half_life)[laid]
    taught = taught[:, :, None]
    failed = table.is_failed[laid]
    hinted = (scale.failed_share * gain * failed)[:, None]
    shows = (table.success[laid] > 0)[:, None]
    fade = np.exp2(-_since_previous(table, at)[order] / half_life)[:, None]
    # Groups stand in the order of their first tags.
    group = groups.number[order]
    start = ANCHORS[None] if base is None else base[group]
    ease = start + (LOGIT_OF_MASTERY - scale.logits(scale.hard_at[table.module[laid]]))[:, None]
    sums = np.empty((len(row), 2, ease.shape[1]))
    before, held = np.zeros((n_groups, *sums.shape[1:])), np.zeros((n_groups, ease.shape[1]))
    bounds = groups.bounds.tolist()
    for first, end in pairwise(bounds):
        now = sums[first:end]
        now[:] = before[: end - first]
        now[:, 1] *= fade[first:end]
        share = _match(ease[first:end] + scale.logits_per_level * rise(now.sum(axis=1)), scale)
        now += taught[first:end] * share[:, None]
        if failed.any():
            waiting = held[: end - first]
            shown = waiting * shows[first:end]
            waiting += hinted[first:end] * share - shown
            now += scale.parts[:, None] * shown[:, None]
        before = now
    of_tags = np.empty_like(sums)
    of_tags[order] = sums
    return Gains(sums=of_tags, at_seconds=at, half_life_seconds=half_life)


def match(
    level: NDArray[np.float64], difficulty: NDArray[np.float64], scale: LevelScale
) -> NDArray[np.float64]:
    """Return the share of a module's gain that learners of a level take up, in [0,1].

    p^(st)·(1 − p)^(s(1 − t)) as a share of its largest value, at p = t, with p the probability of
    success, s `scale.steepness` and t `scale.learned_at`: nothing is left to learn where success is
    certain, and who is far likelier to fail than to succeed cannot follow.

    Parameters
    ----------
    level, difficulty
        float64, shapes that broadcast, levels.
    scale
        Of both.
    """
    return _match(scale.logits_per_level * (level - difficulty) + LOGIT_OF_MASTERY, scale)


def _match(ease: NDArray[np.float64], scale: LevelScale) -> NDArray[np.float64]:
    """Return `match` by the logit of p: ln p = ease − ln(1 + e^ease), ln(1 − p) without the ease.

    Logarithms of sums by `log`, which is several times as fast as `logaddexp`.
    """
    at = scale.learned_at
    share = np.exp(ease)
    share += 1.0
    share = np.log(share)
    share -= at * ease
    share += at * np.log(at) + (1.0 - at) * np.log1p(-at)
    share *= -scale.steepness
    return np.asarray(np.exp(share))


def rise(gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far gains that add up to `gained` lift a level: each is of what is left."""
    return np.asarray(-np.expm1(-gained))


def completions(
    rested: NDArray[np.float64], scale: LevelScale, half_life: float
) -> NDArray[np.float64]:
    """Return the parts of a gain that completions add, (n, 2): to what stays, to what fades.

    Parameters
    ----------
    rested
        float64, (n,), seconds since the module was last completed, inf where never.
    """
    first = rested == np.inf
    faded = np.where(first, 0.0, rested)
    faded *= -np.log(2.0) / half_life
    np.expm1(faded, out=faded)
    lessons = np.empty((len(rested), 2))
    np.multiply(first, scale.kept_share, out=lessons[:, 0])
    np.multiply(np.where(first, -1.0, faded), scale.kept_share - 1.0, out=lessons[:, 1])
    return lessons


def starting_from(by_anchor: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values that are known at the anchors for n bases in logits, (n,).

    Parameters
    ----------
    by_anchor
        float64, (n, n_anchors).
    """
    right = np.clip(np.searchsorted(ANCHORS, base), 1, len(ANCHORS) - 1)
    low, high = ANCHORS[right - 1], ANCHORS[right]
    share = np.clip((base - low) / (high - low), 0.0, 1.0)
    place = right + np.arange(len(base)) * len(ANCHORS)
    values = by_anchor.take(place - 1)
    values += share * (by_anchor.take(place) - values)
    return np.asarray(values)


def _since_previous(table: AttemptTable, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the seconds between each tag and the one before it in its learner and skill."""
    previous = table.by_skill.previous
    return np.where(previous >= 0, at - at[previous], 0.0)
