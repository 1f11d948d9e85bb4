import csv
from datetime import datetime
from pathlib import Path

import pytest

from training.academy import Academy, small_academy, write_folder
from training.histories.bad_rows import BadRows
from training.histories.folder import HistoryFolder
from training.histories.schema import TABLES

UNKNOWN_TO_IT = {"splits"}


@pytest.fixture(scope="session")
def folder(small: Academy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("academy") / "history"
    write_folder(small, path)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_folder_holds_the_tables_of_the_contract(folder: Path) -> None:
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{table.name}.csv" for table in TABLES if table.name not in UNKNOWN_TO_IT}


def test_every_table_has_exactly_the_columns_of_the_contract(folder: Path) -> None:
    attributes = ["age_band", "contract"]
    for table in TABLES:
        if table.name in UNKNOWN_TO_IT:
            continue
        columns = list(read(folder / f"{table.name}.csv")[0])
        extra = attributes if table.takes_attributes else []
        assert columns == [*table.column_names, *extra]


def test_the_reader_of_history_folders_takes_every_row(
    full: Academy, tmp_path: Path, now: datetime
) -> None:
    write_folder(full, tmp_path)
    with BadRows(tmp_path) as bad_rows:
        history = HistoryFolder(tmp_path, now=now, bad_rows=bad_rows)
        described = history.read_described()
        n_interactions = sum(len(rows) for rows in history.stream("interactions"))
        bad_rows.require_acceptable()
    assert n_interactions == len(full.interactions)
    assert len(described["modules"]) == len(full.catalogue.modules)
    assert len(described["learners"]) == len(full.learners)
    assert len(described["evidence"]) == len(full.evidence)
    assert len(described["outcomes"]) == len(full.outcomes)
    assert len(described["assignments"]) == len(full.assignments)


def test_the_same_seed_and_now_give_the_same_bytes(
    folder: Path, tmp_path: Path, now: datetime
) -> None:
    write_folder(small_academy(1, now), tmp_path)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_seed_gives_other_histories(folder: Path, tmp_path: Path, now: datetime) -> None:
    write_folder(small_academy(2, now), tmp_path)
    name = "interactions.csv"
    assert (tmp_path / name).read_bytes() != (folder / name).read_bytes()


def test_instants_are_written_with_their_zone(folder: Path) -> None:
    for row in read(folder / "interactions.csv"):
        at = datetime.fromisoformat(row["at"])
        assert at.tzinfo is not None


def test_rows_say_what_the_arrays_say(small: Academy, folder: Path) -> None:
    rows = read(folder / "interactions.csv")
    told = small.interactions
    assert len(rows) == len(told)
    for number in (0, len(rows) // 2, len(rows) - 1):
        row = rows[number]
        assert row["learner_id"] == small.learners[told.learner[number]].learner_id
        assert row["module_id"] == small.catalogue.modules[told.module[number]].module_id
        assert datetime.fromisoformat(row["at"]).timestamp() == told.at_seconds[number]
        assert {"true": 1, "false": 0, "": -1}[row["success"]] == told.success[number]
        assert row["event_id"] == told.event_id[number]


def test_true_difficulties_are_not_written(small: Academy, folder: Path) -> None:
    stated = [float(row["difficulty"] or "nan") for row in read(folder / "modules.csv")]
    same = [
        abs(level - true) < 0.005
        for level, true in zip(stated, small.truth.difficulty, strict=True)
    ]
    assert sum(same) < 0.2 * len(same)
