"""Training, tracking and promotion on a real MLflow store."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from features.domain.errors import (
    ConflictError,
    GateRefusedError,
    InvalidValueError,
    NotFoundError,
    RegistryError,
    SnapshotError,
)
from features.encode.catalogue import index_catalogue
from features.score.scorer import bind
from features.store.registry import CHALLENGER, CHAMPION, Registry
from features.store.snapshots import read_snapshot
from training.academy import small_academy, write_folder
from training.histories.data import read_folder_data
from training.promotion import promote, rollback
from training.results import RESULTS_FILE
from training.train import REPORT_FILE, train

NOW = datetime(2026, 6, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("training")


@pytest.fixture(scope="module")
def data(home):
    write_folder(small_academy(seed=3, now=NOW), home / "academy")
    return read_folder_data(home / "academy", now=NOW)


@pytest.fixture(scope="module")
def registry(home, prepare_tracking):
    return Registry(prepare_tracking(home / "mlruns"), "academy")


@pytest.fixture(scope="module")
def trained(data, registry, quick_settings):
    return [train(data, registry, seed=0, now=NOW, settings=quick_settings) for _ in range(2)]


def test_the_same_data_seed_and_code_give_the_same_checksum(trained):
    assert trained[0].checksum == trained[1].checksum
    assert trained[0].version != trained[1].version


def test_every_version_and_alias_is_named(trained, registry):
    names = registry.names()
    versions = {each.version for each in trained}
    assert {version: names[version] for version in versions} == {each: each for each in versions}
    assert names[CHALLENGER] == registry.version_of(CHALLENGER)
    assert Registry(registry.tracking_uri, "nobody").names() == {}


def test_a_run_keeps_parameters_metrics_report_results_and_pictures(trained, registry):
    run = registry.client.get_run(trained[0].run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["seed"] == "0"
    assert run.data.params["rows.learners"] == str(trained_learners(run))
    assert run.data.metrics["ranking.blend.ndcg_at_10"] > 0
    assert len(run.data.tags["data_hash"]) == 64
    kept = {file.path for file in registry.client.list_artifacts(trained[0].run_id)}
    assert {REPORT_FILE, RESULTS_FILE, "ranking.png", "calibration.png", "snapshot"} <= kept


def test_a_run_says_what_personas_there_are_or_why_none(trained, registry, tmp_path):
    document = trained[0].document["personas"]
    assert (document["reason"] is None) == bool(document["personas"])
    run = registry.client.get_run(trained[0].run_id)
    assert run.data.metrics["personas.n_personas"] == len(document["personas"])
    manifest = read_snapshot(registry.fetch(trained[0].version, tmp_path / "it")).manifest
    assert manifest["personas"] == document


def trained_learners(run):
    return int(run.data.params["rows.learners"])


def test_the_snapshot_serves_the_catalogue_it_was_trained_on(trained, registry, data, tmp_path):
    snapshot = read_snapshot(registry.fetch(trained[0].version, tmp_path / "it"), "1")
    scorer = bind(index_catalogue(data.catalogue), snapshot)
    assert scorer.version == "1"
    assert scorer.affinity is not None
    assert snapshot.manifest["learned"]["data_hash"] == data.data_hash


def test_a_snapshot_holds_no_learner(trained, registry, data, tmp_path):
    folder = registry.fetch(trained[0].version, tmp_path / "it")
    snapshot = read_snapshot(folder)
    words = {
        str(word)
        for array in snapshot.arrays.values()
        if array.dtype.kind == "U"
        for word in array.ravel()
    }
    assert words.isdisjoint(data.log.learner_ids.ids)
    manifest = json.dumps(dict(snapshot.manifest))
    assert not any(f'"{learner_id}"' in manifest for learner_id in data.log.learner_ids)


def test_promotion_and_rollback_move_the_champion(trained, registry):
    first, second = trained[0].version, trained[1].version
    before = registry.version_of(CHAMPION)
    assert promote(registry, first, NOW).previous in (before, None)
    assert promote(registry, second, NOW).previous == first
    assert registry.version_of(CHAMPION) == second
    assert promote(registry, second, NOW).checks == ()
    assert not registry.version(first).is_vouched_for
    assert rollback(registry, NOW).version == first
    assert registry.version(first).is_vouched_for
    assert registry.version_of(CHAMPION) == first


def test_without_a_champion_before_there_is_no_way_back(tmp_path):
    empty = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", "empty")
    with pytest.raises(ConflictError, match="no champion before"):
        rollback(empty, NOW)


def test_a_worse_snapshot_is_refused_and_the_champion_stays(
    trained, registry, data, quick_settings
):
    if registry.version_of(CHAMPION) is None:
        promote(registry, trained[0].version, NOW)
    champion = registry.version_of(CHAMPION)
    rng = np.random.default_rng(0)
    shuffled = replace(data, log=replace(data.log, module=rng.permutation(data.log.module)))
    worse = train(shuffled, registry, seed=0, now=NOW, settings=quick_settings)
    assert registry.version_of(CHALLENGER) == worse.version
    with pytest.raises(GateRefusedError, match=f"version {worse.version} is not promoted"):
        promote(registry, worse.version, NOW)
    assert registry.version_of(CHAMPION) == champion


def test_a_corrupt_snapshot_is_refused(trained, registry, tmp_path):
    folder = registry.fetch(trained[0].version, tmp_path / "snapshot")
    damaged = folder / "arrays.npz"
    damaged.write_bytes(damaged.read_bytes()[:1000])
    made = registry.client.create_model_version(
        "academy", source=folder.as_uri(), run_id=trained[0].run_id
    )
    with pytest.raises(SnapshotError, match="cannot be read"):
        promote(registry, str(made.version), NOW)


def test_an_unknown_version_is_named(registry, trained):
    with pytest.raises(NotFoundError, match="no version 99"):
        promote(registry, "99", NOW)


def test_without_a_challenger_there_is_nothing_to_promote(tmp_path):
    empty = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", "empty")
    with pytest.raises(NotFoundError, match="no challenger"):
        promote(empty, None, NOW)


def test_a_tracking_store_that_cannot_be_made_is_named_with_its_setting(tmp_path):
    (tmp_path / "file").write_text("")
    nowhere = Registry(f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}", "academy")
    with pytest.raises(RegistryError, match="WAYMARK_TRACKING_URI"):
        nowhere.version_of(CHAMPION)


def test_histories_that_teach_nothing_are_refused(data, registry):
    first = np.zeros(len(data.log), dtype=bool)
    first[data.log.starts[:-1]] = True
    alone = data.log.take(first)
    unjudged = replace(alone, success=np.full(len(alone), -1, dtype=np.int8))
    with pytest.raises(InvalidValueError, match="teach nothing"):
        train(replace(data, log=unjudged), registry, seed=0, now=NOW)
