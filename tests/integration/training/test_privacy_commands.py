"""`waymark retention` and `waymark lineage` as whoever runs the workspace uses them."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

from features.domain.history import Event, Evidence, Interaction
from features.domain.recommendation import Recommendation
from features.score.snapshot import Snapshot
from features.store.registry import CHAMPION, Registry
from features.store.snapshots import write_snapshot
from training.cli.main import app
from training.lineage import LEARNERS_FILE, write_learners
from training.tracking import open_run

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

NOW = datetime.now(UTC)
ORDINAL = datetime(1970, 1, 1, 0, 0, 7, tzinfo=UTC)


@pytest.fixture
def run(database_url, monkeypatch):
    monkeypatch.setenv("WAYMARK_DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(app, list(words))


def viewed(number, at):
    return Interaction(
        event_id=f"e{number}", learner_id="ada", module_id="m", event=Event.VIEWED, at=at
    )


@pytest.fixture
def aged(workspace):
    """A workspace with things of ten, five and no days ago, and an event that has no age."""
    ages = [NOW - timedelta(days=days) for days in (10, 5, 0)]
    with workspace.transaction() as repositories:
        repositories.events.add([viewed(n, at) for n, at in enumerate([*ages, ORDINAL])])
        repositories.events.add_evidence(
            [
                Evidence(learner_id="ada", skill_id="s", level=0.5, source="self", at=at)
                for at in ages
            ]
        )
        for number, at in enumerate(ages):
            given = Recommendation(
                learner_id="ada",
                served_at=at,
                snapshot_version=None,
                policy_id="default",
                policy_version="1",
                items=(),
            )
            repositories.recommendations.add(f"r{number}", given, context={}, answer={})
    return workspace


def held(workspace):
    with workspace.reading() as repositories:
        export = repositories.learners.export("ada")
        acts = repositories.audit.list(None, 10)
    events = {row["event_id"] for row in export["events"]}
    answers = {row["recommendation_id"] for row in export["recommendations"]}
    return events, answers, [act.action for act in acts]


def test_a_dry_run_counts_and_deletes_nothing(run, aged, monkeypatch):
    monkeypatch.setenv("WAYMARK_KEEP_EVENTS_DAYS", "7")
    done = json.loads(run("retention", "--dry-run", "--json").stdout)
    assert done["rows"] == {"interactions": 1, "evidence": 1, "outcomes": 0, "assessments": 0}
    assert held(aged) == ({"e0", "e1", "e2", "e3"}, {"r0", "r1", "r2"}, [])


def test_what_is_too_old_goes_and_that_is_on_record(run, aged, monkeypatch):
    monkeypatch.setattr("features.store.retention.ROWS_A_TIME", 1)
    monkeypatch.setenv("WAYMARK_KEEP_EVENTS_DAYS", "3")
    monkeypatch.setenv("WAYMARK_KEEP_RECOMMENDATIONS_DAYS", "7")
    done = run("retention")
    assert "interactions: 2 rows deleted" in done.stdout
    assert held(aged) == ({"e2", "e3"}, {"r1", "r2"}, ["retention.apply"])


def test_without_a_period_there_is_nothing_to_apply(run):
    refused = run("retention", "--dry-run")
    assert refused.exit_code == 1
    assert "WAYMARK_KEEP_EVENTS_DAYS" in refused.stderr


@pytest.fixture
def versions(prepare_tracking, tmp_path, monkeypatch):
    """Two versions: of before learners were kept, and one trained with ada and grace."""
    registry = Registry(prepare_tracking(tmp_path / "mlruns"), "waymark")
    monkeypatch.setenv("WAYMARK_TRACKING_URI", registry.tracking_uri)
    write_snapshot(Snapshot(manifest={"learned": {}}, arrays={"x.x": np.ones(1)}), tmp_path / "s")
    write_learners(["ada", "grace"], tmp_path / LEARNERS_FILE)
    for keeps in (False, True):
        with open_run(registry, "by hand", {}) as opened:
            if keeps:
                opened.log_file(tmp_path / LEARNERS_FILE)
            registry.register(opened.run_id, tmp_path / "s", {})
    registry.set_alias(CHAMPION, "2")


def test_a_report_tells_which_versions_were_trained_with_a_learner(run, versions, workspace):
    with workspace.transaction() as repositories:
        repositories.learners.erase("ada", NOW)

    def asked(*words):
        return json.loads(run("lineage", *words, "--json").stdout)

    assert asked("ada")["versions"] == [
        {"version": "2", "aliases": ["champion"], "n_learners": 2, "n_asked": 1},
        {"version": "1", "aliases": [], "n_learners": None, "n_asked": None},
    ]
    assert asked("ada")["erased_at"] is not None
    assert asked("bob")["versions"][0]["n_asked"] == 0
    assert asked("bob")["erased_at"] is None
    assert (asked()["n_erased"], asked()["versions"][0]["n_asked"]) == (1, 1)
    assert "not kept" in run("lineage", "ada").stdout


def test_a_folder_about_an_erased_learner_is_not_learned_from(run, workspace, tmp_path):
    with workspace.transaction() as repositories:
        repositories.learners.erase("ada", NOW)
    folder = tmp_path / "histories"
    folder.mkdir()
    rows = ["learner_id,module_id,event,at", "ada,m,viewed,1772355600", "bob,m,viewed,1772355600"]
    (folder / "interactions.csv").write_text("\n".join(rows))
    refused = run("train", "--from", str(folder))
    assert refused.exit_code == 1
    assert "about 1 learners who were erased, such as ada" in refused.stderr
