"""What is taken, and that it comes out the same whatever kind of file it came in."""

import numpy as np
import pyarrow as pa
import pytest

from training.histories import csv_source, parquet_source
from training.histories.bad_rows import BadRows
from training.histories.folder import HistoryFolder

LEARNERS = (
    "learner_id,role_id,needs,mentor,Favourite colour\n"
    'u1,analyst,captions;transcript,yes,"blue, mostly"\n'
    "u2,,,,\n"
)


def test_any_subset_of_tables_and_columns_is_taken(folder_of, read):
    tables = read(folder_of({"modules.csv": "title,module_id\nOne,m1\n"}))
    assert len(tables["learners"]) == 0
    assert tables["modules"].values("title").to_pylist() == ["One"]
    assert tables["modules"].values("difficulty").to_pylist() == [None]


def test_a_header_without_rows_is_an_empty_table(folder_of, read):
    tables = read(folder_of({"modules.csv": "module_id,title", "roles.csv": "role_id\n\n"}))
    assert len(tables["modules"]) == len(tables["roles"]) == 0


def test_unknown_columns_of_learners_are_attributes(folder_of, read):
    learners = read(folder_of({"learners.csv": LEARNERS}))["learners"]
    assert learners.attribute_names == ("Favourite colour",)
    assert learners.values("Favourite colour").to_pylist() == ["blue, mostly", None]
    assert learners.values("role_id").to_pylist() == ["analyst", None]
    assert learners.values("mentor").to_pylist() == [True, None]


@pytest.mark.parametrize("name", ["learners.csv", "learners.csv.gz", "Learners.CSV"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_of_every_make_is_read(folder_of, read, name, line_end, mark):
    files = {name: mark + LEARNERS.replace("\n", line_end)}
    learners = read(folder_of(files))["learners"]
    assert learners.values("learner_id").to_pylist() == ["u1", "u2"]
    assert learners.lines.tolist() == [2, 3]


def test_quoted_line_breaks_and_quotes_are_part_of_the_cell(folder_of, read):
    text = 'module_id,title\nm1,"Two\nlines and ""quotes"""\nm2,Plain\n'
    modules = read(folder_of({"modules.csv": text}))["modules"]
    assert modules.values("title").to_pylist() == ['Two\nlines and "quotes"', "Plain"]
    assert modules.lines.tolist() == [2, 4]


def test_spaces_around_column_names_do_not_count(folder_of, read):
    modules = read(folder_of({"modules.csv": "module_id, title\nm1,One\n"}))["modules"]
    assert modules.values("title").to_pylist() == ["One"]


def test_parquet_of_every_make_is_read(folder_of, read):
    table = pa.table(
        {
            "learner_id": pa.array([1, 2]),
            "module_id": pa.array(["m1", "m2"]).dictionary_encode(),
            "event": pa.array([b"passed", b"viewed"]),
            "at": pa.array([1_772_355_600_123_456_789] * 2, pa.timestamp("ns", "Asia/Tokyo")),
            "score": pa.array([1, None], pa.float32()),
            "success": pa.array([True, None]),
            "attempt": pa.array([2.0, None]),
            "comment": pa.nulls(2),
            "event_id": pa.array(["e1", ""]),
        }
    )
    rows = read(folder_of({"interactions.parquet": table}))["interactions"]
    assert {name: values.to_pylist() for name, values in rows.columns.items()} == {
        "learner_id": ["1", "2"],
        "module_id": ["m1", "m2"],
        "event": ["passed", "viewed"],
        "at": [1_772_355_600_123_456] * 2,
        "score": [1.0, None],
        "success": [True, None],
        "attempt": [2, None],
        "event_id": ["e1", None],
        "comment": [None, None],
    }
    assert rows.lines.tolist() == [1, 2]


def test_batches_follow_each_other_without_a_gap(folder_of, now, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 3)
    monkeypatch.setattr(parquet_source, "BATCH_ROWS", 3)
    header = "learner_id,module_id,event,at\n"
    rows = "".join(f"u{row},m1,viewed,{row}\n" for row in range(7))
    table = pa.table({"module_id": [f"m{row}" for row in range(7)]})
    folder = folder_of({"interactions.csv": header + rows, "modules.parquet": table})
    with BadRows(folder) as bad_rows:
        source = HistoryFolder(folder, now=now, bad_rows=bad_rows)
        batches = list(source.stream("interactions"))
        modules = source.read_described()["modules"]
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert np.concatenate([batch.lines for batch in batches]).tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert modules.lines.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert source.n_read == {"interactions": 7, "modules": 7}


def test_progress_hears_of_every_row_bad_ones_included(folder_of, now, tmp_path):
    class Listener:
        def __init__(self):
            self.heard = []

        def advance(self, table, n_rows):
            self.heard.append((table, n_rows))

    listener = Listener()
    folder = folder_of({"modules.csv": "module_id\nm1\nm1\n", "roles.csv": "role_id\nr,r\n"})
    with BadRows(folder, tmp_path / "bad.csv") as bad_rows:
        source = HistoryFolder(folder, now=now, bad_rows=bad_rows, progress=listener)
        source.read_described()
    assert sorted(listener.heard) == [("modules", 2), ("roles", 1)]
    assert (source.n_bad("modules"), source.n_bad("roles")) == (1, 1)


def test_files_that_are_no_tables_are_told(folder_of, now):
    folder = folder_of({"modules.csv": "module_id\n", "module.csv": "x\n", "notes.txt": "x"})
    with BadRows(folder) as bad_rows:
        source = HistoryFolder(folder, now=now, bad_rows=bad_rows)
    assert source.files.ignored == ("module.csv",)
