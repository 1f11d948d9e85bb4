"""What training costs from one to ten million interactions, in seconds and memory.

Run `.venv/bin/python benchmarks/training_cost.py [--sizes 1000000,3000000,10000000]`. For each size
it writes made-up histories to a temporary folder, runs `waymark train --from FOLDER` on them in a
process and with a tracking store of its own, and prints one row. The exponent below the table is
the slope of log seconds on log rows: seconds grow no faster than rows while it is at most 1.
`--encoder N` times the encoding of N attempts by itself.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from histories_at_scale import SUFFIXES, Size, write_histories

PARTS = ("reading", "ranking", "success", "judging", "tracking")
HEADINGS = ("rows", "learners", "modules", "seconds", "CPU s", "peak MiB", *PARTS)
ATTEMPT_SHARE = 0.7  # of the made-up rows; the rest is completed, started or viewed
KIBIBYTES_PER_MEBIBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one training took, and what it said of itself."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    document: dict[str, Any]


def main() -> None:
    """Measure every size asked for and print the table, or one JSON document."""
    chosen = _arguments()
    if chosen.encoder:
        _print_encoding(chosen.encoder, chosen.modules)
        return
    rows = []
    for n_rows in chosen.sizes:
        size = Size(
            n_rows=n_rows, n_modules=chosen.modules, rows_per_learner=chosen.rows_per_learner
        )
        with tempfile.TemporaryDirectory(dir=chosen.scratch) as scratch:
            rows.append(_row(size, train(Path(scratch), size, chosen.format, chosen.seed)))
        if not chosen.json:
            _print_line(rows[-1], first=len(rows) == 1)
    exponent = slope([row["rows"] for row in rows], [row["seconds"] for row in rows])
    if chosen.json:
        print(json.dumps({"trainings": rows, "exponent": exponent}, indent=2))
    elif exponent is not None:
        print(f"\nseconds grow like rows^{exponent:.2f}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=_numbers, default=_numbers("1000000,3000000,10000000"))
    parser.add_argument("--modules", type=int, default=4_000)
    parser.add_argument("--rows-per-learner", type=int, default=20)
    parser.add_argument("--format", choices=SUFFIXES, default="parquet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoder", type=int, metavar="N", help="encode N attempts and stop")
    parser.add_argument("--scratch", type=Path, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def train(scratch: Path, size: Size, suffix: str, seed: int) -> Cost:
    """Write histories, train on them in a process of its own, and measure that process."""
    folder = scratch / "histories"
    folder.mkdir()
    write_histories(folder, size, seed=seed, suffix=suffix)
    own = {"WAYMARK_TRACKING_URI": f"sqlite:///{scratch / 'mlflow.db'}"}
    command = [sys.executable, "-m", "training.cli", "train", "--from", str(folder), "--json"]
    started = perf_counter()
    with (scratch / "report.json").open("w") as report:
        process = subprocess.Popen(command, env=os.environ | own, stdout=report)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the training ended with exit code {process.returncode}")
    return Cost(
        seconds=perf_counter() - started,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mib=used.ru_maxrss / KIBIBYTES_PER_MEBIBYTE,
        document=json.loads((scratch / "report.json").read_text()),
    )


def _row(size: Size, cost: Cost) -> dict[str, Any]:
    parts = cost.document["seconds_by_part"]
    return {
        "rows": size.n_rows,
        "learners": size.n_learners,
        "modules": size.n_modules,
        "seconds": cost.seconds,
        "CPU s": cost.cpu_seconds,
        "peak MiB": cost.peak_mib,
        **{part: parts.get(part, 0.0) for part in PARTS},
    }


def _print_line(row: dict[str, Any], *, first: bool) -> None:
    cells = [f"{row[name]:,.0f}" for name in HEADINGS]
    widths = [max(len(name), 10) for name in HEADINGS]
    if first:
        _print_cells(HEADINGS, widths)
        print("|" + "|".join(f" {'-' * (width - 1)}: " for width in widths) + "|")
    _print_cells(cells, widths)


def _print_cells(cells: Any, widths: list[int]) -> None:
    pairs = zip(cells, widths, strict=True)
    print("|" + "|".join(f" {cell:>{width}} " for cell, width in pairs) + "|", flush=True)


def slope(rows: list[float], seconds: list[float]) -> float | None:
    """Return the least-squares slope of log seconds on log rows; None for fewer than two sizes."""
    if len(set(rows)) < 2:
        return None
    return float(np.polyfit(np.log(rows), np.log(seconds), 1)[0])


def _print_encoding(n_attempts: int, n_modules: int) -> None:
    """Encode at least `n_attempts` attempts, as training and judging do, and print what it took."""
    from datetime import UTC, datetime  # noqa: PLC0415 - the other command does without all this

    from features.encode.attempts import tabulate_in_chunks  # noqa: PLC0415
    from features.encode.catalogue import index_catalogue  # noqa: PLC0415
    from features.encode.signals import encode_attempts  # noqa: PLC0415
    from training.histories.data import read_folder_data  # noqa: PLC0415
    from training.success.spread import plain_yardstick  # noqa: PLC0415

    size = Size(n_rows=int(n_attempts / ATTEMPT_SHARE * 1.01), n_modules=n_modules)
    with tempfile.TemporaryDirectory() as scratch:
        write_histories(Path(scratch), size)
        data = read_folder_data(Path(scratch), now=datetime.now(UTC))
    index = index_catalogue(data.catalogue).skills
    yardstick = plain_yardstick(np.zeros(data.log.n_modules), len(index.skill_ids))
    started, cpu_started, n_encoded = perf_counter(), process_time(), 0
    for _, table in tabulate_in_chunks(data.log, index):
        n_encoded += len(encode_attempts(table, yardstick))
    seconds, cpu = perf_counter() - started, process_time() - cpu_started
    print(f"{n_encoded:,} attempts encoded in {seconds:.1f} s ({cpu:.1f} s of CPU)")


if __name__ == "__main__":
    main()
