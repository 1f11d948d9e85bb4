"""`waymark experiment` as a user runs it: the checks and the records of the API."""

import json

import pytest
from typer.testing import CliRunner

from features.domain.catalogue import Policy
from features.store.workspace import Workspace
from training.cli.main import app

BODY = {
    "experiment_id": "x1",
    "hypothesis": "Gaps alone do better.",
    "variants": [
        {"variant_id": "as-today", "weight": 0.5},
        {"variant_id": "gaps", "weight": 0.5, "policy_id": "gaps-only"},
    ],
    "metrics": [{"metric_id": "completion_rate", "role": "goal"}],
    "starts_at": "2126-01-01T00:00:00Z",
}


LUCK = {"variant_id": "v", "weight": 0.5, "policy_id": "luck"}


@pytest.fixture
def run(tmp_path, sqlite_url, monkeypatch):
    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WAYMARK_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        repositories.catalogue.put_policy(Policy(policy_id="gaps-only"))

    def invoke(*words, body=None):
        if body is not None:
            path = tmp_path / "experiment.json"
            path.write_text(body if isinstance(body, str) else json.dumps(body))
            words = (words[0], str(path), *words[1:])
        return CliRunner().invoke(app, ["experiment", *words])

    return invoke


def test_an_experiment_is_defined_started_listed_and_stopped(run, sqlite_url):
    assert "Experiment x1 is draft" in run("define", body=BODY).stdout
    started = json.loads(run("start", "x1", "--json").stdout)
    assert (started["state"], len(started["phases"])) == ("scheduled", 1)
    (listed,) = json.loads(run("list", "--json").stdout)["experiments"]
    assert listed == started | {"enrolled": {}}
    table = run("list").stdout
    assert "x1" in table
    assert "as-today: 0, gaps: 0" in table
    raised = json.loads(run("define", "--json", body=BODY | {"coverage": 0.5}).stdout)
    assert [each["coverage"] for each in raised["phases"][0]["coverages"]] == [1.0, 0.5]
    assert json.loads(run("stop", "x1", "--json").stdout)["state"] == "stopped"
    with Workspace.open(sqlite_url) as workspace, workspace.reading() as repositories:
        acts = [(each.actor, each.action) for each in repositories.audit.list(None, 10)]
    assert acts == [
        ("command line", f"experiment.{what}") for what in ("put", "start", "put", "stop")
    ]


def test_an_id_may_stand_beside_the_file(run):
    body = {name: value for name, value in BODY.items() if name != "experiment_id"}
    assert (
        json.loads(run("define", "--id", "x7", "--json", body=body).stdout)["experiment_id"] == "x7"
    )
    assert "No experiment" not in run("list").stdout


def test_without_an_experiment_the_list_says_so(run):
    assert "No experiment is defined." in run("list").stdout


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("{", "invalid_value", "cannot be read as JSON"),
        ("[]", "invalid_value", "holds no JSON object"),
        ({}, "experiment_invalid", "variants: Field required"),
        (BODY | {"colour": 1}, "experiment_invalid", "colour: Extra inputs are not permitted"),
        (BODY | {"experiment_id": None}, "experiment_invalid", "experiment_id"),
        (BODY | {"eligible": "luck"}, "experiment_invalid", "unknown facts: luck"),
        (BODY | {"starts_at": "soon"}, "experiment_invalid", "starts_at"),
        (BODY | {"starts_at": ["soon"]}, "experiment_invalid", "starts_at"),
        (
            BODY | {"variants": [BODY["variants"][0], BODY["variants"][1] | {"weight": 0.6}]},
            "experiment_invalid",
            "they must sum to 1",
        ),
        (
            BODY | {"variants": [BODY["variants"][0], LUCK]},
            "experiment_names_unknown",
            "variant 'v' names policy_id 'luck'",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_by_name(run, body, code, words):
    done = run("define", body=body)
    assert done.exit_code == 1
    assert code in done.stderr
    assert words in done.stderr


def test_acts_out_of_order_are_refused(run):
    run("define", body=BODY)
    assert "has not started" in run("stop", "x1").stderr
    run("start", "x1")
    assert "hypothesis cannot change" in run("define", body=BODY | {"hypothesis": "No."}).stderr
    assert "there is no experiment 'x9'" in run("start", "x9").stderr
    assert "cannot be read" in run("define", "nowhere.json").stderr


def test_starting_what_is_under_way_changes_nothing_and_what_was_stopped_starts_no_more(run):
    run("define", body=BODY)
    first = run("start", "x1")
    again = run("start", "x1")
    assert (again.exit_code, again.stdout) == (0, first.stdout)
    run("stop", "x1")
    assert "cannot start again" in run("start", "x1").stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")
def test_snapshots_are_asked_of_the_registry(run):
    variants = [BODY["variants"][0], {"variant_id": "v", "weight": 0.5, "snapshot": "9"}]
    done = run("define", body=BODY | {"variants": variants})
    assert done.exit_code == 1
    assert "variant 'v' names snapshot '9'" in done.stderr
