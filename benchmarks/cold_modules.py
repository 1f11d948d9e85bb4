"""How well modules that nobody has taken yet are ranked.

Run `.venv/bin/python benchmarks/cold_modules.py [--from FOLDER]`; without a folder, on the sample
academy. A tenth of the modules that at least 20 learners met are hidden: nobody in training met
them. Held-out learners are then asked about twice, with the code that serves: for the last hidden
module they took, from what they had taken before; and for their last module whatever it is, which
shows what new modules cost the others. One row for each way of placing hidden modules.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.encode.catalogue import CatalogueIndex, index_catalogue
from features.encode.ids import IdMap
from features.encode.log import InteractionLog
from features.encode.sequences import Sequences, sequence_modules
from features.score.affinity import BoundAffinity, bind_affinity
from features.score.likeness import TERMS, USUAL_WEIGHTS, ModuleContent
from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel, Reading
from features.score.ranking.weights import Recency, keep_top
from training.academy import generate_academy, write_folder
from training.evaluation.protocols import hold_out_by_id
from training.evaluation.ranking_metrics import rank_of_target
from training.histories.data import TrainingData, read_folder_data
from training.ranking.likeness import learn_likeness
from training.ranking.linear import count_transitions, ease_weights, gram_matrix, normalise_rows

FEWEST_LEARNERS = 20
HIDDEN_SHARE = 0.1
N_KEPT = 300
ACADEMY_NOW = datetime(2026, 11, 1, tzinfo=UTC)
HEADINGS = ("placed by", "HR@10", "NDCG@10", "HR@50", "median rank", "NDCG@10 of all")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question: what a learner had met, oldest first, and what came next."""

    history: NDArray[np.int32]
    target: int


def main() -> None:
    """Hide, train, ask and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="folder", type=Path, help="a history folder")
    parser.add_argument("--learners", type=int, default=3_000, help="of the sample academy")
    parser.add_argument("--questions", type=int, default=2_000, help="at most, of each kind")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    data = _read(chosen.folder, chosen.learners, chosen.seed)
    rng = np.random.default_rng(chosen.seed)
    index, sequences = index_catalogue(data.catalogue), sequence_modules(data.log)
    hidden = _hide(sequences, index, rng)
    test = np.zeros(len(sequences), dtype=bool)
    test[hold_out_by_id(data, rng).question.learner] = True
    train = sequences.keep(~hidden[sequences.module]).take(~test)
    asked = list(_ask(sequences, test, hidden, only_hidden=True))[: chosen.questions]
    every = list(_ask(sequences, test, hidden, only_hidden=False))[: chosen.questions]
    print(
        f"{hidden.sum()} hidden modules, {len(asked):,} questions for them, {len(every):,} in all\n"
    )
    print(f"| {HEADINGS[0]:<24} | " + " | ".join(HEADINGS[1:]) + " |")
    print(
        "|" + "|".join("-" * (26 if k == 0 else len(h) + 2) for k, h in enumerate(HEADINGS)) + "|"
    )
    for name, bound in _ways(train, index, rng):
        ranks, of_all = _ranks(bound, asked), _ranks(bound, every)
        values = (
            f"{np.mean(ranks <= 10):.4f}",
            f"{_ndcg(ranks):.4f}",
            f"{np.mean(ranks <= 50):.4f}",
            f"{np.median(ranks):.0f}",
            f"{_ndcg(of_all):.4f}",
        )
        cells = (f"{v:>{len(h)}}" for v, h in zip(values, HEADINGS[1:], strict=True))
        print(f"| {name:<24} | " + " | ".join(cells) + " |", flush=True)


def _read(folder: Path | None, n_learners: int, seed: int) -> TrainingData:
    if folder is not None:
        return read_folder_data(folder, now=datetime.now(UTC))
    with tempfile.TemporaryDirectory() as scratch:
        academy = generate_academy(n_learners=n_learners, seed=seed, now=ACADEMY_NOW)
        write_folder(academy, Path(scratch))
        return read_folder_data(Path(scratch), now=ACADEMY_NOW)


def _hide(
    sequences: Sequences, index: CatalogueIndex, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark a tenth of the modules that are met often and of which the skills are known."""
    n_modules = len(index.module_ids)
    met = np.bincount(sequences.module, minlength=n_modules)
    candidates = np.flatnonzero((met >= FEWEST_LEARNERS) & (np.diff(index.skills.indptr) > 0))
    hidden = np.zeros(n_modules, dtype=bool)
    hidden[rng.permutation(candidates)[: max(1, round(len(candidates) * HIDDEN_SHARE))]] = True
    return hidden


def _ask(
    sequences: Sequences, test: NDArray[np.bool_], hidden: NDArray[np.bool_], *, only_hidden: bool
) -> Iterator[Asked]:
    for learner in np.flatnonzero(test):
        modules = sequences.of(learner)
        places = np.flatnonzero(hidden[modules]) if only_hidden else np.arange(len(modules))
        if len(places) and places[-1] > 0:
            before = modules[: places[-1]]
            known = before[~hidden[before]]
            if len(known):
                yield Asked(history=known, target=int(modules[places[-1]]))


def _ways(
    train: Sequences, index: CatalogueIndex, rng: np.random.Generator
) -> Iterator[tuple[str, BoundAffinity]]:
    """Give the ways of placing modules that nobody met, all upon one model."""
    n_modules = len(index.module_ids)
    arrays = to_arrays(_fit(train, n_modules)) | {
        "module_ids": np.array(index.module_ids.ids),
        "role_ids": np.zeros(0, dtype=np.str_),
        "met_by_role": np.zeros((0, n_modules)),
    }
    learned = learn_likeness(train, ModuleContent.of(index), rng)
    bound = bind_affinity(arrays | {"likeness": learned}, index)
    cold = bound.cold
    others = np.flatnonzero(~bound.is_new)
    strangers = others[rng.integers(len(others), size=cold.neighbours.shape)].astype(np.int32)
    evenly = np.full(cold.shares.shape, 1.0 / cold.shares.shape[1])
    yield "nothing: all at the end", replace(bound, cold=replace(cold, shares=0.0 * cold.shares))
    yield (
        "ten modules at random",
        replace(bound, cold=replace(cold, neighbours=strangers, shares=evenly)),
    )
    skills = np.array([float(term == "skills") for term in TERMS])
    yield "like skills", bind_affinity(arrays | {"likeness": skills}, index)
    yield "like content, as usual", bind_affinity(arrays | {"likeness": USUAL_WEIGHTS}, index)
    yield "like content, as learned", bound
    print("\nlearned: " + ", ".join(f"{t} {w:.3f}" for t, w in zip(TERMS, learned, strict=True)))


def _fit(train: Sequences, n_modules: int) -> RankingModel:
    """Fit the two strongest single components; the whole blend would take minutes a run."""
    matrices = {
        "ease": keep_top(next(ease_weights(gram_matrix(train, n_modules), [100.0])), N_KEPT),
        "soon": keep_top(
            normalise_rows(count_transitions(train, n_modules, longest_gap=10, decay=0.8), 10.0),
            N_KEPT,
        ),
    }
    return RankingModel(
        popularity=np.bincount(train.module, minlength=n_modules).astype(np.float64),
        matrices=matrices,
        readings=tuple(
            Reading(
                matrix=name,
                recency=Recency(power=1.0),
                base=1.0 / float(weights.weight.max(axis=1).mean()),
            )
            for name, weights in matrices.items()
        ),
    )


def _ranks(bound: BoundAffinity, asked: list[Asked]) -> NDArray[np.int64]:
    """Return the rank of each target among the modules the learner had not met."""
    ranks = []
    for one in asked:
        log = _log_of(one.history, len(bound.to_snapshot))
        affinity, _ = bound.affinity(log, [None], log.at_seconds[-1:])
        seen = np.zeros(affinity.shape, dtype=bool)
        seen[0, one.history] = True
        ranks.append(rank_of_target(affinity, np.array([one.target]), seen)[0])
    return np.array(ranks)


def _log_of(history: NDArray[np.int32], n_modules: int) -> InteractionLog:
    n = len(history)
    return InteractionLog(
        learner_ids=IdMap(["learner"]),
        module_ids=IdMap(map(str, range(n_modules))),
        learner=np.zeros(n, dtype=np.int32),
        module=history,
        event=np.zeros(n, dtype=np.int8),
        at_seconds=np.arange(n, dtype=np.float64),
        score=np.full(n, np.nan),
        success=np.full(n, -1, dtype=np.int8),
        duration_seconds=np.full(n, np.nan),
        starts=np.array([0, n]),
    )


def _ndcg(ranks: NDArray[np.int64]) -> float:
    return float(np.where(ranks <= 10, 1.0 / np.log2(1.0 + ranks), 0.0).mean())


if __name__ == "__main__":
    main()
