"""Waymark against fixed sequence, popularity, collaborative filtering: learners of known truth.

Run `.venv/bin/python benchmarks/closed_loop.py [--learners N] [--seeds S …]`, with `--out FILE` for
JSON and `--picture FILE` for a PNG. By default 2,000 learners in each of five worlds, under two
learner models and five policies, or only those of `--policy`. Prints tables in Markdown, and, where
the policies for it are run, whether the aims were met by Waymark without a pre-assessment: against
the fixed sequence 30 % less time to competency, and 70 % more completions or, where it leaves no
such room, half its abandonment; against collaborative filtering better in both.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from training.cli.simulation_tables import MODEL_NAMES, NAMES, ROWS, relative_text, value_text
from training.simulation.plot import plot_simulation
from training.simulation.policies import COMPARED, PolicyName
from training.simulation.report import write_document
from training.simulation.simulate import Plan, simulate

TAUGHT_FROM = 1_000
LESS_TIME, MORE_COMPLETED, LESS_ABANDONED = -0.30, 0.70, -0.50


def print_tables(document: Mapping[str, Any]) -> None:
    """Print, for each learner model, every policy and Waymark against each other one."""
    for model, found in document["models"].items():
        policies = found["policies"]
        print(f"\n### {MODEL_NAMES[model]}\n")
        print(f"| | {' | '.join(NAMES[policy] for policy in policies)} |")
        print(f"| --- |{' ---: |' * len(policies)}")
        for measure, label in ROWS.items():
            cells = (value_text(measure, each[measure]) for each in policies.values())
            print(f"| {label} | {' | '.join(cells)} |")
        for comparison, (own, _) in COMPARED.items():
            if found.get(comparison):
                print_comparison(NAMES[own], found[comparison])
        if {"fixed", "collaborative"} <= found.get("against", {}).keys():
            print()
            for aim, is_met in aims(found).items():
                print(f"- {'met' if is_met else 'NOT met'}: {aim}")


def print_comparison(name: str, against: Mapping[str, Any]) -> None:
    """Print one policy in % of each other one."""
    print(f"\n| {name}, in % of | {' | '.join(NAMES[rival] for rival in against)} |")
    print(f"| --- |{' ---: |' * len(against)}")
    for measure, label in ROWS.items():
        cells = (relative_text(each[measure]) for each in against.values())
        print(f"| {label.removesuffix(', %')} | {' | '.join(cells)} |")


def aims(found: Mapping[str, Any]) -> dict[str, bool]:
    """Tell which of the aims were met under one learner model."""
    fixed, plain = found["against"]["fixed"], found["against"]["collaborative"]
    room = found["policies"]["fixed"]["completed"]["mean"] * (1.0 + MORE_COMPLETED) <= 1.0
    more = fixed["completed"]["relative"]
    enough = (
        more is None or more["mean"] >= MORE_COMPLETED
        if room
        else fixed["abandoned"]["relative"]["mean"] <= LESS_ABANDONED
    )
    return {
        "time to competency 30 % under the fixed sequence": (
            fixed["weeks_to_competency"]["relative"]["mean"] <= LESS_TIME
        ),
        "70 % more completions than the fixed sequence"
        if room
        else "half the abandonment of the fixed sequence": enough,
        "less time than collaborative filtering": (
            plain["weeks_to_competency"]["difference"]["ci"][1] < 0.0
        ),
        "more completions than collaborative filtering": (
            plain["completed"]["difference"]["ci"][0] > 0.0
        ),
    }


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=2_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument(
        "--policy", type=PolicyName, nargs="+", choices=tuple(PolicyName), default=tuple(PolicyName)
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    chosen = parser.parse_args()
    started = perf_counter()
    plan = Plan(
        n_learners=chosen.learners,
        n_taught_from=TAUGHT_FROM,
        seeds=chosen.seeds,
        policies=[each for each in PolicyName if each in chosen.policy],
    )

    def progress(what: str, n_done: int, n: int) -> None:
        print(f"{what} {n_done} of {n}, {perf_counter() - started:.0f} s", file=sys.stderr)

    outcomes = simulate(plan, progress)
    document = write_document(plan, outcomes, perf_counter() - started)
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n")
    if chosen.picture is not None:
        plot_simulation(document, chosen.picture)
    print(
        f"{plan.n_learners:,} learners × {len(plan.seeds)} seeds, "
        f"{document['seconds'] / 60:.0f} minutes; ±: 95 % over {document['unit_of_doubt']}s."
    )
    print_tables(document)


if __name__ == "__main__":
    main()
