"""What one decision over thousands of modules costs, stage by stage, in microseconds of CPU.

Run `.venv/bin/python benchmarks/decide.py [--modules 5000] [--learners 100] [--cache FOLDER]`. It
trains a snapshot on made-up histories (a minute or two; `--cache` keeps it), furnishes a catalogue
with prerequisites, languages, needs, dates, 12 roles, 20 rules in CEL and 10 pathways, and decides
for learners of 0, 10, 50 and 200 events, each several times in turn. The least of each learner
counts, since what comes on top of it is other work of the machine; printed are the median and, in
brackets, the 95th percentile over learners.

| stage | what it is |
| --- | --- |
| history | `encode_learner`: the events as arrays over the catalogue |
| state | what success and mastery are read from: counters, ability, levels |
| affinity | the ranking model folded in and laid over the catalogue |
| p_success | of every module |
| mastery | now, as shown, and as expected after every module |
| decide | `decide()` where the models have spoken: rules, pathways, terms, slate, words |
| whole | `decide()` as the service calls it: all of the above |
"""

import argparse
import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time_ns

import numpy as np
from large_workspace import NOW, Workspace, make_workspace
from threadpoolctl import threadpool_limits

from features.decide.decide import decide
from features.domain.catalogue import Policy
from features.domain.history import LearnerHistory
from features.domain.recommendation import DecisionRequest, RequestContext
from features.encode.attempts import encode_evidence
from features.encode.catalogue import CatalogueIndex, index_catalogue
from features.encode.learner import LearnerArrays, encode_learner
from features.encode.state import LearnerStates
from features.score.mastery import expected_mastery, mastery, mastery_shown, p_success
from features.score.scorer import Scorer, bind
from features.score.scores import Scores
from features.score.snapshot import Snapshot
from features.score.trees import no_trees

STAGES = ("history", "state", "affinity", "p_success", "mastery", "decide", "whole")
LENGTHS = (0, 10, 50, 200)
POLICY = Policy()
MINUTES = 30.0


@dataclass(frozen=True, kw_only=True)
class Told:
    """Models that have spoken already: scores of one learner."""

    index: CatalogueIndex
    version: str | None
    scores: Scores

    def score(
        self,
        history: LearnerHistory,  # noqa: ARG002
        arrays: LearnerArrays,  # noqa: ARG002
        now_seconds: float,  # noqa: ARG002
    ) -> Scores:
        """Return what they said."""
        return self.scores


def main() -> None:
    """Print a table for each kind of model of success, or one JSON document."""
    chosen = _arguments()
    with threadpool_limits(1):
        workspace = make_workspace(
            chosen.modules, chosen.learners, max(LENGTHS), chosen.seed, chosen.cache
        )
        index = index_catalogue(workspace.catalogue)
        tables = {
            name: measure(bind(index, snapshot), workspace, chosen.rounds, chosen.limit)
            for name, snapshot in variants(workspace.snapshot).items()
        }
    if chosen.json:
        print(json.dumps(tables, indent=2))
        return
    print(f"{len(index.modules):,} modules, {len(index.skill_ids):,} skills; µs of CPU")
    for name, table in tables.items():
        _print(name, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--modules", type=int, default=5_000)
    parser.add_argument("--learners", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=3, help="how many modules are asked for")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="where the trained snapshot is kept")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


def variants(snapshot: Snapshot) -> Mapping[str, Snapshot]:
    """Return the snapshot as trained and, where its success model has trees, without them."""
    plain = no_trees().to_arrays()
    bare = {f"success.trees.{name}": array for name, array in plain.items()}
    n_trees = len(snapshot.arrays["success.trees.roots"])
    as_trained = {f"{n_trees} trees" if n_trees else "logistic regression": snapshot}
    without = replace(snapshot, arrays={**snapshot.arrays, **bare})
    return as_trained | ({"no trees": without} if n_trees else {})


def measure(
    scorer: Scorer, workspace: Workspace, rounds: int, limit: int
) -> dict[str, dict[str, dict[str, float]]]:
    """Return, by length of history and stage, the median and the 95th percentile in µs."""
    context = RequestContext(limit=limit, available_minutes=MINUTES)
    return {
        str(length): _measure(
            [
                DecisionRequest(history=_cut(each, length), context=context, now=NOW)
                for each in workspace.learners
            ],
            scorer,
            rounds,
        )
        for length in LENGTHS
    }


def _cut(history: LearnerHistory, n_events: int) -> LearnerHistory:
    if n_events == 0:
        return replace(history, interactions=(), evidence=())
    return replace(history, interactions=history.interactions[:n_events])


def _measure(
    requests: list[DecisionRequest], scorer: Scorer, rounds: int
) -> dict[str, dict[str, float]]:
    least: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for request in requests:
        gc.collect()
        for stage, run in _stages(request, scorer).items():
            least[stage].append(min(spent(run) for _ in range(rounds)))
    return {
        stage: {"median": float(np.median(each)), "p95": float(np.quantile(each, 0.95))}
        for stage, each in least.items()
    }


def spent(run: Callable[[], object]) -> float:
    """Return the µs of CPU that a call takes."""
    started = process_time_ns()
    run()
    return (process_time_ns() - started) / 1e3


def _stages(request: DecisionRequest, scorer: Scorer) -> Mapping[str, Callable[[], object]]:
    """Return what to time, each with its inputs at hand."""
    history, now = request.history, request.now.timestamp()
    index, success = scorer.index, scorer.success
    arrays = encode_learner(history, index)
    role_id, log = history.learner.role_id, arrays.log
    assert scorer.affinity is not None
    affinity = scorer.affinity

    def read_state() -> LearnerStates:
        evidence = encode_evidence(history.evidence, log.learner_ids, index.skill_ids)
        return success.learner_states(log, at, evidence, success.levels.roles([role_id], [None]))

    at = np.array([now])
    state = read_state()
    told = Told(index=index, version="1", scores=scorer.score(history, arrays, now))
    return {
        "history": lambda: encode_learner(history, index),
        "state": read_state,
        "affinity": lambda: affinity.affinity(log, [role_id], at),
        "p_success": lambda: p_success(success, state, is_trained=True),
        "mastery": lambda: (
            mastery(success, state),
            mastery_shown(success, state),
            expected_mastery(success, state),
        ),
        "decide": lambda: decide(request, told, POLICY, np.random.default_rng(1)),
        "whole": lambda: decide(request, scorer, POLICY, np.random.default_rng(1)),
    }


def _print(name: str, table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    print(f"\n{name}\n\n| events |" + "|".join(f" {stage:>13} " for stage in STAGES) + "|")
    print("| -----: |" + "|".join(f" {'-' * 12}: " for _ in STAGES) + "|")
    for length, row in table.items():
        cells = [f"{row[stage]['median']:,.0f} ({row[stage]['p95']:,.0f})" for stage in STAGES]
        print(f"| {length:>6} |" + "|".join(f" {cell:>13} " for cell in cells) + "|")


if __name__ == "__main__":
    main()
