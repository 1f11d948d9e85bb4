"""Folders and files that cannot be read are refused by name."""

import gzip

import pyarrow as pa
import pytest

from features.domain.errors import HistoryFolderError
from training.histories.bad_rows import BadRows
from training.histories.folder import HistoryFolder


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
