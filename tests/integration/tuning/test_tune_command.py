"""`waymark tune` on a sample academy: from histories to settings that `train` takes."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from features.domain.errors import InvalidValueError
from features.store.registry import Registry
from training.academy import generate_academy, write_folder
from training.cli import tune as command
from training.cli.main import app
from training.histories.data import read_folder_data
from training.model_settings import read_model_settings
from training.models import RANKING, SUCCESS
from training.tuning.objective import objective_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


@pytest.fixture(scope="module")
def academy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("academy")
    write_folder(generate_academy(n_learners=200, seed=3, now=NOW, size="small"), folder)
    return folder


@pytest.fixture(scope="module")
def data(academy):
    return read_folder_data(academy, now=NOW)


@pytest.fixture
def home(tmp_path, prepare_tracking, monkeypatch):
    prepare_tracking(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYMARK_TRACKING_URI", "sqlite:///runs/mlflow.db")
    return tmp_path


def run(*words):
    return CliRunner().invoke(app, ["tune", *(str(word) for word in words)])


def test_both_halves_are_tuned_and_the_file_can_be_trained_with(academy, home):
    told = run("--from", academy, "--trials", 2, "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    registry = Registry("sqlite:///runs/mlflow.db", "waymark")
    for half in ("ranking", "success"):
        assert document[half]["n_trials"] == 2
        run_id = document[half]["run_id"]
        assert registry.client.get_run(run_id).data.tags["mlflow.runName"] == f"tune {half} default"
    assert (home / "runs" / "studies.db").exists()
    settings = read_model_settings(home / "settings.json")
    assert (settings.ranking is not None) == document["ranking"]["adopted"]
    assert (settings.success is not None) == document["success"]["adopted"]


def test_what_is_not_tuned_stays_in_the_file(academy, home):
    kept = {"format": 1, "ranking": {"ease_regularization": 55.0}, "tuned": {"ranking": {"n": 1}}}
    (home / "mine.json").write_text(json.dumps(kept))
    told = run("--from", academy, "--only", "success", "--trials", 2, "--out", "mine.json")
    assert told.exit_code == 0, told.stderr
    document = json.loads((home / "mine.json").read_text())
    assert document["ranking"] == kept["ranking"]
    assert document["tuned"]["ranking"] == {"n": 1}
    assert document["tuned"]["success"]["study"] == "default"
    assert "success: 2 trials" in told.stdout
    assert "`waymark train --settings mine.json`" in told.stdout


def test_stopped_from_the_keyboard_it_says_how_to_go_on(academy, home, monkeypatch):
    def stopped(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "tune_half", stopped)
    monkeypatch.setattr("sys.argv", ["waymark", "tune", "--restart", "--study", "a b"])
    told = run("--from", academy, "--only", "success")
    assert told.exit_code == 130
    assert "Resume with\n  waymark tune --study 'a b'\n" in told.stderr
    assert not (home / "settings.json").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--only", "both"), 2, "must be ranking or success"),
        (("--out", "absent/s.json"), 1, "the folder absent does not exist"),
        (("--trials", "0"), 2, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_work(academy, home, words, code, message):
    told = run("--from", academy, *words)
    assert told.exit_code == code
    assert message in " ".join(told.stderr.replace("│", " ").split())


def test_a_damaged_settings_file_is_not_overwritten(academy, home):
    (home / "settings.json").write_text("{")
    told = run("--from", academy)
    assert told.exit_code == 1
    assert "settings.json are not JSON" in told.stderr
    assert (home / "settings.json").read_text() == "{"


def test_learners_held_out_or_named_as_test_have_no_part(data):
    ranking, success = (objective_of(half, data, seed=0) for half in (RANKING, SUCCESS))
    parts = np.where(np.arange(data.log.n_learners) % 2 == 0, "test", "train")
    some = replace(data, parts=parts)
    for objective, half in ((ranking, RANKING), (success, SUCCESS)):
        fewer = objective_of(half, some, seed=0).n_learners
        assert 0 < fewer < objective.n_learners < data.log.n_learners * 0.2


def test_the_default_is_judged_alike_every_time(data):
    objective = objective_of(RANKING, data, seed=0)
    estimates = list(objective.rungs(objective.default))
    assert len(estimates) == objective.n_rungs == 2
    assert all(len(judged.total) == objective.n_learners for judged in estimates)
    again = list(objective.rungs(objective.default))
    assert [judged.total.tolist() for judged in again] == [
        judged.total.tolist() for judged in estimates
    ]


def test_a_half_that_cannot_be_learned_is_named(data):
    first = np.zeros(len(data.log), dtype=bool)
    first[data.log.starts[:-1]] = True
    log = data.log.take(first)
    unjudged = replace(log, success=np.full(len(log), -1, dtype=np.int8))
    alone = replace(data, log=unjudged)
    with pytest.raises(InvalidValueError, match="no ranking to tune"):
        objective_of(RANKING, alone, seed=0)
    with pytest.raises(InvalidValueError, match="no success to tune"):
        objective_of(SUCCESS, alone, seed=0)
