"""The numbers of the level model, chosen together by how well they foretell success.

What is foretold is each first try of a module, from what came before it in its skills and from all
other skills: the first in a skill tell how learners differ, the later ones what they gained. One
number at a time, such estimates lean on each other: levels that are drawn together too much make
gains and forgetting look large, and the reverse. So all are chosen by the same loss, in turns, each
drawn to what is assumed before any training, as far as data are few.

References
----------
Dawid, A. P. (1984). The prequential approach.
Koedinger, K. et al. (2023). An astonishing regularity in student learning rate (gains differ less
than learners do).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import SECONDS_PER_DAY
from features.encode.ability import attenuation, posterior
from features.encode.attempts import AttemptTable
from features.encode.gains import add_gains, rise, starting_from
from features.encode.level_scale import LevelScale
from features.encode.levels import Signs, hardness, read_bases, read_signs
from training.success.usual import Roles

N_ROUNDS = 2
SLOPE, HALF_LIFE = "logits_per_level", "half_life_days"
GAIN, LEARNED_AT = "gain", "learned_at"


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """What a number is taken to be before any data, and how far it may lie from that.

    `value` is the median of a log-normal, `doubt` the standard deviation of its logarithm; `tried`
    are the values compared.
    """

    value: float
    doubt: float
    tried: tuple[float, ...]


# Those of `untrained_levels`, but for a lead that is a little narrower and a challenge that is a
# little harder; the doubts say that slopes of success differ by a quarter from one organisation to
# the next, the rest about twofold.
ASSUMED: Mapping[str, Assumption] = {
    SLOPE: Assumption(value=6.0, doubt=0.25, tried=(2.5, 3.5, 4.5, 6.0, 7.5, 9.0)),
    "lead_variance": Assumption(value=0.7, doubt=0.8, tried=(0.1, 0.25, 0.5, 1.0, 2.0)),
    "role_lead_variance": Assumption(value=0.2, doubt=0.8, tried=(0.05, 0.2, 0.5)),
    "skill_variance": Assumption(value=0.5, doubt=0.8, tried=(0.1, 0.3, 0.6, 1.0, 1.6)),
    GAIN: Assumption(value=0.1, doubt=0.6, tried=(0.02, 0.035, 0.06, 0.1, 0.15, 0.22, 0.33)),
    HALF_LIFE: Assumption(value=365.0, doubt=0.8, tried=(30.0, 90.0, 180.0, 365.0, 730.0)),
    LEARNED_AT: Assumption(value=0.8, doubt=0.3, tried=(0.35, 0.5, 0.65, 0.8)),
    "failed_share": Assumption(value=0.5, doubt=0.8, tried=(0.1, 0.25, 0.5, 1.0)),
}

# What modules teach looks small where it is looked for at the wrong challenge, and the reverse.
TURNS = (*((name,) for name in ASSUMED if name not in {GAIN, LEARNED_AT}), (GAIN, LEARNED_AT))


def choose_numbers(
    table: AttemptTable, scale: LevelScale, roles: Roles, *, has_slope: bool
) -> LevelScale:
    """Return the scale with slope, variances, mean gain and half-life chosen.

    Nothing fades where instants are only an order; where nothing is foretold, what is assumed
    stays.

    Parameters
    ----------
    table
        Attempts of the training learners, or of a sample of them.
    scale
        With what is usual and how the modules' gains differ.
    roles
        Of the learners.
    has_slope
        Whether the slope is chosen too; it is not where the scale itself is drawn from it.
    """
    fixed = {SLOPE} if not has_slope else set()
    if not table.is_timed:
        fixed.add(HALF_LIFE)
        scale = replace(scale, half_life_seconds=np.inf)
    numbers = {name: one.value for name, one in ASSUMED.items() if name not in fixed}
    foretold = np.flatnonzero(first_tries(table))
    if len(foretold):
        search = _Search(table=table, scale=scale, roles=roles, foretold=foretold)
        for _ in range(N_ROUNDS):
            for names in TURNS:
                numbers = search.best(numbers, [name for name in names if name in numbers])
    return with_numbers(scale, numbers)


@dataclass(frozen=True, kw_only=True)
class _Search:
    """What is foretold: the rows `foretold`, each from what came before it in its skills.

    `found` keeps the loss of every choice of numbers that was tried.
    """

    table: AttemptTable
    scale: LevelScale
    roles: Roles
    foretold: NDArray[np.int64]
    found: dict[tuple[float, ...], float] = field(default_factory=dict)

    def best(self, numbers: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
        """Return the numbers with those of `names` that foretell best, the others staying."""
        values = product(*(ASSUMED[name].tried for name in names))
        tried = [{**numbers, **dict(zip(names, each, strict=True))} for each in values]
        return min(tried, key=self._penalised)

    def losses(self, numbers: Mapping[str, float]) -> NDArray[np.float64]:
        """Return the log loss at the rows `foretold`, float64, (n_foretold,)."""
        table, of_learner = self.table, self.roles.of_learner
        scale, row = with_numbers(self.scale, numbers), table.tag_row
        gains = add_gains(table, scale)
        signs = read_signs(table, scale, of_learner, gains)
        bases = read_bases(table, scale, of_learner, signs)
        prior_mean, prior_variance = (
            bases.prior_mean[signs.group],
            bases.prior_variance[signs.group],
        )
        mode, variance = posterior(shown_before(table, signs), prior_mean, prior_variance)
        gained = gains.at(table.by_skill.before, table.begun_at_seconds[row])
        level = mode + scale.logits_per_level * rise(starting_from(gained, mode))
        share = table.tag_share
        reached = np.bincount(row, share * level, len(table))
        doubt = np.bincount(row, share * variance, len(table))
        logits = (attenuation(doubt) * (reached - hardness(table, scale)))[self.foretold]
        return np.asarray(np.logaddexp(0.0, logits) - table.success[self.foretold] * logits)

    def _penalised(self, numbers: Mapping[str, float]) -> float:
        """Return the mean loss, and what the numbers lie off what is assumed, per observation."""
        key = tuple(numbers.values())
        if key not in self.found:
            off = [
                np.log(numbers[name] / one.value) / one.doubt
                for name, one in ASSUMED.items()
                if name in numbers
            ]
            penalty = 0.5 * np.sum(np.square(off)) / len(self.foretold)
            self.found[key] = float(self.losses(numbers).mean() + penalty)
        return self.found[key]


def with_numbers(scale: LevelScale, numbers: Mapping[str, float]) -> LevelScale:
    """Return the scale with numbers by the names of `ASSUMED`; a slope or half-life may be missing.

    The gains of modules keep their shares of the mean.
    """
    taught = scale.gain > 0.0
    mean_gain = scale.gain[taught].mean() if taught.any() else 1.0
    half_life = numbers.get(HALF_LIFE, scale.half_life_seconds / SECONDS_PER_DAY)
    return replace(
        scale,
        logits_per_level=numbers.get(SLOPE, scale.logits_per_level),
        lead_variance=numbers["lead_variance"],
        role_lead_variance=numbers["role_lead_variance"],
        skill_variance=np.full(2, numbers["skill_variance"]),
        gain=scale.gain * (numbers[GAIN] / mean_gain),
        half_life_seconds=half_life * SECONDS_PER_DAY,
        learned_at=numbers[LEARNED_AT],
        failed_share=numbers["failed_share"],
    )


def shown_before(table: AttemptTable, signs: Signs) -> NDArray[np.float64]:
    """Return what each tag's learner had shown in its skill before it, (n_tags, n_anchors)."""
    order = np.argsort(signs.group, kind="stable")
    group, own = signs.group[order], signs.scores[order]
    sums = np.cumsum(own, axis=0)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    earlier = sums[first] - own[first]
    sums -= earlier.repeat(np.diff(np.append(first, len(group))), axis=0)
    shown = np.empty_like(sums)
    shown[order] = sums
    before = table.by_skill.before
    return np.where((before >= 0)[:, None], shown[before], 0.0)


def first_tries(table: AttemptTable) -> NDArray[np.bool_]:
    """Tell which rows try a module for the first time: who tries again depends on the result."""
    attempt = np.flatnonzero(table.is_attempt)
    key = table.learner[attempt] * (table.module.max(initial=0) + 1) + table.module[attempt]
    first = np.zeros(len(table), dtype=bool)
    first[attempt[np.unique(key, return_index=True)[1]]] = True
    return first
