"""Training data from a folder, and that it is the same by way of the database."""

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pytest

from features.domain.errors import HistoryFolderError, NotFoundError
from features.encode.log import EVENT_CODES
from training.histories import csv_source
from training.histories.bad_rows import BadRowsError
from training.histories.data import read_folder_data, read_store_data
from training.histories.importing import import_folder

FOLDER = {
    "interactions.csv": (
        "learner_id,module_id,event,at,score,success,duration_seconds\n"
        "u2,m2,scored,2026-02-01T09:00:00Z,0.75,,90\n"
        "u10,m9,viewed,2026-02-01T10:00:00Z,,,\n"
        "u2,m1,answered,2026-02-01T08:00:00Z,0.75,false,0\n"
        "u2,m0,viewed,2026-02-01T09:00:00Z,,,\n"
        "u2,m2,scored,2026-02-01T09:00:00Z,0.25,,30\n"
        "u2,m2,scored,2026-02-02T09:00:00.000001Z,0.85,,61.5\n"
    ),
    "modules.csv": "module_id,title,pass_mark\nm2,Two,0.8\nm1,One,\nm3,Three,\n",
    "module_skills.csv": "module_id,skill_id,weight\nm2,b,\nm2,a,0.5\n",
    "prerequisites.csv": "module_id,requires_module_id,strength\nm2,m1,\nm4,m2,0.5\n",
    "skills.csv": "skill_id,name,parent_id\nb,B,c\n",
    "skill_edges.csv": "skill_id,precedes_skill_id\nb,d\na,b\n",
    "role_skills.csv": "role_id,skill_id,target\nchief,b,0.5\nanalyst,e,0.75\n",
    "learners.csv": (
        "learner_id,role_id,department,needs,mentor,city\n"
        "u10,analyst,,transcript; captions,true,Graz\n"
        "u7,chief,Sales,,,Linz\n"
    ),
    "evidence.csv": (
        "learner_id,skill_id,level,source,at\n"
        "u2,f,0.5,peer,2026-02-01T09:00:00Z\n"
        "u10,b,0.25,self,2026-02-03T09:00:00Z\n"
        "u7,b,0.75,self,2026-02-01T09:00:00Z\n"
    ),
    "assignments.csv": "learner_id,module_id\nu2,m5\n",
}


@pytest.fixture
def data(folder_of, now):
    return read_folder_data(folder_of(FOLDER), now=now)


def assert_equal_data(left, right):
    for field in dataclasses.fields(left.log):
        np.testing.assert_array_equal(getattr(left.log, field.name), getattr(right.log, field.name))
    assert left.catalogue == right.catalogue
    assert list(left.learner_attributes) == list(right.learner_attributes)
    for name, values in left.learner_attributes.items():
        np.testing.assert_array_equal(values, right.learner_attributes[name])
    for mine, theirs in zip(left.evidence, right.evidence, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype
    assert left.n_rows == right.n_rows
    assert left.data_hash == right.data_hash


def test_learners_and_modules_are_in_order_of_their_ids(data):
    assert data.log.learner_ids.ids == ("u10", "u2")
    assert data.log.module_ids.ids == ("m0", "m1", "m2", "m3", "m4", "m5", "m9")
    assert data.log.module_ids.ids == tuple(m.module_id for m in data.catalogue.modules)


def test_rows_are_in_order_of_learner_instant_and_file(data):
    names = [data.log.module_ids.ids[module] for module in data.log.module]
    assert names == ["m9", "m1", "m2", "m0", "m2"]
    assert data.log.starts.tolist() == [0, 1, 5]
    assert data.log.event[0] == EVENT_CODES["viewed"]
    last = datetime(2026, 2, 2, 9, microsecond=1, tzinfo=UTC)
    assert data.log.at_seconds[-1] == last.timestamp()


def test_success_is_as_reported_or_by_the_pass_mark_of_the_module(data):
    assert data.log.success.tolist() == [-1, 0, 0, -1, 1]
    assert data.log.score[2] == 0.75


def test_durations_stay_with_their_rows(data):
    np.testing.assert_array_equal(data.log.duration_seconds, [np.nan, 0.0, 90.0, np.nan, 61.5])


def test_the_same_event_twice_is_one_event(data):
    assert data.n_rows["interactions"] == len(data.log) == 5


def test_attributes_are_those_of_learners_in_the_log(data):
    assert {name: values.tolist() for name, values in data.learner_attributes.items()} == {
        "city": ["Graz", ""],
        "needs": ["captions;transcript", ""],
        "role_id": ["analyst", ""],
    }


def test_evidence_is_that_of_learners_in_the_log(data):
    skills = [skill.skill_id for skill in data.catalogue.skills]
    assert skills == ["a", "b", "c", "d", "e", "f"]
    assert [skills[skill] for skill in data.evidence.skill] == ["b", "f"]
    assert data.evidence.learner.tolist() == [0, 1]
    assert data.evidence.level.tolist() == [0.25, 0.5]


def test_everything_is_counted(data):
    assert data.n_rows == {
        "interactions": 5,
        "learners": 2,
        "modules": 7,
        "skills": 6,
        "roles": 2,
        "evidence": 2,
    }


def test_parts_are_known_where_a_splits_table_is(folder_of, now):
    splits = "learner_id,part\nu2,test\nstranger,train\n"
    data = read_folder_data(folder_of({**FOLDER, "splits.csv": splits}), now=now)
    assert data.parts.tolist() == ["", "test"]


def test_without_a_splits_table_there_are_no_parts(data):
    assert data.parts is None


def test_the_database_gives_the_same_data_as_the_folder(workspace, folder_of, data, now):
    import_folder(workspace, folder_of(FOLDER), now=now)
    assert_equal_data(read_store_data(workspace), data)


def test_a_folder_imported_twice_gives_the_same_data(workspace, folder_of, data, now):
    for _ in range(2):
        import_folder(workspace, folder_of(FOLDER), now=now)
    assert_equal_data(read_store_data(workspace), data)


def test_batches_leave_no_trace(folder_of, data, now, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 2)
    assert_equal_data(read_folder_data(folder_of(FOLDER), now=now), data)


def test_what_happened_after_an_instant_is_left_out(workspace, folder_of, now):
    import_folder(workspace, folder_of(FOLDER), now=now)
    data = read_store_data(workspace, as_of=datetime(2026, 2, 1, 9, tzinfo=UTC))
    assert data.log.learner_ids.ids == ("u2",)
    assert len(data.log) == 3
    assert data.evidence.level.tolist() == [0.5]


def test_attributes_that_came_as_json_are_text(workspace, folder_of, now):
    import_folder(workspace, folder_of(FOLDER), now=now)
    with workspace.transaction() as repositories:
        learner = repositories.learners.get("u2")
        attributes = {"remote": True, "grade": 7, "city": "Wien"}
        repositories.learners.put(dataclasses.replace(learner, attributes=attributes))
    attributes = read_store_data(workspace).learner_attributes
    assert attributes["remote"].tolist() == ["", "true"]
    assert attributes["grade"].tolist() == ["", "7"]
    assert attributes["city"].tolist() == ["Graz", "Wien"]


def test_an_empty_workspace_has_nothing_to_learn_from(workspace):
    with pytest.raises(NotFoundError, match="has no interactions to learn from: import a history"):
        read_store_data(workspace)


def test_a_folder_without_interactions_has_nothing_to_learn_from(folder_of, now):
    with pytest.raises(HistoryFolderError, match="academy has no interactions: nothing can be"):
        read_folder_data(folder_of({"modules.csv": "module_id\nm1\n"}), now=now)


def test_a_header_alone_is_nothing_to_learn_from(folder_of, now):
    files = {"interactions.csv": "learner_id,module_id,event,at\n"}
    with pytest.raises(HistoryFolderError, match=r"interactions\.csv has no rows to learn from"):
        read_folder_data(folder_of(files), now=now)


def test_bad_rows_refuse_the_folder_or_are_skipped(folder_of, now, tmp_path):
    bad = FOLDER["interactions.csv"] + "u2,m1,launched,17,,,\n"
    folder = folder_of({**FOLDER, "interactions.csv": bad})
    with pytest.raises(BadRowsError, match=r"interactions\.csv:8 column event: 'launched' is not"):
        read_folder_data(folder, now=now)
    path = tmp_path / "bad.csv"
    data = read_folder_data(folder, now=now, skip_bad=True, bad_rows_path=path)
    assert len(data.log) == 5
    assert data.bad_rows_path == path
    assert "launched" in path.read_text(encoding="utf-8")
