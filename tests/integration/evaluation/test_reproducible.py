"""The same data, seed and code give the same snapshot, whatever the machine is doing."""

import csv
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from training.academy import generate_academy, write_folder

# Rows of these keep their order where instants tie; those of all other tables come in any.
ORDERED = {"interactions.csv"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Give a small academy twice, the second time with rows in another order."""
    home = tmp_path_factory.mktemp("academy")
    own, shuffled = home / "own", home / "shuffled"
    academy = generate_academy(
        seed=5, now=datetime(2026, 11, 1, tzinfo=UTC), n_learners=120, size="small"
    )
    write_folder(academy, own)
    shuffled.mkdir()
    for path in own.glob("*.csv"):
        _shuffle(path, shuffled / path.name)
    return own, shuffled


def _shuffle(source: Path, target: Path) -> None:
    with source.open(newline="") as file:
        heading, *rows = csv.reader(file)
    rng = random.Random(1)
    if source.name in ORDERED:
        place = {row[0]: rng.random() for row in rows}
        rows.sort(key=lambda row: place[row[0]])
    else:
        rng.shuffle(rows)
    with target.open("w", newline="") as file:
        csv.writer(file).writerows([heading, *rows])


def _train(folder: Path, home: Path, **environment: str) -> dict[str, object]:
    """Run `waymark train --json` in a process of its own."""
    home.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "training.cli", "train", "--from", str(folder), "--json"],
        cwd=home,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_threads_hashing_and_order_of_rows_change_nothing_that_is_learned(folders, tmp_path):
    own, shuffled = folders
    one = _train(
        own,
        tmp_path / "one",
        OMP_NUM_THREADS="1",
        OPENBLAS_NUM_THREADS="1",
        PYTHONHASHSEED="1",
    )
    two = _train(
        shuffled,
        tmp_path / "two",
        OMP_NUM_THREADS="2",
        OPENBLAS_NUM_THREADS="2",
        PYTHONHASHSEED="2",
    )
    assert one["data_hash"] == two["data_hash"]
    assert one["checksum"] == two["checksum"]
    for part in ("ranking", "success", "comparisons", "slices", "cold", "chosen"):
        assert one[part] == two[part]
