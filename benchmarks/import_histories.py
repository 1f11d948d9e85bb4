"""How long a million interactions take to import, and how much memory.

Run `.venv/bin/python benchmarks/import_histories.py [--rows N] [--postgresql URL]`. Without a URL,
SQLite in a temporary folder. Prints one table; the second row imports the same folder again.
"""

import argparse
import csv
import resource
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from features.store.workspace import Workspace
from training.histories.importing import import_folder

N_LEARNERS, N_MODULES = 80_000, 3_000
EVENTS = ("registered", "started", "completed", "scored")


def write_interactions(folder: Path, n_rows: int) -> None:
    """Write made-up interactions with every kind of column the importer has to check."""
    rng = np.random.default_rng(0)
    learner, module = rng.integers(N_LEARNERS, size=n_rows), rng.integers(N_MODULES, size=n_rows)
    event, at = rng.integers(len(EVENTS), size=n_rows), np.sort(rng.integers(1.6e9, 1.7e9, n_rows))
    score = rng.random(n_rows).round(2)
    with (folder / "interactions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["learner_id", "module_id", "event", "at", "score"])
        writer.writerows(
            (
                f"u{learner[k]}",
                f"m{module[k]}",
                EVENTS[event[k]],
                datetime.fromtimestamp(int(at[k]), UTC).isoformat(),
                score[k] if event[k] == EVENTS.index("scored") else "",
            )
            for k in range(n_rows)
        )


def main() -> None:
    """Import twice and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--postgresql", help="URL of an empty database")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "histories").mkdir()
        write_interactions(folder / "histories", chosen.rows)
        url = chosen.postgresql or f"sqlite:///{folder / 'waymark.db'}"
        print(f"{'import':<8}{'rows':>12}{'new':>12}{'seconds':>10}{'peak MiB':>10}")
        with Workspace.open(url) as workspace:
            for name in ("first", "again"):
                report = import_folder(workspace, folder / "histories", now=datetime.now(UTC))
                counts = report.tables["interactions"]
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(
                    f"{name:<8}{counts.n_read:>12,}{counts.n_new:>12,}"
                    f"{report.seconds:>10.1f}{peak:>10.0f}"
                )


if __name__ == "__main__":
    main()
