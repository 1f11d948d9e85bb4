"""`waymark drift` and `waymark train --if-needed` as a user and a scheduler run them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.domain.errors import RegistryError
from features.store.registry import CHALLENGER, CHAMPION, Registry
from features.store.workspace import Workspace
from training.academy import small_academy, write_folder
from training.cli.main import app
from training.drift.compare import Verdict
from training.drift.reference import REFERENCE_FILE
from training.histories.data import read_folder_data
from training.histories.importing import import_folder
from training.model_settings import to_document
from training.schedule import Conditions, training_lock, training_need
from training.train import train

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MANY = 10**9

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Give `before`, the histories until a cut, `after` with all, and `planted` with a change."""
    folder = tmp_path_factory.mktemp("drift")
    write_folder(small_academy(seed=3, now=NOW), folder / "after")
    rows = interactions(folder / "after")
    cut = sorted(row["at"] for row in rows)[int(0.7 * len(rows))]
    for name in ("before", "planted"):
        shutil.copytree(folder / "after", folder / name)
    write_interactions(folder / "before", [row for row in rows if row["at"] <= cut])
    few = sorted({row["module_id"] for row in rows})[:5]
    for place, row in enumerate(rows):
        if row["at"] > cut:
            row["module_id"], row["event_id"] = few[place % 5], ""
            row["success"] = row["success"] and "false"
            row["score"] = row["score"] and "0.1"
    write_interactions(folder / "planted", rows)
    return folder


def interactions(folder: Path) -> list[dict[str, str]]:
    with (folder / "interactions.csv").open() as file:
        return list(csv.DictReader(file))


def write_interactions(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / "interactions.csv").open("w") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def registry(home, prepare_tracking, quick_settings):
    """Give a registry whose champion, 1, was trained on `before`."""
    made = Registry(prepare_tracking(home / "mlruns"), "waymark")
    before = read_folder_data(home / "before", now=NOW)
    train(before, made, seed=0, now=NOW, settings=quick_settings)
    made.set_alias(CHAMPION, "1")
    return made


@pytest.fixture
def settings_file(home, quick_settings):
    path = home / "settings.json"
    path.write_text(json.dumps(to_document(quick_settings)))
    return path


@pytest.fixture
def waymark(home, registry, sqlite_url, settings_file, monkeypatch):
    registry.set_alias(CHAMPION, "1")
    registry.set_alias(CHALLENGER, "1")
    monkeypatch.setenv("WAYMARK_TRACKING_URI", registry.tracking_uri)
    monkeypatch.setenv("WAYMARK_MODEL_NAME", "waymark")
    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WAYMARK_SETTINGS_FILE", str(settings_file))
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_the_training_data_itself_is_stable(waymark, home):
    done = waymark("drift", "--from", home / "before", "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert (document["version"], document["since"], document["verdict"]) == ("1", None, "stable")
    assert {one["verdict"] for one in document["movements"]} == {"stable"}


def test_a_planted_change_is_drift_and_says_what_to_do(waymark, home):
    done = waymark("drift", "--from", home / "planted")
    assert done.exit_code == 0
    assert "Drift from version 1" in done.stdout
    assert "compared with the last fifth before" in done.stdout
    assert done.stdout.strip().endswith(
        "drifted: retrain with `waymark train`, then `waymark promote`."
    )
    document = json.loads(waymark("drift", "--from", home / "planted", "--json").stdout)
    verdicts = {one["name"]: one["verdict"] for one in document["movements"]}
    assert verdicts["modules"] == "drifted"
    assert document["n_events"] == len(interactions(home / "planted")) - len(
        interactions(home / "before")
    )


def test_predictions_are_compared_with_the_held_out_figures(waymark, home):
    document = json.loads(waymark("drift", "--from", home / "planted", "--json").stdout)
    assert document["predictions_compared"]
    movements = {one["name"]: one for one in document["movements"]}
    next_module = movements["next module (NDCG@10)"]["measures"]
    assert next_module["hr_at_10_now"] < next_module["hr_at_10_then"] <= 1


def test_without_a_champion_there_is_nothing_to_compare_with(waymark, registry, home):
    registry.client.delete_registered_model_alias(registry.model_name, CHAMPION)
    done = waymark("drift", "--from", home / "after")
    assert done.exit_code == 1
    assert "there is no champion to compare with" in done.stderr


def test_an_empty_database_has_nothing_to_compare(waymark):
    done = waymark("drift")
    assert done.exit_code == 1
    assert "no interactions" in done.stderr


def test_a_database_without_newer_events_is_refused_and_says_until_when(waymark, home, sqlite_url):
    with Workspace.open(sqlite_url) as workspace:
        import_folder(workspace, home / "before", now=NOW)
    done = waymark("drift")
    assert done.exit_code == 1
    assert "nothing has happened since the data of version 1 ended (202" in done.stderr


def test_the_database_is_compared_as_a_folder_is(waymark, home, sqlite_url):
    with Workspace.open(sqlite_url) as workspace:
        import_folder(workspace, home / "planted", now=NOW)
    stored = json.loads(waymark("drift", "--json").stdout)
    assert stored == json.loads(waymark("drift", "--from", home / "planted", "--json").stdout)


def test_ordinals_are_compared_as_a_whole(waymark, home, tmp_path):
    shutil.copytree(home / "before", tmp_path / "untimed")
    rows = interactions(home / "before")
    for place, row in enumerate(sorted(rows, key=lambda row: row["at"])):
        row["at"] = str(place)
    write_interactions(tmp_path / "untimed", rows)
    done = waymark("drift", "--from", tmp_path / "untimed", "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["since"] is None
    assert "hour of day" not in {one["name"] for one in document["movements"]}


@pytest.fixture
def no_profile(registry, home):
    """Take the profile of version 1 away for the time of a test."""
    run_id = registry.version("1").run_id
    kept = (home / "mlruns" / "artifacts").rglob(REFERENCE_FILE)
    (path,) = (each for each in kept if run_id in each.parts)
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}"])
def test_a_profile_that_cannot_be_read_is_named(waymark, home, no_profile, content):
    no_profile.write_bytes(content)
    done = waymark("drift", "--from", home / "after")
    assert done.exit_code == 1
    assert "the profile of the data of version 1 cannot be read" in done.stderr
    assert "Train again" in done.stderr


def test_data_that_was_trained_on_is_not_trained_on_again(waymark, home):
    done = waymark("train", "--if-needed", "--from", home / "before")
    assert done.exit_code == 0
    assert done.stdout == "Not training: version 1 was trained on this very data.\n"


def need(registry, folder, now=NOW, **conditions):
    data = read_folder_data(folder, now=NOW)
    return training_need(registry, data, Conditions(**conditions), now)


def test_enough_new_events_are_a_reason(waymark, registry, home):
    n_new = len(interactions(home / "after")) - len(interactions(home / "before"))
    found = need(registry, home / "after")
    assert (found.needed, found.version, found.n_new_events) == (True, "1", n_new)
    assert need(registry, home / "after", min_new_events=n_new).needed
    assert "are asked for" in need(registry, home / "after").reason


def test_few_new_events_that_are_like_the_old_ones_are_none(waymark, registry, home, tmp_path):
    shutil.copytree(home / "before", tmp_path / "more")
    rows = interactions(home / "after")
    rows = sorted(rows, key=lambda row: row["at"])[: len(interactions(home / "before")) + 5]
    write_interactions(tmp_path / "more", rows)
    done = waymark("train", "--if-needed", "--from", tmp_path / "more", "--json")
    document = json.loads(done.stdout)
    assert done.exit_code == 0
    assert document["trained"] is False
    assert document["drift"] == "stable"
    assert document["reason"].startswith("5 new events since the data of version 1, ")


def test_drift_is_a_reason_whatever_the_number_of_events(waymark, registry, home):
    found = need(registry, home / "planted", min_new_events=MANY)
    assert (found.needed, found.drift) == (True, Verdict.DRIFTED)
    assert "drifted" in found.reason


def test_age_is_a_reason_where_the_data_has_changed(waymark, registry, home):
    month, old = timedelta(days=30), NOW + timedelta(days=30)
    found = need(registry, home / "after", now=old, min_new_events=MANY, max_age=month)
    assert found.needed
    assert "30 days old" in found.reason
    assert not need(registry, home / "before", now=old, max_age=month).needed


def test_data_that_only_shrank_is_no_reason(waymark, registry, home, tmp_path):
    shutil.copytree(home / "before", tmp_path / "fewer")
    write_interactions(tmp_path / "fewer", interactions(home / "before")[:-20])
    found = need(registry, tmp_path / "fewer")
    assert (found.needed, found.n_new_events, found.drift) == (False, 0, None)
    assert "nothing newer to compare" in found.reason


def test_a_version_that_cannot_be_compared_with_is_a_reason(waymark, registry, home, no_profile):
    no_profile.write_bytes(b"")
    found = need(registry, home / "after")
    assert found.needed
    assert "cannot be compared with" in found.reason


def test_a_challenger_that_waits_counts_and_not_the_champion_alone(waymark, registry, home):
    done = waymark("train", "--if-needed", "--from", home / "after", "--json")
    document = json.loads(done.stdout)
    assert document["trained"] is True
    assert (document["compared_with"], registry.version_of(CHAMPION)) == ("1", "1")
    again = json.loads(waymark("train", "--if-needed", "--from", home / "after", "--json").stdout)
    assert again["trained"] is False
    assert again["compared_with"] == document["version"]


def test_while_another_scheduled_training_runs_none_is_started(waymark, registry, home):
    with training_lock(registry) as is_free:
        assert is_free
        done = waymark("train", "--if-needed", "--from", home / "after")
    assert done.exit_code == 0
    assert done.stdout == "Not training: another scheduled training is under way.\n"
    with training_lock(registry) as is_free:
        assert is_free


def test_a_lock_that_cannot_be_made_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with (
        pytest.raises(RegistryError, match="of scheduled trainings cannot be made"),
        training_lock(Registry("http://127.0.0.1:1", "waymark")),
    ):
        pytest.fail("the lock was made in a folder that is not there")


@pytest.mark.parametrize("words", [("--min-new-events", "5"), ("--max-age-days", "5")])
def test_conditions_go_with_if_needed_only(waymark, home, words):
    assert waymark("train", "--from", home / "after", *words).exit_code == 2


def test_of_two_schedulers_at_once_one_trains(home, settings_file, prepare_tracking, tmp_path):
    environment = os.environ | {
        "WAYMARK_TRACKING_URI": prepare_tracking(tmp_path / "mlruns"),
        "WAYMARK_SETTINGS_FILE": str(settings_file),
    }
    words = [sys.executable, "-m", "training.cli", "train", "--if-needed", "--json"]
    both = [
        subprocess.Popen(
            [*words, "--from", str(home / "before")], env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    documents = [json.loads(process.communicate()[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(document["trained"] for document in documents) == [False, True]
