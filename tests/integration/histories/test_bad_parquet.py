"""Parquet files are refused as CSV files are: by row, column, type or damage."""

import pyarrow as pa
import pytest

from features.domain.errors import HistoryFolderError


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


def test_a_text_that_unpacks_to_gigabytes_is_refused(folder_of, read):
    """A megabyte a thousand times is a megabyte in the file."""
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000), pa.array(["x" * 1_000_000]))
    table = pa.table(
        {
            "learner_id": ["ada"] * 1_000,
            "module_id": ["m"] * 1_000,
            "event": ["viewed"] * 1_000,
            "at": list(range(1_000)),
            "comment": long,
        }
    )
    with pytest.raises(HistoryFolderError, match="unpacks to 1,000,000,000 bytes"):
        read(folder_of({"interactions.parquet": table}))


def test_a_column_that_unpacks_to_more_than_fits_is_refused(folder_of, read, monkeypatch):
    monkeypatch.setattr("training.histories.parquet_source.MOST_CHUNK_BYTES", 1_000)
    table = pa.table({"learner_id": [f"{n:0200}" for n in range(100)]})
    with pytest.raises(HistoryFolderError, match="smaller row groups"):
        read(folder_of({"learners.parquet": table}))
