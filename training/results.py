"""Held-out results per learner: what the gate compares, kept with every run."""

from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import RegistryError
from features.encode.log import InteractionLog
from features.store.registry import Registry
from features.store.snapshots import UNREADABLE
from training.evaluation.report import chosen_of
from training.gate import HeldOutResults
from training.models import RANKING, SUCCESS, Judgement, Models, Task
from training.ranking.fit import BLEND
from training.slices import slices_of
from training.success.metrics import calibration_error

RESULTS_FILE = "held_out_results.npz"
NDCG, LOSS, ECE, SLICE, GAP = "ndcg_at_10.", "log_loss.", "ece.", "slice.", "gap_closed."


def results_of(
    task: Task, models: Models, judgement: Judgement, document: dict[str, Any]
) -> HeldOutResults:
    """Gather the chosen models' and the baselines' results by learner.

    Candidates that were not chosen are neither rivals nor baselines and are left out.
    """
    asked = np.union1d(task.holdout.question.learner, judgement.attempt_learner).astype(np.int64)
    chosen = chosen_of(models, document)
    candidates = set() if models.success is None else set(models.success.candidates)
    candidates -= {chosen.get(SUCCESS)}
    place = np.searchsorted(asked, task.holdout.question.learner)
    ndcg = {}
    rankings = {
        name: ranked
        for name, ranked in judgement.ranked.items()
        if name != BLEND or chosen.get(RANKING) == BLEND
    }
    for name, ranked in rankings.items():
        values = np.full(len(asked), np.nan)
        values[place] = ranked.ndcg_at_10
        ndcg[name] = values
    loss = {
        name: _mean_loss(asked, judgement, logits)
        for name, logits in judgement.logits.items()
        if name not in candidates
    }
    ids = task.data.log.learner_ids.ids
    return HeldOutResults(
        learner_ids=np.array([ids[row] for row in asked], dtype=np.str_),
        asked=digest_histories(task.data.log, asked),
        ndcg_at_10=ndcg,
        log_loss=loss,
        ece={
            name: calibration_error(
                judgement.attempt_success.astype(np.float64), judgement.p_success(name)
            )
            for name in loss
        },
        n_attempts=len(judgement.attempt_success),
        slices=slices_of(task.data, asked),
        chosen_ranking=chosen.get(RANKING),
        chosen_success=chosen.get(SUCCESS),
    )


def digest_histories(log: InteractionLog, learners: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a digest of each learner's history, uint64, (n,), the same in any catalogue."""
    names = np.array(log.module_ids.ids, dtype=np.str_)

    def digest(learner: int) -> int:
        rows = slice(log.starts[learner], log.starts[learner + 1])
        told = "\x1f".join(names[log.module[rows]].tolist()).encode()
        for column in (log.event, log.at_seconds, log.score, log.success):
            told += np.ascontiguousarray(column[rows]).tobytes()
        return int.from_bytes(blake2b(told, digest_size=8).digest())

    return np.array([digest(learner) for learner in learners.tolist()], dtype=np.uint64)


def _mean_loss(
    asked: NDArray[np.int64], judgement: Judgement, logits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return each learner's mean log loss over their attempts, NaN without attempts."""
    losses = np.logaddexp(0.0, logits) - judgement.attempt_success * logits
    place = np.searchsorted(asked, judgement.attempt_learner)
    totals = np.bincount(place, weights=losses, minlength=len(asked))
    counts = np.bincount(place, minlength=len(asked))
    means: NDArray[np.float64] = np.full(len(asked), np.nan)
    return np.divide(totals, counts, out=means, where=counts > 0)


def write_results(results: HeldOutResults, path: Path) -> None:
    """Write results as `.npz` without pickles."""
    arrays: dict[str, NDArray[Any]] = {
        "learner_ids": results.learner_ids,
        "asked": results.asked,
        "n_attempts": np.array(results.n_attempts),
        "chosen": np.array([results.chosen_ranking or "", results.chosen_success or ""]),
    }
    arrays |= {f"{NDCG}{name}": values for name, values in results.ndcg_at_10.items()}
    arrays |= {f"{LOSS}{name}": values for name, values in results.log_loss.items()}
    arrays |= {f"{ECE}{name}": np.array(value) for name, value in results.ece.items()}
    arrays |= {f"{GAP}{name}": values for name, values in results.gap_closed.items()}
    arrays |= {f"{SLICE}{name}": values for name, values in results.slices.items()}
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_results(path: Path) -> HeldOutResults:
    """Read what `write_results` wrote.

    Raises
    ------
    RegistryError
        If the file is missing or is something else.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        ranking, success = arrays["chosen"].tolist()
        return HeldOutResults(
            learner_ids=arrays["learner_ids"],
            asked=arrays["asked"],
            ndcg_at_10=_part(arrays, NDCG),
            log_loss=_part(arrays, LOSS),
            ece={name: float(value) for name, value in _part(arrays, ECE).items()},
            n_attempts=int(arrays["n_attempts"]),
            slices=_part(arrays, SLICE),
            chosen_ranking=ranking or None,
            chosen_success=success or None,
            gap_closed=_part(arrays, GAP),
        )
    except UNREADABLE as error:
        raise RegistryError(
            f"the held-out results {path.name} of this version cannot be read: {error}. "
            "Train again to register a version that can be judged."
        ) from error


def fetch_results(registry: Registry, version: str) -> HeldOutResults:
    """Read what a version did on its held-out learners; RegistryError as in `read_results`."""
    with TemporaryDirectory() as scratch:
        run_id = registry.version(version).run_id
        return read_results(registry.fetch_file(run_id, RESULTS_FILE, Path(scratch)))


def _part(arrays: dict[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {
        name.removeprefix(prefix): values
        for name, values in arrays.items()
        if name.startswith(prefix)
    }
