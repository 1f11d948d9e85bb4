"""Training as a command: the same snapshot whatever the machine is doing, and all of it kept."""

import csv
import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.domain.errors import NotFoundError
from features.store.registry import Registry
from training.academy import generate_academy, write_folder
from training.cli.card import read_card

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]

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


@pytest.fixture(scope="module")
def runs(folders, tmp_path_factory) -> list[tuple[dict[str, object], Path]]:
    """Train twice under other circumstances; give what was printed, and where."""
    home = tmp_path_factory.mktemp("runs")
    trained = []
    for folder, n_threads in zip(folders, ("1", "2"), strict=True):
        own = home / n_threads
        environment = {
            "OMP_NUM_THREADS": n_threads,
            "OPENBLAS_NUM_THREADS": n_threads,
            "PYTHONHASHSEED": n_threads,
        }
        trained.append((_train(folder, own, **environment), own))
    return trained


def test_threads_hashing_and_order_of_rows_change_nothing_that_is_learned(runs):
    (one, _), (two, _) = runs
    assert one["data_hash"] == two["data_hash"]
    assert one["checksum"] == two["checksum"]
    for part in ("ranking", "success", "comparisons", "slices", "cold", "chosen"):
        assert one[part] == two[part]


@pytest.fixture(scope="module")
def registry(runs) -> Registry:
    """Open the registry of the first training."""
    _, home = runs[0]
    return Registry(f"sqlite:///{home}/mlruns/mlflow.db", "waymark")


def test_a_run_keeps_report_results_pictures_and_card(runs, registry):
    run_id = runs[0][0]["run_id"]
    kept = {item.path for item in registry.client.list_artifacts(run_id)}
    assert kept == {
        "calibration.png",
        "data_profile.json",
        "gain.png",
        "held_out_results.npz",
        "learning.png",
        "mastery.png",
        "model_card.md",
        "popularity.png",
        "ranking.png",
        "report.json",
        "snapshot",
    }


def test_a_run_tells_what_it_was_trained_with(runs, registry):
    logged = registry.client.get_run(runs[0][0]["run_id"]).data
    told = {"seed", "rows.interactions", "git_revision", "lock_hash", "data_hash", "package.python"}
    told |= {"package.numpy", "ranking.n_kept", "success.boosting.max_depth", "chosen.ranking"}
    assert told <= set(logged.params)
    assert logged.params["data_hash"] == runs[0][0]["data_hash"]
    assert logged.metrics["ranking.popularity.ndcg_at_10"] == pytest.approx(
        runs[0][0]["ranking"]["popularity"]["ndcg_at_10"]
    )
    assert "comparisons.success.log_loss.item_mean.p_holm" in logged.metrics
    assert "cold.success.learners.better_by" in logged.metrics


def test_the_card_is_printed_and_stands_beside_the_version(runs, registry):
    card = read_card(registry, None)
    assert f"SHA-256 `{runs[0][0]['data_hash']}`" in card
    assert "## Known weaknesses" in card
    assert "- judgements, stated less true, in levels: assessment " in card
    described = registry.client.get_model_version("waymark", runs[0][0]["version"]).description
    assert described.startswith(card[:1000])
    assert len(described) <= 5_000


def test_a_card_of_nothing_is_refused_by_name(tmp_path, registry):
    with pytest.raises(NotFoundError, match="no version yet"):
        read_card(Registry(registry.tracking_uri, "another"), None)
    with pytest.raises(NotFoundError, match="no version 99"):
        read_card(registry, "99")
