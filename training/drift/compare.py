"""Two profiles side by side: what moved, how far, and whether by more than chance."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from training.drift.profile import GRIDS, HOUR, OTHER, UNKNOWN, Histogram, Profile, Rates
from training.drift.statistics import (
    SMALLEST_EXPECTED,
    Counts,
    homogeneity_p,
    index_by_chance,
    jensen_shannon,
    kolmogorov_smirnov,
    kolmogorov_smirnov_p,
    rate_distances,
    share_above_p,
    stability_index,
)
from training.holm import holm

ALPHA = 0.05
MOST_CELLS = 20
DECILES = 10
STABILITY_BANDS = (0.1, 0.25)
RATE_BANDS = (0.2, 0.5)  # Cohen's small and medium h
NEW_SHARE_BANDS = (0.1, 0.25)
USUAL_NEW_SHARE = 0.01
# No model reads the hour, so that it alone is no reason to train again.
NOT_READ = frozenset({HOUR})


class Verdict(StrEnum):
    """What to do about it, from nothing to training again."""

    STABLE = "stable"
    WATCH = "watch"
    DRIFTED = "drifted"


@dataclass(frozen=True, kw_only=True)
class Movement:
    """How one thing moved between then and now.

    Attributes
    ----------
    name
        What is compared.
    effect, bands
        How far apart, beyond what chance adds; from the first band on it is worth watching, from
        the second on it has drifted.
    p_value, p_holm
        Of so large a distance were nothing moved; the latter adjusted for all that is compared.
    measures
        The standard measures it rests on, by name.
    moved
        In words, what moved most.
    """

    name: str
    effect: float
    bands: tuple[float, float]
    p_value: float
    measures: Mapping[str, float]
    moved: str
    p_holm: float = 1.0

    @property
    def verdict(self) -> Verdict:
        """Drift has to be both large and beyond chance."""
        if self.p_holm >= ALPHA or self.effect < self.bands[0]:
            return Verdict.STABLE
        if self.effect < self.bands[1] or self.name in NOT_READ:
            return Verdict.WATCH
        return Verdict.DRIFTED


def adjusted(movements: Iterable[Movement]) -> tuple[Movement, ...]:
    """Adjust the p-values of everything that was compared, as one family (Holm)."""
    family = tuple(movements)
    p_values = holm(np.array([one.p_value for one in family])).tolist()
    return tuple(replace(one, p_holm=p) for one, p in zip(family, p_values, strict=True))


def worst(movements: Iterable[Movement]) -> Verdict:
    """Return the verdict on all: the worst of any."""
    order = list(Verdict)
    return max((one.verdict for one in movements), key=order.index, default=Verdict.STABLE)


def compare_profiles(then: Profile, now: Profile) -> tuple[Movement, ...]:
    """Compare all that both profiles have; p-values are not adjusted yet."""
    return (
        *(
            _of_shares(name, histogram, now.shares.get(name))
            for name, histogram in then.shares.items()
            if name != HOUR or HOUR in now.shares  # ordinals have no hour
        ),
        *(
            _of_spreads(name, histogram, now.spreads[name])
            for name, histogram in then.spreads.items()
            if name in now.spreads
        ),
        *(
            _of_rates(name, rates, now.rates[name])
            for name, rates in then.rates.items()
            if name in now.rates
        ),
        *_of_new(then, now),
    )


def _of_shares(name: str, then: Histogram, now: Histogram | None) -> Movement:
    """Compare shares of values; what is rare, or was not there then, is one value."""
    live = now or Histogram(counts={UNKNOWN: 1}, size=then.size)
    names, before, after = _cells(then, live)
    change = after / after.sum() - before / before.sum()
    most = int(np.argmax(np.abs(change)))
    return _movement(
        name,
        (before, after),
        (then.size, live.size),
        p_value=homogeneity_p(before, after, then.size, live.size),
        moved=f"{names[most]}: {_share_of(before, most)} → {_share_of(after, most)}",
    )


def _cells(then: Histogram, now: Histogram) -> tuple[list[str], Counts, Counts]:
    """Return the values common enough to be counted alone, and counts then and now."""
    known = [name for name in then.counts if name != OTHER]
    before = np.array([then.counts[name] for name in known], dtype=np.float64)
    after = np.array([now.counts.get(name, 0) for name in known], dtype=np.float64)
    n_before, n_after = sum(then.counts.values()), sum(now.counts.values())
    share = (before / n_before + after / n_after) / 2
    common = np.argsort(-share, kind="stable")[:MOST_CELLS]
    common = common[share[common] * min(then.size, now.size) >= SMALLEST_EXPECTED]
    before, after = before[common], after[common]
    before = np.append(before, n_before - before.sum())
    after = np.append(after, n_after - after.sum())
    used = np.flatnonzero(before + after)
    names = [*(known[place] for place in common), OTHER]
    return [names[place] for place in used], before[used], after[used]


def _of_spreads(name: str, then: Histogram, now: Histogram) -> Movement:
    """Compare distributions of a number: Kolmogorov–Smirnov on fine cells, the index on tenths."""
    n_cells = len(GRIDS[name]) + 1
    before, after = _dense(then, n_cells), _dense(now, n_cells)
    distance = kolmogorov_smirnov(before, after)
    below = (np.cumsum(before) - before) / before.sum()
    tenth = np.minimum(DECILES - 1, np.floor(below * DECILES + 1e-9)).astype(np.int64)
    _, group = np.unique(tenth, return_inverse=True)
    return _movement(
        name,
        (np.bincount(group, weights=before), np.bincount(group, weights=after)),
        (then.size, now.size),
        p_value=kolmogorov_smirnov_p(distance, then.size, now.size),
        moved=f"median: {_median(name, before)} → {_median(name, after)}",
        kolmogorov_smirnov=distance,
    )


def _movement(
    name: str,
    counts: tuple[Counts, Counts],
    sizes: tuple[float, float],
    *,
    p_value: float,
    moved: str,
    **measures: float,
) -> Movement:
    index = stability_index(*counts, *sizes)
    by_chance = index_by_chance(len(counts[0]), *sizes)
    return Movement(
        name=name,
        effect=max(0.0, index - by_chance),
        bands=STABILITY_BANDS,
        p_value=p_value,
        measures={
            "stability_index": index,
            "stability_index_by_chance": by_chance,
            "jensen_shannon": jensen_shannon(*counts),
            **measures,
        },
        moved=moved,
    )


def _of_rates(name: str, then: Rates, now: Rates) -> Movement:
    """Compare success group by group, the groups with most attempts then each for itself."""
    groups = sorted(then.attempts, key=lambda one: -then.attempts[one])[:MOST_CELLS]
    before, after = _attempts_and_successes(then, groups), _attempts_and_successes(now, groups)
    effect, p_value = rate_distances(
        before,
        after,
        then.size / max(sum(then.attempts.values()), 1),
        now.size / max(sum(now.attempts.values()), 1),
    )
    rates = [(won.sum() / tried.sum() if tried.sum() else 0.0) for tried, won in (before, after)]
    return Movement(
        name=f"success by {name.removesuffix('s')}",
        effect=effect,
        bands=RATE_BANDS,
        p_value=p_value,
        measures={"cohen_h": effect},
        moved=f"all: {rates[0]:.1%} → {rates[1]:.1%}",
    )


def _attempts_and_successes(rates: Rates, groups: list[str]) -> tuple[Counts, Counts]:
    return (
        np.array([rates.attempts.get(one, 0) for one in groups], dtype=np.float64),
        np.array([rates.successes.get(one, 0) for one in groups], dtype=np.float64),
    )


def _of_new(then: Profile, now: Profile) -> Iterable[Movement]:
    """Measure how much happens on what was not known then."""
    known_modules, known_skills = set(then.module_ids), set(then.skill_ids)
    modules = now.shares["modules"]
    yield _new("new modules", modules.counts, known_modules, modules.size)
    if "skills" in now.rates:
        skills = now.rates["skills"]
        yield _new("new skills", skills.attempts, known_skills, skills.size)
    if "role_id" in now.shares:
        roles = now.shares["role_id"]
        named = {name: n for name, n in roles.counts.items() if name not in (UNKNOWN, OTHER)}
        yield _new(
            "new roles", named, set(then.role_ids) | set(_values(then, "role_id")), roles.size
        )


def _values(profile: Profile, name: str) -> Iterable[str]:
    return profile.shares[name].counts if name in profile.shares else ()


def _new(name: str, counts: Mapping[str, int], known: Collection[str], size: float) -> Movement:
    total = sum(counts.values())
    unknown = {one: n for one, n in counts.items() if n and one not in known}
    share = sum(unknown.values()) / max(total, 1)
    largest = max(unknown, key=lambda one: unknown[one], default="none")
    return Movement(
        name=name,
        effect=share,
        bands=NEW_SHARE_BANDS,
        p_value=share_above_p(share, size, USUAL_NEW_SHARE) if unknown else 1.0,
        measures={"share": share},
        moved=f"{largest}: 0.0% → {unknown.get(largest, 0) / max(total, 1):.1%}",
    )


def _dense(histogram: Histogram, n_cells: int) -> Counts:
    counts = np.zeros(n_cells)
    for cell, n in histogram.counts.items():
        counts[int(cell)] = n
    return counts


def _median(name: str, counts: Counts) -> str:
    grid = GRIDS[name]
    place = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    return UNITS[name](float(grid[min(place, len(grid) - 1)]))


def _share_of(counts: Counts, place: int) -> str:
    return f"{counts[place] / counts.sum():.1%}"


def _in_words(seconds: float) -> str:
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"


UNITS: Mapping[str, Callable[[float], str]] = {
    "score": "{:.2f}".format,
    "history length": "{:.0f} events".format,
    "gap between events": _in_words,
}
