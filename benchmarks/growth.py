"""What an answer costs as the catalogue grows, catalogues in turn in one process.

Run `.venv/bin/python benchmarks/growth.py [--sizes 500,5000,20000] [--learners 20] [--rounds 5]
[--cache FOLDER]`. For each size it makes up a workspace as `decide.py` does, and then decides for
learners of 50 events: each catalogue's k-th learner in turn, so that what else the machine does
falls on all alike. Reading, recording and HTTP, which do not know how many modules there are, are
left out: what `serving.py` measures grows by less.

| column | what it is |
| --- | --- |
| snapshot MB | what the arrays of the snapshot take in a worker |
| µs | CPU of one answer, least of the rounds, median over learners |
| ratio | to the first catalogue |
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from decide import MINUTES, POLICY, spent
from large_workspace import NOW, Workspace, make_workspace
from threadpoolctl import threadpool_limits

from features.decide.decide import decide
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.catalogue import index_catalogue
from features.score.scorer import Scorer, bind

N_EVENTS = 50


def main() -> None:
    """Print the table."""
    chosen = _arguments()
    print("|   modules | snapshot MB |       µs | ratio |")
    print("| --------: | ----------: | -------: | ----: |")
    with threadpool_limits(1):
        served = [_serve(n_modules, chosen) for n_modules in chosen.sizes]
        spent_us = _decide_in_turn(served, chosen)
    for (workspace, _), each in zip(served, spent_us, strict=True):
        snapshot_mb = sum(array.nbytes for array in workspace.snapshot.arrays.values()) / 2**20
        print(
            f"| {len(workspace.catalogue.modules):>9,} | {snapshot_mb:>11.0f} "
            f"| {each:>8,.0f} | {each / spent_us[0]:>5.2f} |"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=_numbers, default=_numbers("500,5000,20000"))
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", type=Path, help="where the trained snapshots are kept")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def _serve(n_modules: int, chosen: argparse.Namespace) -> tuple[Workspace, Scorer]:
    """Make a workspace, and what answers from it."""
    workspace = make_workspace(n_modules, chosen.learners, N_EVENTS, 0, chosen.cache)
    return workspace, bind(index_catalogue(workspace.catalogue), workspace.snapshot)


def _decide_in_turn(
    served: list[tuple[Workspace, Scorer]], chosen: argparse.Namespace
) -> list[float]:
    """Return the µs of an answer from each, least of the rounds, median over learners."""
    context = RequestContext(limit=3, available_minutes=MINUTES)
    least = np.full((len(served), chosen.learners), np.inf)
    for learner in range(chosen.learners):
        for _ in range(chosen.rounds):
            for row, (workspace, scorer) in enumerate(served):
                history = workspace.learners[learner]
                request = DecisionRequest(history=history, context=context, now=NOW)
                rng = np.random.default_rng(1)
                answer = partial(decide, request, scorer, POLICY, rng)
                least[row, learner] = min(least[row, learner], spent(answer))
    medians: list[float] = np.median(least, axis=1).tolist()
    return medians


if __name__ == "__main__":
    main()
