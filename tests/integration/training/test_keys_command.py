"""`waymark keys` as whoever runs the workspace uses it."""

import json

import pytest
from typer.testing import CliRunner

from features.store.workspace import Workspace
from training.cli.main import app


@pytest.fixture
def run(sqlite_url, monkeypatch):
    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    return lambda *words: CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_rotated_once_and_that_is_on_record(run, sqlite_url):
    old = json.loads(run("create", "--scope", "events", "--json").stdout)
    new = json.loads(run("rotate", old["key_id"], "--json").stdout)
    assert new["scopes"] == ["events"]
    with Workspace.open(sqlite_url) as workspace, workspace.reading() as repositories:
        assert repositories.keys.find(old["key"]) is None
        assert repositories.keys.find(new["key"]).key_id == new["key_id"]
        act = repositories.audit.list(None, 10)[-1]
    assert (act.action, act.subject) == ("key.rotate", old["key_id"])
    again = run("rotate", old["key_id"])
    assert again.exit_code == 1
    assert "is revoked: create another instead" in again.stderr
    listed = run("list").stdout
    assert f"{old['key_id']}  revoked" in listed
    assert f"{new['key_id']}  active" in listed
    assert new["key"] not in listed


def test_a_key_that_is_not_there_cannot_be_rotated(run):
    refused = run("rotate", "key_0")
    assert refused.exit_code == 1
    assert "there is no key 'key_0'" in refused.stderr
