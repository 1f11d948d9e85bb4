"""The guide's way to back up, and versions that meet while one takes the other's place."""

import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from features.store.engine import open_engine
from features.store.workspace import Workspace

GUIDE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_a_backup_made_as_the_guide_says_is_whole(sqlite_url, tmp_path):
    (command,) = re.findall(r"^\.venv/bin/python (-m sqlite3 .*)$", GUIDE.read_text(), re.MULTILINE)
    with Workspace.open(sqlite_url) as workspace:
        with workspace.transaction() as repositories:
            key = repositories.keys.create(["events"], datetime(2026, 3, 1, tzinfo=UTC)).key
        subprocess.run([sys.executable, *shlex.split(command)], cwd=tmp_path, check=True)
    with Workspace.open(f"sqlite:///{tmp_path}/backup.db") as backup, backup.reading() as held:
        assert held.keys.find(key) is not None


def test_a_version_that_knows_no_opting_out_goes_on_writing_learners(database_url):
    engine = open_engine(database_url)
    columns = "learner_id, needs, mentor, attributes"
    with engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO learners ({columns}) VALUES ('a', '[]', false, '{{}}')")
        )
    engine.dispose()
    with Workspace.open(database_url) as workspace, workspace.reading() as repositories:
        assert repositories.learners.get("a").personalised is True
