"""Folders written for a test."""

import gzip
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.histories.bad_rows import BadRows, BadRowsError
from training.histories.folder import HistoryFolder
from training.histories.rows import Rows
from training.histories.schema import INTERACTIONS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write_file(path: Path, content: object) -> None:
    """Write text or bytes, gzipped where the name says so, or an Arrow table as Parquet."""
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
        return
    data = content if isinstance(content, bytes) else str(content).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def now() -> datetime:
    """Give the instant at which tests read their folders."""
    return NOW


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[[Mapping[str, object]], Path]:
    """Give a function that writes files, name → content, to a folder called academy."""

    def write(files: Mapping[str, object]) -> Path:
        folder = tmp_path / "academy"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            write_file(folder / name, content)
        return folder

    return write


@pytest.fixture
def read() -> Callable[..., dict[str, Rows]]:
    """Give a function that reads all tables of a folder; interactions as one batch if any."""

    def read_all(folder: Path, report_path: Path | None = None) -> dict[str, Rows]:
        with BadRows(folder, report_path) as bad_rows:
            source = HistoryFolder(folder, now=NOW, bad_rows=bad_rows)
            tables = dict(source.read_described())
            for batch in source.stream(INTERACTIONS.name):
                tables[INTERACTIONS.name] = batch
            bad_rows.require_acceptable()
        return tables

    return read_all


@pytest.fixture
def refusal_of(
    folder_of: Callable[[Mapping[str, object]], Path], read: Callable[..., dict[str, Rows]]
) -> Callable[[Mapping[str, object]], list[str]]:
    """Give a function that tells what is wrong with the rows or headers of some files."""

    def refuse(files: Mapping[str, object]) -> list[str]:
        with pytest.raises(BadRowsError) as refusal:
            read(folder_of(files))
        assert refusal.value.n_bad_rows == len(refusal.value.bad_rows)
        return [str(bad_row) for bad_row in refusal.value.bad_rows]

    return refuse
