"""What passes between the runner and a contestant, and how a contestant takes part.

Runs inside every contestant's own environment: numpy and the standard library only.
"""

import argparse
import json
import platform
import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_LISTED = 100
N_JUDGED = 10
NOTHING = -1

Settings = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Distinct modules of n learners in compressed rows, oldest first.

    Attributes
    ----------
    indptr
        int64, (n + 1,): learner i has module[indptr[i]:indptr[i + 1]].
    module
        int32, positions of modules.
    at_seconds
        float64, when each was first met.
    """

    indptr: NDArray[np.int64]
    module: NDArray[np.int32]
    at_seconds: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def learner(self) -> NDArray[np.int64]:
        """int64, (n_rows,): the learner of each row."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))


@dataclass(frozen=True, kw_only=True)
class Split:
    """What a contestant is told. The modules that came next are not in it.

    Attributes
    ----------
    train
        What may be learned from; a row of learners who may not be is empty.
    asked
        int64, (n_asked,): learners to list modules for, as rows of `train`.
    history
        What each of them had met when asked.
    valid
        bool, (n_learners,): learners set aside for choosing settings.
    knows_learners
        Whether those asked about are among those trained on.
    n_modules
        Every module of the catalogue may be listed.
    seed
        Of all random choices.
    """

    train: Histories
    asked: NDArray[np.int64]
    history: Histories
    valid: NDArray[np.bool_]
    knows_learners: bool
    n_modules: int
    seed: int

    def save(self, path: Path) -> None:
        """Write an `.npz` file."""
        rows = {
            f"{part}_{name}": values
            for part in ("train", "history")
            for name, values in asdict(getattr(self, part)).items()
        }
        facts = np.array([self.knows_learners, self.n_modules, self.seed])
        np.savez(path, asked=self.asked, valid=self.valid, facts=facts, **rows)

    @classmethod
    def load(cls, path: Path) -> "Split":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            held = dict(file)
        known, n_modules, seed = held.pop("facts").tolist()
        parts = {
            part: Histories(**{k: held[f"{part}_{k}"] for k in ("indptr", "module", "at_seconds")})
            for part in ("train", "history")
        }
        return cls(
            **parts,
            asked=held["asked"],
            valid=held["valid"],
            knows_learners=bool(known),
            n_modules=n_modules,
            seed=seed,
        )


@dataclass(frozen=True, kw_only=True)
class Lists:
    """What a model puts first for each learner asked about, best first.

    Attributes
    ----------
    module
        int32, (n_asked, N_LISTED), `NOTHING` behind the last one listed.
    score
        float64, as `module`, higher is better.
    """

    module: NDArray[np.int32]
    score: NDArray[np.float64]

    @classmethod
    def empty(cls, n_asked: int) -> "Lists":
        """Return lists to be filled in."""
        return cls(
            module=np.full((n_asked, N_LISTED), NOTHING, dtype=np.int32),
            score=np.full((n_asked, N_LISTED), -np.inf),
        )


Recommend = Callable[[Split], Lists]
Fit = Callable[[Split, Settings], Mapping[str, Recommend]]
"""Returns the models fitted by name; a contestant that fits one at a time calls it ""."""


def ndcg_at_10(lists: Lists, target: NDArray[np.integer]) -> float:
    """Return the mean of 1 / log₂(1 + rank) up to rank 10, to choose settings by."""
    found = lists.module[:, :N_JUDGED] == target[:, None]
    return float((found / np.log2(np.arange(2, N_JUDGED + 2))).sum(axis=1).mean())


def take_part(models: Mapping[str, Fit], packages: Sequence[str]) -> None:
    """Do what the runner asked for on the command line, and write it down for the runner.

    Parameters
    ----------
    models
        How to fit each model this script knows, by name.
    packages
        Whose versions to report.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", choices=list(models))
    parser.add_argument("--settings", type=json.loads, help="fit with these; a JSON object")
    parser.add_argument("--grid", type=json.loads, help="choose among these; a JSON array")
    chosen = parser.parse_args()
    fit = models[chosen.model]
    if chosen.grid is not None:
        report = _tune(fit, chosen.folder, chosen.grid)
    else:
        report = _compete(fit, chosen.folder, chosen.settings or {})
        report["versions"] = {
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        }
    (chosen.folder / "report.json").write_text(json.dumps(report))


def _tune(fit: Fit, folder: Path, grid: Sequence[Settings]) -> dict[str, Any]:
    """Try each of the grid on validation learners; the first of the best wins."""
    split, target = Split.load(folder / "tuning.npz"), np.load(folder / "tuning_target.npy")
    started, tried = perf_counter(), []
    for settings in grid:
        (recommend,) = fit(split, settings).values()
        tried.append({"settings": settings, "ndcg_at_10": ndcg_at_10(recommend(split), target)})
    best = max(tried, key=lambda one: one["ndcg_at_10"])
    return {"settings": best["settings"], "tried": tried, "seconds": perf_counter() - started}


def _compete(fit: Fit, folder: Path, settings: Settings) -> dict[str, Any]:
    """Fit, list modules for the test learners, and say what it took."""
    split = Split.load(folder / "test.npz")
    started, cpu = perf_counter(), process_time()
    fitted = fit(split, settings)
    report: dict[str, Any] = {
        "fit_seconds": perf_counter() - started,
        "fit_cpu_seconds": process_time() - cpu,
        "models": [],
    }
    for place, (name, recommend) in enumerate(fitted.items()):
        cpu = process_time()
        lists = recommend(split)
        report["models"].append({"name": name, "rank_cpu_seconds": process_time() - cpu})
        np.savez(folder / f"lists{place}.npz", **asdict(lists))
    return report | {"peak_mib": peak_mib()}


def peak_mib() -> float:
    """Return the most memory this process has held, in MiB.

    `ru_maxrss` also remembers what the process held before it became this program, which is the
    runner's memory where it was forked from it; Linux knows better.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024**2 if platform.system() == "Darwin" else 1024)
