"""What cannot be taken, each with the place and the reason that the error names."""

import csv
import gzip

import pyarrow as pa
import pytest

from features.domain.errors import HistoryFolderError
from training.histories import csv_source
from training.histories.bad_rows import BadRows, BadRowsError
from training.histories.folder import HistoryFolder

HEADER = "learner_id,module_id,event,at"
GOOD = "u1,m1,passed,2026-02-01T09:00:00Z"


def interactions(*rows, header=HEADER):
    return {"interactions.csv": "\n".join([header, *rows]) + "\n"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("u1,m1,passed,2026-02-01T09:00:00", "column at: '2026-02-01T09:00:00' has no time zone"),
        ("u1,m1,passed,2026-02-01", "column at: '2026-02-01' has no time zone"),
        (
            "u1,m1,passed,2026-03-01T12:05:01Z",
            "column at: 2026-03-01T12:05:01Z is more than five minutes in the future",
        ),
        ("u1,m1,passed,1999999999", "column at: 1999999999 is more than five minutes in the"),
        ("u1,m1,passed,soon", "column at: 'soon' is neither ISO 8601 nor Unix seconds"),
        ("u1,m1,passed,", "column at: is required and empty"),
        ("u1,m1,launched,17", "column event: 'launched' is not one of registered, started,"),
        ("u1,m1,,17", "column event: is required and empty"),
        (",m1,passed,17", "column learner_id: is required and empty"),
        ("u1,,passed,17", "column module_id: is required and empty"),
        (f"{'u' * 201},m1,passed,17", "column learner_id: is longer than 200 characters: uuu"),
        ("u1, ,passed,17", "column module_id: is blank"),
        ("u1,m\x001,passed,17", "column module_id: holds a NUL character"),
        ("u1,m1,passed", ": has 3 cells, the header 4"),
        ("u1,m1,passed,17,9", ": has 5 cells, the header 4"),
        ('u1,"m1"x,passed,17', ": a quote is closed in the middle of a cell"),
        ('u1,"m1,passed,17', ": a quote is opened and never closed"),
    ],
)
def test_a_bad_interaction_is_named_with_line_column_and_reason(refusal_of, row, expected):
    (told,) = refusal_of(interactions(GOOD, GOOD, row))
    separator = "" if expected.startswith(":") else " "
    assert told.startswith(f"interactions.csv:4{separator}{expected}")


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("score", "1.3", "1.3 is outside [0,1]"),
        ("score", "-0.1", "-0.1 is outside [0,1]"),
        ("score", "NaN", "NaN is not a finite number"),
        ("score", "inf", "inf is not a finite number"),
        ("score", "good", "good is not a finite number"),
        ("success", "maybe", "'maybe' is not true or false"),
        ("duration_seconds", "-1", "-1 is negative"),
        ("attempt", "1.5", "1.5 is not a whole number below 2³¹"),
        ("event_id", "e" * 201, f"is longer than 200 characters: {'e' * 60}…"),
    ],
)
def test_a_bad_optional_cell_is_named(refusal_of, column, cell, reason):
    files = interactions(f"{GOOD},", f"{GOOD},{cell}", header=f"{HEADER},{column}")
    assert refusal_of(files) == [f"interactions.csv:3 column {column}: {reason}"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("modules", "module_id,difficulty\nm1,2", "modules.csv:2 column difficulty: 2 is outside"),
        ("modules", "module_id,pass_mark\nm1,50", "modules.csv:2 column pass_mark: 50 is outside"),
        ("modules", "module_id,mandatory\nm1,ja", "modules.csv:2 column mandatory: 'ja' is not"),
        (
            "modules",
            "module_id,active_from\nm1,2026-01-01T00:00:00",
            "modules.csv:2 column active_from: '2026-01-01T00:00:00' has no time zone",
        ),
        ("learners", "learner_id,mentor\nu1,2", "learners.csv:2 column mentor: '2' is not true"),
        (
            "skill_edges",
            "skill_id,precedes_skill_id,strength\na,b,7",
            "skill_edges.csv:2 column strength: 7 is outside [0,1]",
        ),
        (
            "module_skills",
            "module_id,skill_id,weight\nm1,a,-1",
            "module_skills.csv:2 column weight: -1 is outside [0,1]",
        ),
        (
            "role_skills",
            "role_id,skill_id,target\nr,a,1.01",
            "role_skills.csv:2 column target: 1.01 is outside [0,1]",
        ),
        (
            "role_skills",
            "role_id,skill_id,weight\nr,a,-2",
            "role_skills.csv:2 column weight: -2 is negative",
        ),
        (
            "evidence",
            "learner_id,skill_id,level,source,at\nu1,a,1.5,self,17",
            "evidence.csv:2 column level: 1.5 is outside [0,1]",
        ),
        (
            "evidence",
            "learner_id,skill_id,level,source,at\nu1,a,.5,,17",
            "evidence.csv:2 column source: is required and empty",
        ),
        (
            "evidence",
            "learner_id,skill_id,level,source,at\nu1,a,.5,self,2027-01-01T00:00:00Z",
            "evidence.csv:2 column at: 2027-01-01T00:00:00Z is more than five minutes in the",
        ),
        (
            "outcomes",
            "learner_id,metric,value,at\nu1,errors,nan,17",
            "outcomes.csv:2 column value: nan is not a finite number",
        ),
        (
            "assignments",
            "learner_id,module_id,due_at\nu1,m1,tomorrow",
            "assignments.csv:2 column due_at: 'tomorrow' is neither ISO 8601",
        ),
        ("splits", "learner_id,part\nu1,dev", "splits.csv:2 column part: 'dev' is not one of"),
        (
            "prerequisites",
            "module_id,requires_module_id,requires_skill_id\nm1,m0,a",
            "prerequisites.csv:2 column requires_module_id: exactly one of requires_module_id and",
        ),
        (
            "prerequisites",
            "module_id\nm1",
            "prerequisites.csv:2 column requires_module_id: exactly one of requires_module_id and",
        ),
        (
            "prerequisites",
            "module_id,requires_module_id,min_mastery\nm1,m0,.5",
            "prerequisites.csv:2 column min_mastery: belongs to requires_skill_id, which is empty",
        ),
    ],
)
def test_a_bad_row_of_any_table_is_named(refusal_of, name, content, expected):
    (told,) = refusal_of({f"{name}.csv": content})
    assert told.startswith(expected)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "modules",
            "module_id\nm1\nm2\nm1\n",
            "modules.csv:4 column module_id: m1 is on line 2 already",
        ),
        (
            "learners",
            "learner_id\nu1\nu1\n",
            "learners.csv:3 column learner_id: u1 is on line 2 already",
        ),
        ("roles", "role_id\nr\nr\n", "roles.csv:3 column role_id: r is on line 2 already"),
        ("skills", "skill_id\na\na\n", "skills.csv:3 column skill_id: a is on line 2 already"),
        (
            "splits",
            "learner_id,part\nu1,train\nu1,test\n",
            "splits.csv:3 column learner_id: u1 is on line 2 already",
        ),
        (
            "module_skills",
            "module_id,skill_id\nm1,a\nm1,b\nm1,a\n",
            "module_skills.csv:4: m1, a is on line 2 already",
        ),
        (
            "prerequisites",
            "module_id,requires_module_id\nm1,m0\nm1,m0\n",
            "prerequisites.csv:3: m1, m0 is on line 2 already",
        ),
        (
            "assignments",
            "learner_id,module_id\nu1,m1\nu1,m1\n",
            "assignments.csv:3: u1, m1 is on line 2 already",
        ),
        (
            "prerequisites",
            "module_id,requires_module_id\nm1,m2\nm2,m3\nm3,m1\n",
            (
                "prerequisites.csv:4 column requires_module_id: "
                "hard prerequisites form a loop: m1 → m2 → m3 → m1"
            ),
        ),
        (
            "skill_edges",
            "skill_id,precedes_skill_id\na,b\nb,a\n",
            "skill_edges.csv:3 column precedes_skill_id: skill edges form a loop: a → b → a",
        ),
        (
            "skills",
            "skill_id,parent_id\na,b\nb,a\n",
            "skills.csv:3 column parent_id: skill parents form a loop: a → b → a",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_named(refusal_of, name, content, expected):
    assert refusal_of({f"{name}.csv": content}) == [expected]


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        (
            "modules",
            "module_id,titel",
            "modules.csv:1 column titel: is unknown: did you mean title?",
        ),
        (
            "roles",
            "role_id,salary",
            "roles.csv:1 column salary: is unknown: roles takes role_id, name",
        ),
        ("modules", "module_id,title,title", "modules.csv:1 column title: is there twice"),
        ("learners", "learner_id,city,city", "learners.csv:1 column city: is there twice"),
        ("learners", "learner_id,,city", "learners.csv:1 column 2: has no name"),
        ("learners", "learner_id,a\x00b", "learners.csv:1 column 2: has a name with a NUL"),
        ("modules", "title", "modules.csv:1 column module_id: is required and missing"),
    ],
)
def test_a_wrong_header_is_named(refusal_of, name, header, expected):
    (told,) = refusal_of({f"{name}.csv": f"{header}\n"})
    assert told.startswith(expected)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_columns_separated_by_something_else_are_explained(refusal_of, separator):
    told = refusal_of({"roles.csv": separator.join(["role_id", "name"])})
    assert told == [
        f"roles.csv:1 column role_id{separator}name: is unknown: separate the columns by commas",
        "roles.csv:1 column role_id: is required and missing",
    ]


def test_all_wrong_headers_are_told_before_any_row(refusal_of):
    told = refusal_of({"roles.csv": "id\n", "skills.csv": "skill_id,foo\n", **interactions("bad")})
    assert told == [
        "roles.csv:1 column id: is unknown: roles takes role_id, name",
        "roles.csv:1 column role_id: is required and missing",
        "skills.csv:1 column foo: is unknown: skills takes skill_id, name, parent_id",
    ]


def test_a_wrong_header_is_not_skipped(folder_of, read, tmp_path):
    folder = folder_of({"modules.csv": "module_id,titel\nm1,One\n"})
    with pytest.raises(BadRowsError, match="cannot be read \\(1 fault\\), nothing was taken"):
        read(folder, tmp_path / "bad.csv")


@pytest.mark.parametrize("name", ["modules.csv", "modules.csv.gz"])
def test_an_empty_file_is_refused(refusal_of, name):
    expected = f"{name}: the file is empty: it needs at least a header line"
    assert refusal_of({name: ""}) == [expected]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"notes.txt": "hello"}, "academy holds no history table. Expected are files such as"),
        (
            {"modules.csv": "module_id\n", "modules.csv.gz": "module_id\n"},
            "academy has two files for modules: modules.csv and modules.csv.gz. Remove one",
        ),
        (
            {"modules.csv": "module_id\n", "Modules.parquet": pa.table({"module_id": ["m1"]})},
            "has two files for modules: Modules.parquet and modules.csv.",
        ),
        ({"modules.parquet": b"PAR1 or so"}, "modules.parquet: is not a readable Parquet file"),
        ({"modules.parquet": b""}, "modules.parquet: is not a readable Parquet file"),
    ],
)
def test_a_folder_that_cannot_be_read_is_refused(folder_of, read, files, expected):
    with pytest.raises(HistoryFolderError, match=expected):
        read(folder_of(files))


def test_a_folder_that_is_not_there_is_refused(read, tmp_path):
    with pytest.raises(HistoryFolderError, match="nowhere cannot be read: No such file"):
        read(tmp_path / "nowhere")


def test_a_table_that_is_a_folder_is_refused(folder_of, read):
    folder = folder_of({})
    (folder / "interactions.parquet").mkdir()
    with pytest.raises(HistoryFolderError, match="is a folder: interactions must be one file"):
        read(folder)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("modules.csv", r"modules\.csv: cannot be opened \(No such file"),
        ("modules.csv.gz", r"modules\.csv\.gz: cannot be opened \(No such file"),
        ("modules.parquet", r"modules\.parquet: is not a readable Parquet file"),
    ],
)
def test_a_file_that_cannot_be_opened_is_named(folder_of, read, name, expected):
    folder = folder_of({})
    (folder / name).symlink_to(folder / "gone")
    with pytest.raises(HistoryFolderError, match=expected):
        read(folder)


def test_a_file_that_is_emptied_while_it_is_read_is_named(folder_of, now):
    folder = folder_of({"modules.csv": "module_id\nm1\n"})
    with BadRows(folder) as bad_rows:
        source = HistoryFolder(folder, now=now, bad_rows=bad_rows)
        (folder / "modules.csv").write_bytes(b"")
        with pytest.raises(HistoryFolderError, match=r"modules\.csv was emptied while it was"):
            source.read_described()


def test_a_truncated_gzip_is_refused_even_where_bad_rows_are_skipped(folder_of, read, tmp_path):
    text = "\n".join(["module_id", *(f"m{number * 7919 % 10_007}" for number in range(5_000))])
    folder = folder_of({})
    (folder / "modules.csv.gz").write_bytes(gzip.compress(text.encode())[:-2_000])
    with pytest.raises(
        HistoryFolderError,
        match=r"modules\.csv\.gz: the gzip file is cut off or damaged after line \d+, nothing was",
    ):
        read(folder, tmp_path / "bad.csv")


def test_a_file_that_only_claims_to_be_gzip_is_refused(folder_of, read):
    folder = folder_of({})
    (folder / "modules.csv.gz").write_bytes(b"module_id\nm1\n")
    with pytest.raises(HistoryFolderError, match="damaged after line 0"):
        read(folder)


def test_a_damaged_gzip_is_refused(folder_of, read):
    data = bytearray(gzip.compress(b"module_id\n" + b"".join(b"m%d\n" % n for n in range(9_999))))
    data[len(data) // 2] ^= 0xFF
    folder = folder_of({})
    (folder / "modules.csv.gz").write_bytes(bytes(data))
    with pytest.raises(HistoryFolderError, match=r"modules\.csv\.gz: the gzip file is cut off or"):
        read(folder)


def test_bytes_that_are_not_utf_8_are_named(refusal_of):
    told = refusal_of({"modules.csv": "module_id,title\nm1,Größe\nm2,Size\n".encode("latin-1")})
    assert told == ["modules.csv:2 column title: is not valid UTF-8: save the file as UTF-8"]


def test_a_header_that_is_not_utf_8_is_named(refusal_of):
    told = refusal_of({"learners.csv": "learner_id,Größe\nu1,7\n".encode("latin-1")})
    assert told == [
        "learners.csv:1 column 2: has a name that is not valid UTF-8: save the file as UTF-8"
    ]


def test_a_header_with_an_open_quote_is_refused(folder_of, read):
    with pytest.raises(HistoryFolderError, match=r"modules\.csv:1: the header cannot be read: a q"):
        read(folder_of({"modules.csv": '"module_id\n'}))


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


def test_a_parquet_row_is_named_by_its_number(refusal_of):
    table = pa.table(
        {
            "learner_id": [1, 2],
            "module_id": ["m1", "m1"],
            "event": ["passed", "passed"],
            "at": [17, 18],
            "score": [0.5, 1.3],
        }
    )
    told = refusal_of({"interactions.parquet": table})
    assert told == ["interactions.parquet:2 column score: 1.3 is outside [0,1]"]


def test_parquet_columns_of_a_wrong_type_are_named(refusal_of):
    table = pa.table(
        {
            "learner_id": pa.array([1.5]),
            "module_id": pa.array(["m1"]),
            "event": pa.array(["passed"]),
            "at": pa.array([0], pa.timestamp("us")),
        }
    )
    of_learner, of_at = refusal_of({"interactions.parquet": table})
    assert of_learner == (
        "interactions.parquet column learner_id: has the type double, which does not hold ids "
        "(text or whole numbers)"
    )
    assert of_at == (
        "interactions.parquet column at: has the type timestamp[us], which has no time zone: "
        "store instants in UTC"
    )


def test_a_parquet_instant_beyond_the_calendar_is_named(refusal_of, tmp_path):
    table = pa.table(
        {
            "learner_id": ["u1"],
            "module_id": ["m1"],
            "event": ["passed"],
            "at": pa.array([253_402_300_800_000_000], pa.timestamp("us", "UTC")),
        }
    )
    (told,) = refusal_of({"interactions.parquet": table})
    assert told.startswith("interactions.parquet:1 column at: '10000-01-01 00:00:00.000000Z' is")


def test_a_truncated_parquet_file_is_refused(folder_of, read):
    folder = folder_of({"modules.parquet": pa.table({"module_id": [str(n) for n in range(999)]})})
    path = folder / "modules.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(HistoryFolderError, match=r"modules\.parquet: is not a readable Parquet"):
        read(folder)


def test_parquet_text_that_is_not_utf_8_is_refused(folder_of, read):
    wrong = pa.Array.from_buffers(
        pa.string(),
        1,
        [None, pa.py_buffer(b"\x00\x00\x00\x00\x01\x00\x00\x00"), pa.py_buffer(b"\xff")],
    )
    folder = folder_of({"modules.parquet": pa.table({"module_id": wrong})})
    with pytest.raises(HistoryFolderError, match=r"modules\.parquet: is not a readable Parquet"):
        read(folder)


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
