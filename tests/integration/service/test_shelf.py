"""Snapshots for experiments: from the registry to the arm, or an answer that says what lacks."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from service_runs import bearer, fill, make_key, running, wait_until

from features.domain.errors import RegistryError
from features.score.snapshot import Snapshot
from features.store.snapshots import ARRAYS, write_snapshot
from service.database import Database
from service.keeper import Keeper, keeper_of
from service.shelf import SHELF_FILE, Shelf, ShelfReader, read_shelf, shelf_folder, write_shelf

KNOWN = {"1": "1", "2": "2", "champion": "1", "challenger": "2"}


@dataclass
class Source:
    """A registry whose versions are folders."""

    root: Path
    known: dict[str, str] = field(default_factory=lambda: dict(KNOWN))
    is_down: bool = False
    fetched: list[str] = field(default_factory=list)

    def names(self):
        if self.is_down:
            raise RegistryError("the registry is away")
        return self.known

    def fetch(self, version, into):
        self.fetched.append(version)
        shutil.copytree(self.root / version, into)
        return into


@pytest.fixture
def source(tmp_path):
    for version in ("1", "2"):
        snapshot = Snapshot(
            manifest={"learned": {}}, arrays={"x.weights": np.full(3, float(version))}
        )
        write_snapshot(snapshot, tmp_path / "registry" / version)
    return Source(root=tmp_path / "registry")


@pytest.fixture
def folder(settings):
    return shelf_folder(settings)


def keeper(source, folder, *wanted):
    return Keeper(source=source, folder=folder, wanted=lambda: frozenset(wanted))


def test_what_is_wanted_is_fetched_once_and_dropped_when_it_is_not(source, folder):
    for _ in range(3):
        keeper(source, folder, "2").check()
    assert source.fetched == ["2"]
    assert read_shelf(folder) == Shelf(known=KNOWN, copies=frozenset({"2"}))
    keeper(source, folder).check()
    assert read_shelf(folder).copies == frozenset()
    assert not (folder / "2").exists()


def test_what_the_registry_knows_is_noted_without_a_wish(source, folder):
    keeper(source, folder).check()
    assert read_shelf(folder).known == KNOWN
    assert source.fetched == []


@pytest.mark.parametrize("version", ["2", "../2"])
def test_what_is_unsound_is_kept_out(source, folder, version):
    (source.root / "2" / ARRAYS).write_bytes(b"nothing")
    one = keeper(source, folder, version)
    for _ in range(2):
        one.check()
    assert read_shelf(folder).copies == frozenset()
    assert len(source.fetched) <= 1
    assert not [path for path in folder.iterdir() if path.name != SHELF_FILE]


def test_with_the_registry_or_the_disk_away_everything_stays(source, folder, caplog):
    keeper(source, folder, "2").check()
    source.is_down = True
    one = keeper(source, folder)
    for _ in range(3):
        one.check()
    assert read_shelf(folder).copies == {"2"}
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "snapshots for experiments: the registry is away"
    ]
    shutil.rmtree(folder)
    folder.write_text("a file")
    source.is_down = False
    keeper(source, folder, "2").check()
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize("content", ["", "{", "[]", '{"known": {}}'])
def test_an_unreadable_file_is_an_empty_shelf(folder, content):
    folder.mkdir(parents=True)
    (folder / SHELF_FILE).write_text(content)
    assert read_shelf(folder) == Shelf()


def test_a_reader_takes_what_lies_there_and_leaves_out_what_it_cannot_read(source, folder):
    held = []
    reader = ShelfReader(folder, held.append)
    reader.poll()
    keeper(source, folder, "1", "2").check()
    (folder / "2" / ARRAYS).write_bytes(b"nothing")
    for _ in range(2):
        reader.poll()
    assert [sorted(each) for each in held] == [["1"]]
    assert reader.known == KNOWN


def test_an_arm_is_served_by_its_snapshot_as_soon_as_that_is_at_hand(
    source, settings_on, database_url
):
    settings = settings_on(database_url)
    write_shelf(shelf_folder(settings), Shelf(known=KNOWN))
    variants = [
        {"variant_id": "as-today", "weight": 0.5},
        {"variant_id": "challenger", "weight": 0.5, "snapshot": "challenger"},
    ]
    with running(settings) as client:
        client.headers.update(bearer(make_key(database_url, "admin")))
        fill(client)
        goal = {"metric_id": "completion_rate", "role": "goal"}
        body = {"hypothesis": "It does better.", "variants": variants, "metrics": [goal]}
        assert client.put("/v1/experiments/x1", json=body).status_code == 200
        started = client.post("/v1/experiments/x1/start").json()
        pinned = [each["pinned"] for each in started["variants"]]
        assert pinned == [{"snapshot": "1"}, {"snapshot": "2"}]  # the champion and its rival

        def ask(learner_id):
            return client.post("/v1/recommendations", json={"learner_id": learner_id}).json()

        for number in range(8):  # of both arms: nobody is exposed while one cannot be
            answer = ask(f"l{number}")
            assert (answer["experiments"], answer["snapshot_version"]) == ([], None)
            assert (
                "experiment x1 waits for snapshot 1, 2: served as by default" in answer["degraded"]
            )
        assert set(client.get("/v1/experiments/x1").json()["enrolled"].values()) == {0}

        database = Database(database_url)
        one = keeper_of(settings, source, database)
        one.check()
        assert source.fetched == ["1", "2"]
        wait_until(lambda: ask("l0")["experiments"] != [])
        answers = [ask(f"l{number}") for number in range(8)]
        served = {
            (answer["experiments"][0]["variant_id"], answer["snapshot_version"])
            for answer in answers
        }
        assert served == {("as-today", "1"), ("challenger", "2")}
        client.post("/v1/experiments/x1/stop")
    one.check()
    database.close()
    assert not (shelf_folder(settings) / "2").exists()


def test_without_a_registry_no_snapshot_is_known(client):
    variants = [
        {"variant_id": "a", "weight": 0.5, "snapshot": "champion"},
        {"variant_id": "b", "weight": 0.5, "snapshot": "99"},
    ]
    body = {"hypothesis": "It does better.", "variants": variants}
    refused = client.put("/v1/experiments/x1", json=body)
    assert refused.status_code == 404
    assert "Snapshots known here: none." in refused.json()["detail"]
