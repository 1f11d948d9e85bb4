"""What assigning a learner costs, and what the SDK it rests on costs to load.

    python benchmarks/assignment.py

Every row assigns learners who are not enrolled yet, which is the dearest case, one at a time.
`GrowthBook.run` is the SDK's own client, made and destroyed for each learner, on the plainest of
these experiments.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from features.decide.assignment import Trial, assign
from features.domain.experiment import CoverageChange, Experiment, Phase, Variant
from features.domain.history import Learner

AT = datetime(2026, 3, 1, tzinfo=UTC)
BUDGET_MICROSECONDS = 30.0
N_TIMES = 3
ELIGIBLE = 'learner.department == "d3" || tenure_days < 90.0'
COST_OF_IMPORT = """
import resource, time
from pathlib import Path
def pages(): return int(Path("/proc/self/statm").read_text().split()[1])
before, began = pages(), time.perf_counter()
import growthbook
print(time.perf_counter() - began, (pages() - before) * resource.getpagesize() / 2**20)
"""


def trial(number: int, kind: str = "policy_id", **fields: object) -> Trial:
    """Make a running experiment of two variants."""
    other = Variant(variant_id="other", weight=0.5, component={kind: "p"})
    phase = Phase(
        number=1,
        weights={"as-today": 0.5, "other": 0.5},
        started_at=AT,
        coverages=(CoverageChange(coverage=1.0, at=AT),),
    )
    experiment = Experiment(
        experiment_id=f"experiment-{number}",
        hypothesis="It does better.",
        variants=(Variant(variant_id="as-today", weight=0.5), other),
        started_at=AT,
        phases=(phase,),
        **fields,  # type: ignore[arg-type]
    )
    return Trial(experiment=experiment)


def cases() -> dict[str, list[Trial]]:
    """Return what is measured by name."""
    kinds = ("policy_id", "snapshot", "pathway_id", "rules")
    return {
        "no experiment": [],
        "plain": [trial(1)],
        "in a namespace": [trial(1, namespace="n", namespace_range=(0.0, 0.9))],
        "with a condition": [trial(1, eligible=ELIGIBLE)],
        "by department": [trial(1, unit="department")],
        "all of these": [trial(1, unit="department", namespace="n", eligible=ELIGIBLE)],
        "four at once": [trial(k, kind) for k, kind in enumerate(kinds)],
    }


def timed(act: Callable[[Learner], object], learners: list[Learner]) -> np.ndarray:
    """Return microseconds for each learner: the least of several times, on a busy machine."""
    spent = np.full(len(learners), np.inf)
    for _ in range(N_TIMES):
        for k, learner in enumerate(learners):
            began = time.perf_counter()
            act(learner)
            spent[k] = min(spent[k], time.perf_counter() - began)
    return spent * 1e6


def with_client(learner: Learner) -> object:
    """Assign as the SDK's own client does."""
    from growthbook import Experiment as Sdk  # noqa: PLC0415 - what it costs is measured apart
    from growthbook import GrowthBook  # noqa: PLC0415

    client = GrowthBook(attributes={"id": learner.learner_id})
    result = client.run(Sdk(key="experiment-1", variations=[0, 1], hashVersion=2))
    client.destroy()
    return result


def main() -> None:
    """Print the table, and fail where the median is over the budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=5_000)
    n_learners = parser.parse_args().learners
    learners = [
        Learner(learner_id=f"L{k:06d}", department=f"d{k % 40}", hired_at=AT)
        for k in range(n_learners)
    ]
    print(f"{'one assignment, µs':<24}{'median':>8}{'95 %':>8}{'99 %':>8}")
    medians = {}
    for name, trials in cases().items():
        spent = timed(lambda each, trials=trials: assign(trials, each, {}, {}, AT), learners)
        medians[name] = float(np.median(spent)) / max(len(trials), 1)
        print_row(name, spent)
    print_row("GrowthBook.run", timed(with_client, learners[: n_learners // 5 + 1]))
    done = subprocess.run(
        [sys.executable, "-c", COST_OF_IMPORT], capture_output=True, text=True, check=True
    )
    seconds, megabytes = map(float, done.stdout.split())
    print(f"\nloading growthbook: {seconds:.2f} s, {megabytes:.0f} MB")
    worst = max(medians.values())
    if worst > BUDGET_MICROSECONDS:
        raise SystemExit(f"over {BUDGET_MICROSECONDS} µs an experiment at the median: {worst:.1f}")


def print_row(name: str, spent: np.ndarray) -> None:
    """Print the median and the tail of one case."""
    print(f"{name:<24}" + "".join(f"{np.percentile(spent, p):>8.1f}" for p in (50, 95, 99)))


if __name__ == "__main__":
    main()
