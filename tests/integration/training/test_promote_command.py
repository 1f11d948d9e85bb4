"""`waymark promote` as a user runs it: the gate, the force, and what is recorded."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from features.store.registry import CHALLENGER, CHAMPION, Registry
from features.store.snapshots import read_snapshot, write_snapshot
from features.store.workspace import Workspace
from training.academy import small_academy, write_folder
from training.champion import read_champion
from training.cli.main import app
from training.histories.data import read_folder_data
from training.results import RESULTS_FILE
from training.train import train

NOW = datetime(2026, 6, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("promote")


@pytest.fixture(scope="module")
def data(home):
    write_folder(small_academy(seed=3, now=NOW), home / "academy")
    return read_folder_data(home / "academy", now=NOW)


@pytest.fixture(scope="module")
def registry(home, data, prepare_tracking, quick_settings):
    """Give a registry with a champion, 1, and what was trained on data without scores, 2."""
    made = Registry(prepare_tracking(home / "mlruns"), "waymark")
    train(data, made, seed=0, now=NOW, settings=quick_settings)
    made.set_alias(CHAMPION, "1")
    rng = np.random.default_rng(0)
    log = replace(
        data.log,
        module=rng.permutation(data.log.module),
        score=np.full(len(data.log), np.nan),
    )
    train(replace(data, log=log), made, seed=0, now=NOW, settings=quick_settings)
    return made


@pytest.fixture
def champion_is_1(registry):
    registry.set_alias(CHAMPION, "1")
    registry.set_alias(CHALLENGER, "2")


@pytest.fixture
def run(home, registry, champion_is_1, monkeypatch):
    monkeypatch.setenv("WAYMARK_TRACKING_URI", registry.tracking_uri)
    monkeypatch.setenv("WAYMARK_MODEL_NAME", "waymark")
    monkeypatch.setenv("WAYMARK_DATABASE_URL", f"sqlite:///{home / 'absent.db'}")
    monkeypatch.setenv("LOGNAME", "ada")

    def invoke(*words: str):
        return CliRunner().invoke(app, ["promote", *words])

    return invoke


def test_the_gate_refuses_names_what_failed_and_says_how_to_overrule_it(run, registry):
    done = run()
    assert done.exit_code == 1
    assert "gate_refused: version 2 is not promoted" in done.stderr
    assert "interactions.score: " in done.stderr
    assert "--force --reason" in done.stderr
    assert registry.version_of(CHAMPION) == "1"


def test_a_forced_version_is_champion_and_carries_who_when_why_and_against_what(run, registry):
    done = run("--force", "--reason", "the exam is tomorrow", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["forced"] == {"reason": "the exam is tomorrow", "by": "ada"}
    assert document["champion_judged_beside"] is True
    assert any("interactions.score" in loss for loss in document["schema_losses"])
    assert registry.version_of(CHAMPION) == "2"
    tags = registry.version("2").tags
    assert tags["forced_by"] == "ada"
    assert tags["forced_reason"] == "the exam is tomorrow"
    assert datetime.fromisoformat(tags["forced_at"]).tzinfo is not None
    assert "interactions.score" in tags["forced_against"]


def test_without_a_database_a_forced_promotion_makes_none(run, home):
    done = run("--force", "--reason", "no database here")
    assert done.exit_code == 0
    assert "Forced by ada: no database here" in done.stdout
    assert "audit" not in done.stdout
    assert not (home / "absent.db").exists()


def test_a_forced_promotion_is_in_the_audit_trail(run, sqlite_url, monkeypatch):
    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    done = run("--force", "--reason", "because")
    assert done.exit_code == 0
    assert "audit trail" in done.stdout
    with Workspace.open(sqlite_url) as workspace, workspace.reading() as repositories:
        (entry,) = repositories.audit.list(None, 10)
    assert (entry.actor, entry.action, entry.subject) == ("ada", "promotion.forced", None)
    assert entry.detail["version"] == "2"
    assert entry.detail["reason"] == "because"
    assert entry.detail["against"]


def test_a_database_that_does_not_answer_leaves_the_record_to_the_registry(
    run, tmp_path, registry, monkeypatch
):
    broken = tmp_path / "broken.db"
    broken.write_text("this is no database " * 100)
    monkeypatch.setenv("WAYMARK_DATABASE_URL", f"sqlite:///{broken}")
    done = run("--force", "--reason", "all is down")
    assert done.exit_code == 0
    assert "Not in the audit trail, only in the registry" in done.stderr
    assert registry.version("2").tags["forced_reason"] == "all is down"


@pytest.mark.parametrize(
    "words",
    [
        ("--force",),
        ("--force", "--reason", "  "),
        ("--reason", "why"),
        ("--force", "--reason", "x" * 1001),
    ],
    ids=["no reason", "blank", "no force", "too long"],
)
def test_force_and_reason_go_together(run, registry, words):
    assert run(*words).exit_code == 2
    assert registry.version_of(CHAMPION) == "1"


def test_nothing_is_forced_where_nothing_failed(run, registry):
    registry.client.delete_registered_model_alias(registry.model_name, CHAMPION)
    done = run("1", "--force", "--reason", "to be sure", "--json")
    assert json.loads(done.stdout)["forced"] is None
    assert "to be sure" not in registry.version("1").tags.values()


def test_a_champion_that_was_asked_something_else_was_not_compared(run, registry):
    registry.set_alias(CHAMPION, "2")
    done = run("1")
    assert done.exit_code == 1
    assert "NDCG@10 could be compared with champion's on 0 learners only" in done.stderr
    assert "train again" in done.stderr


def test_a_champion_is_judged_beside_or_by_what_it_did_on_the_same_question(
    run, registry, data, quick_settings, tmp_path
):
    """Bound by id through the service's own scorer, it answers as at its own training."""
    version = train(data, registry, seed=0, now=NOW, settings=quick_settings).version
    run_id = registry.version(version).run_id
    with np.load(registry.fetch_file(run_id, RESULTS_FILE, tmp_path)) as stored:
        ranking, success = stored["chosen"].tolist()
        for half, own in (("ndcg_at_10", ranking), ("log_loss", success)):
            np.testing.assert_allclose(
                stored[f"{half}.champion 1"], stored[f"{half}.{own}"], atol=1e-12
            )
    assert json.loads(run(version, "--json").stdout)["champion_judged_beside"] is True
    # Version 1 was trained before there was a champion, but on the same data.
    document = json.loads(run("1", "--json").stdout)
    assert document["champion_judged_beside"] is False
    checks = [check for check in document["checks"] if check["rival"] == "champion"]
    assert {check["measure"] for check in checks} == {"ndcg_at_10", "log_loss", "ece"}
    assert all(check["difference"] == pytest.approx(0, abs=1e-12) for check in checks)


@pytest.fixture
def damaged(registry, tmp_path):
    """Give what registers a copy of version 1 after something was done to its folder."""

    def register(damage, run_id: str | None = None) -> str:
        folder = registry.fetch("1", tmp_path / "snapshot")
        damage(folder)
        made = registry.client.create_model_version(
            "waymark", source=folder.as_uri(), run_id=run_id or registry.version("1").run_id
        )
        return str(made.version)

    return register


def untouched(folder):
    assert folder.is_dir()


def cut_short(folder):
    path = folder / "arrays.npz"
    path.write_bytes(path.read_bytes()[:1000])


def of_another_schema(folder):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 0}))


def without_difficulties(folder):
    snapshot = read_snapshot(folder)
    arrays = {k: v for k, v in snapshot.arrays.items() if k != "success.difficulty"}
    write_snapshot(replace(snapshot, arrays=arrays), folder)


@pytest.mark.parametrize("damage", [cut_short, of_another_schema, without_difficulties])
def test_what_the_service_could_not_read_is_never_forced(run, registry, damaged, damage):
    done = run(damaged(damage), "--force", "--reason", "now")
    assert done.exit_code == 1
    assert "snapshot_invalid" in done.stderr
    assert registry.version_of(CHAMPION) == "1"


def test_a_lost_champion_has_to_be_overruled_and_can_be(run, registry, damaged):
    empty_run = registry.client.create_run(registry.experiment_id()).info.run_id
    registry.set_alias(CHAMPION, damaged(cut_short, empty_run))
    done = run("1")
    assert done.exit_code == 1
    assert "NDCG@10 could be compared with champion's on 0 learners only" in done.stderr
    assert run("1", "--force", "--reason", "the champion is lost").exit_code == 0
    assert registry.version_of(CHAMPION) == "1"


def test_results_that_are_lost_are_not_forced_either(run, registry, damaged):
    empty_run = registry.client.create_run(registry.experiment_id()).info.run_id
    done = run(damaged(untouched, empty_run), "--force", "--reason", "now")
    assert done.exit_code == 1
    assert "registry_unavailable" in done.stderr


def test_a_lost_champion_does_not_keep_the_next_from_being_trained(registry, damaged, data):
    registry.set_alias(CHAMPION, damaged(cut_short))
    assert read_champion(registry) is None


def test_the_manifest_describes_the_schema_of_the_data(registry, tmp_path):
    snapshot = read_snapshot(registry.fetch("1", tmp_path / "1"), "1")
    schema = snapshot.manifest["data_schema"]
    assert schema["at"] == "instants"
    assert schema["columns"]["interactions.score"]["share"] > 0.01
