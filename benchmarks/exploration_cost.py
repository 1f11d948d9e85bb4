"""What the default policy's exploration costs: the same simulated learners with it and without.

Run `.venv/bin/python benchmarks/exploration_cost.py [--learners N] [--seeds S …]`: by default 100
learners in each of six worlds, about seven minutes of one core. Prints a table in Markdown: each
measure with exploration and without, and the difference with its 95 % interval over worlds.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from features.domain.catalogue import Policy
from training.cli.simulation_tables import AMOUNTS, ROWS
from training.simulation.measures import Results, difference, estimate, gather
from training.simulation.parameters import Programme
from training.simulation.policies import PolicyName
from training.simulation.simulate import LearnerModelName, Plan, simulate

TAUGHT_FROM = 300
MODEL = LearnerModelName.IRT


def outcomes_of(policy: Policy, n_learners: int, seeds: Sequence[int]) -> Results:
    """Let the learners of every seed pass through the programme under one policy."""
    plan = Plan(
        n_learners=n_learners,
        n_taught_from=TAUGHT_FROM,
        seeds=seeds,
        models=[MODEL],
        policies=[PolicyName.OURS],
        own_policy=policy,
    )

    def progress(what: str, n_done: int, n: int) -> None:
        print(f"exploration {policy.exploration:g}: {what} {n_done} of {n}", file=sys.stderr)

    outcomes = simulate(plan, progress)
    return gather(
        {cell.seed: own for (cell, _), own in outcomes.items()}, float(Programme().n_weeks)
    )


def main() -> None:
    """Simulate both and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=100)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 7)))
    chosen = parser.parse_args()
    default = Policy()
    exploring = outcomes_of(default, chosen.learners, chosen.seeds)
    greedy = outcomes_of(replace(default, exploration=0.0), chosen.learners, chosen.seeds)
    print(
        f"{chosen.learners:,} learners × {len(chosen.seeds)} seeds; ±: 95 % over seeds, paired.\n"
    )
    print(f"| | exploration {default.exploration:g} | none | difference | 95 % |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for measure, label in ROWS.items():
        scale = 1.0 if measure in AMOUNTS else 100.0
        found = [estimate(each, measure).value * scale for each in (exploring, greedy)]
        cost = difference(exploring, greedy, measure)
        low, high = (end * scale for end in cost.interval or (float("nan"),) * 2)
        cells = f"{found[0]:.2f} | {found[1]:.2f} | {cost.value * scale:+.2f}"
        print(f"| {label} | {cells} | {low:+.2f} … {high:+.2f} |")


if __name__ == "__main__":
    main()
