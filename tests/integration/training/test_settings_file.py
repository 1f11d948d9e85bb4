"""`--settings` from the file to the snapshot's manifest, and files that cannot be used."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from features.domain.errors import InvalidValueError
from features.store.registry import Registry
from features.store.snapshots import read_snapshot
from training.academy import small_academy, write_folder
from training.cli.main import app
from training.model_settings import read_model_settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


@pytest.fixture
def home(tmp_path, prepare_tracking, monkeypatch):
    prepare_tracking(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYMARK_TRACKING_URI", "sqlite:///mlflow.db")
    write_folder(small_academy(seed=3, now=NOW), tmp_path / "academy")
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_settings_are_trained_with_logged_and_in_the_manifest(home):
    ranking = {"ease_regularization": 7, "network": {"n_hidden": 4}}
    (home / "s.json").write_text(json.dumps({"format": 1, "ranking": ranking}))
    told = run("train", "--from", "academy", "--settings", "s.json", "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    registry = Registry("sqlite:///mlflow.db", "waymark")
    logged = registry.client.get_run(document["run_id"]).data.params
    assert logged["ranking.ease_regularization"] == "7.0"
    learned = read_snapshot(registry.fetch(document["version"], home / "it")).manifest["learned"]
    assert learned["settings"]["ranking"]["ease_regularization"] == 7.0
    assert learned["settings"]["success"]["boosting"]["max_depth"] == 4


def test_the_environment_names_the_file_unless_the_command_does(home, monkeypatch):
    monkeypatch.setenv("WAYMARK_SETTINGS_FILE", "absent.json")
    words = ("evaluate", "--from", "academy", "--protocol", "splits", "--only", "success")
    refused = run(*words)
    assert refused.exit_code == 1
    assert "settings absent.json cannot be read: No such file" in refused.stderr
    (home / "s.json").write_text('{"format": 1, "success": {"boosting": {"max_stages": 1}}}')
    assert run(*words, "--settings", "s.json", "--json").exit_code == 0


def test_a_cutoff_without_the_protocol_that_has_one_is_a_usage_error():
    words = ("--protocol", "splits", "--cutoff", "2026-01-01T00:00:00Z")
    refused = run("evaluate", "--from", "nowhere", *words)
    assert refused.exit_code == 2
    assert "--cutoff" in refused.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "are not JSON"),
        (b"\xff\xfe", "are not JSON"),
        (b'{"format": 1, "ranking": {"n_kept": 0}}', "ranking.n_kept is 0"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_a_remedy(tmp_path, text, message):
    path = tmp_path / "s.json"
    path.write_bytes(text)
    with pytest.raises(InvalidValueError, match=message) as refused:
        read_model_settings(path)
    assert str(path) in refused.value.detail
    assert "waymark tune" in refused.value.detail
