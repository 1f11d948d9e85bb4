"""A refusal tells everything that is wrong; skipped rows are written with their place."""

import csv

import pytest

from features.domain.errors import HistoryFolderError
from training.histories import csv_source

HEADER = "learner_id,module_id,event,at"
GOOD = "u1,m1,passed,2026-02-01T09:00:00Z"


def interactions(*rows, header=HEADER):
    return {"interactions.csv": "\n".join([header, *rows]) + "\n"}


def test_a_cell_without_end_is_refused(refusal_of):
    told = refusal_of({"modules.csv": f"module_id,title\nm1,{'x' * 131_073}\nm2,Two\n"})
    assert told == [
        "modules.csv:2: a cell is longer than 131,072 characters, or a quote is never closed"
    ]


def test_the_lines_named_are_those_of_the_file(refusal_of):
    text = (
        "\ufeffmodule_id,title,difficulty\r\n"  # line 1
        'm1,"two\r\nlines, and a comma",0.5\r\n'  # 2–3
        "\r\n"  # 4
        'm2,"a\nb\nc",7\r\n'  # 5–7
        "m3,Three,0.5\r\n"  # 8
        "m4,Four,8\r\n"  # 9
    )
    assert refusal_of({"modules.csv": text}) == [
        "modules.csv:5 column difficulty: 7 is outside [0,1]",
        "modules.csv:9 column difficulty: 8 is outside [0,1]",
    ]


def test_lines_are_counted_on_across_batches(refusal_of, monkeypatch):
    monkeypatch.setattr(csv_source, "BATCH_ROWS", 2)
    rows = [GOOD, "", GOOD, GOOD, GOOD, "u1,m1,launched,17", "u1,m1", "u1,m1,launched,18"]
    told = refusal_of(interactions(*rows))
    assert [text.split()[0] for text in told] == [
        "interactions.csv:7",
        "interactions.csv:8:",
        "interactions.csv:9",
    ]


def test_a_row_with_two_mistakes_is_one_bad_row(refusal_of):
    (told,) = refusal_of(interactions("u1,m1,launched,soon"))
    assert told == (
        "interactions.csv:2 column event: 'launched' is not one of registered, started, "
        "progressed, completed, passed, failed, scored, answered, waived, rated, viewed"
    )


def test_bad_rows_of_all_tables_are_told_at_once(refusal_of):
    files = {"modules.csv": "module_id\nm1\nm1\n", **interactions("u1,m1,passed,soon")}
    assert [text.split()[0] for text in refusal_of(files)] == [
        "modules.csv:3",
        "interactions.csv:2",
    ]


def test_skipped_rows_are_written_with_their_place_and_the_good_ones_taken(
    folder_of, read, tmp_path
):
    folder = folder_of({"modules.csv": 'module_id,title\nm1,One\nm1,"Again, one"\n'})
    (folder / "interactions.csv").write_bytes(
        b"learner_id,module_id,event,at\n"
        b"u1,m1,passed,17\n"
        b"u2,m\xff,passed,18\n"
        b'u3,"m1,passed,19\n'
        b'u4,m1,pas"sed,\xff\n'
        b"u5,m1\n"
        b"u6,m1,passed,20\n"
    )
    report_path = tmp_path / "bad.csv"
    tables = read(folder, report_path)
    assert tables["modules"].values("title").to_pylist() == ["One"]
    assert tables["interactions"].values("learner_id").to_pylist() == ["u1", "u6"]
    with report_path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        written = list(csv.reader(file))
    not_utf_8 = "is not valid UTF-8: save the file as UTF-8"
    in_the_middle = "a quote is closed in the middle of a cell"
    assert written == [
        ["file", "line", "column", "reason", "row"],
        ["modules.csv", "3", "module_id", "m1 is on line 2 already", 'm1,"Again, one"'],
        ["interactions.csv", "3", "module_id", not_utf_8, "u2,m�,passed,18"],
        [
            "interactions.csv",
            "4",
            "",
            in_the_middle,
            'u3,"m1,passed,19\nu4,m1,pas"sed,\udcff',
        ],
        ["interactions.csv", "6", "", "has 2 cells, the header 4", "u5,m1"],
    ]


def test_no_file_is_written_where_no_row_is_bad(folder_of, read, tmp_path):
    read(folder_of(interactions(GOOD)), tmp_path / "bad.csv")
    assert not (tmp_path / "bad.csv").exists()


def test_where_bad_rows_cannot_be_written_nothing_is_taken(folder_of, read, tmp_path):
    folder = folder_of(interactions("u1,m1,launched,17"))
    with pytest.raises(HistoryFolderError, match=r"bad rows cannot be written to .*No such file"):
        read(folder, tmp_path / "nowhere" / "bad.csv")
