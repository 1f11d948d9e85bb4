"""`waymark personas` as a user runs it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from features.score.snapshot import Snapshot
from features.store.registry import CHALLENGER, Registry
from features.store.snapshots import write_snapshot
from training.cli.main import app
from training.tracking import open_run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

FOUND = {
    "n_learners": 800,
    "fewest_begun": 5,
    "behaviours": {"completion": {"is_habit": True}, "failure": {"is_habit": False}},
    "reason": None,
    "stability": 0.91,
    "silhouette": 0.2,
    "former": {"version": "1", "agreement": 0.8, "n_learners": 750, "n_kept": 1},
    "personas": [
        {
            "persona_id": "p3",
            "name": "Finishes more",
            "n_learners": 800,
            "share": 1.0,
            "statements": [
                {
                    "text": "finishes 82% of what they begin (all: 61%)",
                    "interval_text": "80% to 84%",
                    "is_clear": True,
                },
                {"text": "fails 9%", "interval_text": "1% to 20%", "is_clear": False},
            ],
        }
    ],
}
NOBODY = {"reason": "12 learners have begun 5 modules or more", "personas": []}


@pytest.fixture(scope="module")
def home(tmp_path_factory, prepare_tracking):
    """Give a folder with three versions: with personas, without, and from before there were any."""
    folder = tmp_path_factory.mktemp("personas")
    registry = Registry(prepare_tracking(folder / "mlruns"), "waymark")
    for number, described in enumerate(({"personas": FOUND}, {"personas": NOBODY}, {})):
        snapshot = Snapshot(manifest={"learned": {}, **described}, arrays={"x.x": np.ones(1)})
        write_snapshot(snapshot, folder / f"snapshot-{number}")
        with open_run(registry, "by hand", {}) as opened:
            registry.register(opened.run_id, folder / f"snapshot-{number}", {})
    registry.set_alias(CHALLENGER, "1")
    return folder


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.setenv("WAYMARK_TRACKING_URI", f"sqlite:///{home / 'mlruns' / 'mlflow.db'}")
    monkeypatch.chdir(home)
    return lambda *words: CliRunner().invoke(app, ["personas", *words])


def test_personas_are_told_in_words_with_figures(run):
    shown = run()
    assert shown.exit_code == 0, shown.output
    for words in (
        "1 personas of 800 learners",
        "never from who they are",
        "Found again in resampled learners: 0.91",
        "Beside version 1: 0.80",
        "p3  Finishes more: 800 learners (100%)",
        "finishes 82% of what they begin (all: 61%)",
        "80% to 84%",
    ):
        assert words in shown.output
    assert "fails 9%" not in shown.output


def test_programs_read_json(run):
    assert json.loads(run("1", "--json").stdout) == {"version": "1", **FOUND}


def test_without_personas_the_reason_is_said(run):
    shown = run("2")
    assert shown.exit_code == 0
    assert "No personas: 12 learners have begun 5 modules or more." in shown.stdout


@pytest.mark.parametrize(("version", "words"), [("3", "train again"), ("9", "9")])
def test_versions_that_cannot_tell_are_refused(run, version, words):
    shown = run(version)
    assert shown.exit_code == 1
    assert words in shown.output


def test_a_model_without_versions_is_refused(run, monkeypatch):
    monkeypatch.setenv("WAYMARK_MODEL_NAME", "another")
    shown = run()
    assert shown.exit_code == 1
    assert "waymark train" in shown.output
