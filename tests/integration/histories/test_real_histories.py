"""Real histories, where they are at hand: they are not part of the project."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.domain.errors import HistoryFolderError
from features.store.workspace import Workspace
from training.histories.data import read_folder_data, read_store_data
from training.histories.importing import import_folder

DATA = Path(__file__).parents[4] / "shared" / "data"
NOW = datetime(2026, 3, 1, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="real data is not beside the project")


def test_scored_submissions_are_read_with_their_demographics():
    data = read_folder_data(DATA / "oulad", now=NOW)
    assert len(data.log) == 171_831
    assert data.log.is_timed
    assert data.log.n_modules == 206
    assert set(data.log.success) == {0, 1}
    assert {"gender", "age_band", "disability"} <= set(data.learner_attributes)


def test_course_enrolments_are_read_in_order():
    data = read_folder_data(DATA / "mooccubex", now=NOW)
    assert (len(data.log), data.log.n_learners, data.log.n_modules) == (1_046_549, 87_722, 3_321)
    assert not data.log.is_timed
    first = data.log.learner_ids.index_of["u0"]
    rows = data.log.starts[first] + range(3)
    assert [data.log.module_ids.ids[module] for module in data.log.module[rows]] == [
        "c6",
        "c14",
        "c5",
    ]


def test_occupations_are_imported_but_nothing_can_be_learned_from_them(sqlite_url):
    with Workspace.open(sqlite_url) as workspace:
        report = import_folder(workspace, DATA / "onet", now=NOW)
        assert report.tables["role_skills"].n_new == 59_772
        with workspace.reading() as repositories:
            catalogue = repositories.catalogue.load()
    assert (len(catalogue.roles), len(catalogue.skills)) == (879, 68)
    with pytest.raises(HistoryFolderError, match="onet has no interactions"):
        read_folder_data(DATA / "onet", now=NOW)


def test_submissions_are_the_same_by_way_of_the_database(sqlite_url):
    with Workspace.open(sqlite_url) as workspace:
        report = import_folder(workspace, DATA / "oulad", now=NOW)
        stored = read_store_data(workspace)
    assert report.tables["interactions"].n_new == 171_831
    read = read_folder_data(DATA / "oulad", now=NOW)
    assert stored.data_hash == read.data_hash
    assert stored.n_rows == read.n_rows
