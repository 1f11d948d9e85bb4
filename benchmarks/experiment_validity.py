"""Whether the statistics of experiments keep their promises, on simulated experiments.

Run `.venv/bin/python benchmarks/experiment_validity.py [--experiments 1000] [--seed 0]`: about
ten seconds of one core. Prints a table in Markdown, one row a promise, with what was found, its
exact 95 % upper bound where a rate must stay low, and whether the target was met; exits 1 where
one was not. Values are exponential (skewed, as minutes and counts are) unless a row says otherwise.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.domain.errors import ReplayRefusedError
from training.experiments.balance import ALARM_P
from training.experiments.estimates import effect_of, effect_of_clusters
from training.experiments.logged import Candidates, Logged, log_candidates
from training.experiments.off_policy import replay
from training.experiments.rows import adjust_for_before, cluster_rows, ratio_rows
from training.experiments.sequential import half_width

FROM, TO, BATCH = 100, 5_000, 50  # an arm
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One row: what was tried, what was found, what was promised, and whether it was kept."""

    name: str
    found: str
    target: str
    is_met: bool


def main() -> None:
    """Simulate, print, and exit 1 where a promise was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--experiments", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print("| | found | target | |\n| --- | ---: | ---: | --- |")
    kept = True
    for promise in promises(chosen.experiments, np.random.default_rng(chosen.seed)):
        verdict = "met" if promise.is_met else "NOT met"
        print(f"| {promise.name} | {promise.found} | {promise.target} | {verdict} |", flush=True)
        kept &= promise.is_met
    sys.exit(0 if kept else 1)


def promises(n: int, rng: np.random.Generator) -> Iterator[Promise]:
    """Try every promise in turn on n experiments."""
    for planned_n in (2_000, 2 * TO):
        fixed, valid = looked_at(n, planned_n, rng)
        yield _rare(f"A/A at every look, always valid, {planned_n:,} planned", valid, n, 0.065)
    yield _rare("A/A from 2 an arm on, 20 planned", _from_few(n, 20, rng), n, 0.065)
    yield Promise(
        name="the first with fixed intervals, which must break",
        found=f"{fixed / n:.1%}",
        target="≥ 15%",
        is_met=fixed / n >= 0.15,
    )
    yield _rare(
        "A/A, clusters with ICC .1, 10 an arm", sum(_clusters(n, rng)), n, 0.07, bound=False
    )
    plain = sum(_clusters(n, rng, is_naive=True))
    yield Promise(
        name="the same read by learners, which must break",
        found=f"{plain / n:.1%}",
        target="≥ 15%",
        is_met=plain / n >= 0.15,
    )
    yield _rare("sample ratio, 365 daily looks", _false_alarms(n, rng), n, 0.03, bound=False)
    for name, covered in _coverages(n, rng).items():
        yield _covers(f"planted effect covered, {name}", covered / n, 0.93, 0.97)
    ratio = _narrowing(rng)
    yield Promise(
        name="CUPED's width ÷ theory",
        found=f"{ratio:.3f}",
        target="0.95–1.05",
        is_met=abs(ratio - 1.0) <= 0.05,
    )
    yield from _off_policy(200, rng)


def looked_at(n: int, planned_n: int, rng: np.random.Generator) -> tuple[int, int]:
    """Count A/A experiments that fixed and always-valid intervals ever call different."""
    looks = np.arange(FROM, TO + 1, BATCH)
    fixed = valid = 0
    for _ in range(n):
        arms = rng.exponential(size=(2, TO))
        sums, squares = (np.cumsum(each, axis=1)[:, looks - 1] for each in (arms, arms**2))
        variances = (squares - sums**2 / looks) / (looks - 1)
        value = np.abs(sums[1] - sums[0]) / looks
        error = np.sqrt(variances.sum(axis=0) / looks)
        fixed += bool(np.any(value > stats.norm.ppf(0.975) * error))
        valid += bool(np.any(value > half_width(error, 2 * looks, planned_n)))
    return fixed, valid


def _from_few(n: int, planned_n: int, rng: np.random.Generator) -> int:
    """Count A/A experiments ever called different, read at every learner from 2 to 200 an arm."""
    looks, found = np.arange(2, 201), 0
    for _ in range(n):
        arms = rng.exponential(size=(2, 200))
        sums, squares = (np.cumsum(each, axis=1)[:, looks - 1] for each in (arms, arms**2))
        parts = (squares - sums**2 / looks) / (looks - 1) / looks
        total = parts.sum(axis=0)
        degrees = total**2 / (np.sum(parts**2, axis=0) / (looks - 1))
        wider = stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975)
        reach = half_width(np.sqrt(total) * wider, 2 * looks, planned_n)
        found += bool(np.any(np.abs(sums[1] - sums[0]) / looks > reach))
    return found


def _clusters(n: int, rng: np.random.Generator, *, is_naive: bool = False) -> Iterator[bool]:
    """Tell of each A/A experiment on uneven clusters whether it finds a difference."""
    for _ in range(n):
        arms = []
        for _ in range(2):
            clusters = np.repeat(np.arange(10), rng.integers(10, 51, size=10))
            shared = rng.normal(scale=np.sqrt(0.1), size=10)
            values = shared[clusters] + rng.normal(scale=np.sqrt(0.9), size=len(clusters))
            arms.append(values if is_naive else cluster_rows(values, clusters))
        compare = effect_of if is_naive else effect_of_clusters
        yield compare(*arms).absolute.p_value < 0.05


def _false_alarms(n: int, rng: np.random.Generator) -> int:
    """Count experiments of 40 newcomers a day that a year of daily looks ever calls a mismatch."""
    days = np.arange(1, 366) * 40
    first = np.cumsum(rng.binomial(40, 0.5, size=(n, 365)), axis=1)
    statistic = (first - days / 2.0) ** 2 / (days / 4.0)
    return int(np.any(stats.chi2.sf(statistic, 1) < ALARM_P, axis=1).sum())


def _coverages(n: int, rng: np.random.Generator) -> dict[str, int]:
    """Count intervals that hold a planted effect of .2, for each kind of metric."""
    covered = dict.fromkeys(("mean", "relative", "CUPED", "ratio", "clusters"), 0)
    for _ in range(n):
        before = rng.exponential(size=(2, 400))
        values = 0.6 * before + 0.4 * rng.exponential(size=(2, 400))
        values[1] += 0.2
        plain = effect_of(values[0], values[1])
        adjusted = effect_of(*adjust_for_before(tuple(values), tuple(before)).rows)
        tries = rng.integers(1, 20, size=(2, 400)).astype(np.float64)
        ease = rng.beta(4.0, 4.0, size=(2, 400)) * 0.8
        passed = rng.binomial(tries.astype(np.int64), ease + np.array([[0.0], [0.2]]))
        ratios = effect_of(*(ratio_rows(p * 1.0, t) for p, t in zip(passed, tries, strict=True)))
        grouped = _grouped(rng)
        for name, found, truth in (
            ("mean", plain.absolute, 0.2),
            ("relative", plain.relative, 0.2),
            ("CUPED", adjusted.absolute, 0.2),
            ("ratio", ratios.absolute, 0.2),
            ("clusters", effect_of_clusters(*grouped).absolute, 0.2),
        ):
            covered[name] += found is not None and found.low <= truth <= found.high
    return covered


def _grouped(rng: np.random.Generator) -> tuple[Floats, Floats]:
    clusters = np.repeat(np.arange(20), 30)
    arms = [
        cluster_rows(
            rng.normal(effect, np.sqrt(0.1), size=20)[clusters]
            + rng.normal(scale=np.sqrt(0.9), size=600),
            clusters,
        )
        for effect in (0.0, 0.2)
    ]
    return arms[0], arms[1]


def _narrowing(rng: np.random.Generator) -> float:
    """Return how much CUPED narrows, ÷ √(1 − correlation²), at a correlation of .7."""
    found = []
    for _ in range(50):
        before = rng.normal(size=(2, 1_000))
        values = 0.7 * before + np.sqrt(1.0 - 0.49) * rng.normal(size=(2, 1_000))
        adjusted = effect_of(*adjust_for_before(tuple(values), tuple(before)).rows)
        plain = effect_of(values[0], values[1])
        found.append(adjusted.absolute.standard_error / plain.absolute.standard_error)
    return float(np.mean(found)) / float(np.sqrt(1.0 - 0.49))


def _off_policy(n: int, rng: np.random.Generator) -> Iterator[Promise]:
    """Replay a target policy of known worth on n logs whose learners differ among themselves."""
    covered, errors, refused = [], [], 0
    for _ in range(n):
        log, truth = _log(rng)
        try:
            values = replay(log, rng, n_resamples=500).values
        except ReplayRefusedError:
            refused += 1
            continue
        covered.append([one.low <= truth <= one.high for one in values.values()])
        errors.append([one.value - truth for one in values.values()])
    names = list(values)
    rates = dict(zip(names, np.mean(covered, axis=0), strict=True))
    spreads = dict(zip(names, np.sqrt(np.mean(np.square(errors), axis=0)), strict=True))
    yield Promise(
        name=f"off-policy DR covers the truth ({n - refused} logs, {refused} refused)",
        found=f"{rates['dr']:.1%}",
        target="≥ 90%",
        is_met=bool(rates["dr"] >= 0.9),
    )
    yield Promise(
        name="error (root mean square): " + ", ".join(names),
        found=", ".join(f"{spreads[name]:.4f}" for name in names),
        target="DR < IPS",
        is_met=bool(spreads["dr"] < spreads["ips"]),
    )


def _log(rng: np.random.Generator, n: int = 6_000, n_learners: int = 600) -> tuple[Logged, float]:
    """Make a log whose reward depends on learner and candidate, and a model cross-fitted on it."""
    learner = rng.integers(n_learners, size=n)
    trait = rng.random(n_learners)[learner]
    steps = np.arange(10) / 9.0
    worth = 0.1 + 0.6 * np.exp(-8.0 * (trait[:, None] - steps) ** 2)
    logging = _softmax(-2.0 * np.abs(trait[:, None] - steps))
    target = _softmax(-4.0 * np.abs(trait[:, None] - steps))
    chosen = np.array((np.cumsum(logging, axis=1) < rng.random((n, 1))).sum(axis=1))
    rows = np.arange(n)
    luck = 0.1 * rng.normal(size=n_learners)[learner]
    reward = np.clip(worth[rows, chosen] + luck, 0.0, 1.0)
    reward = (rng.random(n) < reward).astype(np.float64)
    # The truth averages over every luck a learner may have, not over that of these learners.
    many = np.clip(worth[..., None] + 0.1 * np.linspace(-2.5, 2.5, 11), 0.0, 1.0)
    weights = stats.norm.pdf(np.linspace(-2.5, 2.5, 11))
    truth = float(np.mean(np.sum(target * (many @ (weights / weights.sum())), axis=1)))
    modelled = _cross_fitted(learner, chosen, reward, trait)
    log = log_candidates(
        learner,
        reward,
        logging[rows, chosen],
        Candidates(chosen=chosen, target=target, modelled=modelled),
    )
    return log, truth


def _cross_fitted(
    learner: NDArray[np.int64], chosen: NDArray[np.int64], reward: Floats, trait: Floats
) -> Floats:
    """Fit mean rewards by cell of trait × candidate on the other half of the learners."""
    cell = np.minimum((trait * 5).astype(np.int64), 4)
    modelled = np.empty((len(reward), 10))
    for half in (0, 1):
        others, own = learner % 2 != half, learner % 2 == half
        flat = cell[others] * 10 + chosen[others]
        sums = np.bincount(flat, weights=reward[others], minlength=50)
        counts = np.bincount(flat, minlength=50)
        table = ((sums + reward.mean()) / (counts + 1.0)).reshape(5, 10)
        modelled[own] = table[cell[own]]
    return modelled


def _softmax(scores: Floats) -> Floats:
    raised = np.exp(scores)
    return raised / raised.sum(axis=1, keepdims=True)


def _rare(name: str, n_found: int, n: int, most: float, *, bound: bool = True) -> Promise:
    upper = float(stats.binomtest(n_found, n).proportion_ci(0.9, method="exact").high)
    judged = upper if bound else n_found / n
    return Promise(
        name=name,
        found=f"{n_found / n:.1%} (upper {upper:.1%})",
        target=f"{'upper ' if bound else ''}≤ {most:.1%}",
        is_met=judged <= most,
    )


def _covers(name: str, rate: float, low: float, high: float) -> Promise:
    return Promise(
        name=name, found=f"{rate:.1%}", target=f"{low:.0%}–{high:.0%}", is_met=low <= rate <= high
    )


if __name__ == "__main__":
    main()
