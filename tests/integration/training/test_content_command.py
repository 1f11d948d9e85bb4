"""`waymark content` as a user runs it, on a folder and on a database."""

import json

import pytest
from typer.testing import CliRunner

from training.cli.main import app

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

N_LEARNERS = 25


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Give a place with histories in which nobody finishes one of the modules."""
    home = tmp_path_factory.mktemp("content")
    folder = home / "histories"
    folder.mkdir()
    rows = ["learner_id,module_id,event,at"]
    for learner in range(N_LEARNERS):
        for module in range(23):
            rows.append(f"u{learner},m{module},started,2026-01-05T09:00:00Z")
            if module:
                rows.append(f"u{learner},m{module},completed,2026-01-06T09:00:00Z")
    rows.append("u0,m1,viewed,2026-06-01T09:00:00Z")
    (folder / "interactions.csv").write_text("\n".join(rows) + "\n")
    asked = "".join(f"analyst,s{k},.9\n" for k in range(21))
    (folder / "role_skills.csv").write_text("role_id,skill_id,target\n" + asked)
    return home


@pytest.fixture
def run(home, monkeypatch):
    monkeypatch.setenv("WAYMARK_DATABASE_URL", f"sqlite:///{home / 'waymark.db'}")
    monkeypatch.setenv("WAYMARK_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
    return lambda *words: CliRunner().invoke(app, words)


def test_a_folder_is_reported_as_json(run, home):
    done = run("content", "--from", str(home / "histories"), "--json")
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert document["snapshot_version"] is None
    assert document["as_at"] == "2026-06-01T09:00:00Z"
    assert [one["module_id"] for one in document["losing"]] == ["m0"]
    assert document["losing"][0]["signs"][0]["n_learners"] == N_LEARNERS
    assert len(document["untaught"]) == 21
    assert document["boring"] == []


def test_a_database_is_reported_in_tables_cut_at_twenty_rows(run, home):
    assert run("import", str(home / "histories")).exit_code == 0
    done = run("content")
    assert done.exit_code == 0
    for told in (
        "Stale modules: none found.",
        "Skills taught to a lower level than roles ask for",
        "… and 1 more rows: `--json` has all.",
        "Modules that lose their learners",
        "gave up",
        "Modules that bore their learners: none found.",
        "23 modules and 25 learners as at 2026-06-01; levels by authored levels.",
    ):
        assert told in done.stdout


def test_a_folder_that_is_not_there_is_named(run, home):
    done = run("content", "--from", str(home / "nothing"))
    assert done.exit_code == 1
    assert "nothing" in done.stderr
