"""From the registry to the answer: the watcher's copies and the workers' swaps."""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from features.domain.errors import RegistryError, SnapshotError
from features.score.snapshot import Snapshot
from features.store.snapshots import ARRAYS, MANIFEST, write_snapshot
from service.champion import (
    CHAMPION_FILE,
    Champion,
    copies_folder,
    read_champion,
    require_plain_name,
    write_champion,
)
from service.models import ModelHolder
from service.watcher import REWRITE_AFTER, Watcher

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@dataclass
class Shelf:
    """A registry whose versions are folders and whose champion is set by hand."""

    root: Path
    champion: str | None = None
    is_down: bool = False
    fetched: list[str] = field(default_factory=list)

    def add(self, version, content=1.0):
        snapshot = Snapshot(manifest={"learned": {}}, arrays={"x.weights": np.full(3, content)})
        write_snapshot(snapshot, self.root / version)
        self.champion = version

    def version_of(self, alias):
        if self.is_down:
            raise RegistryError("the registry is away")
        assert alias == "champion"
        return self.champion

    def fetch(self, version, into):
        self.fetched.append(version)
        shutil.copytree(self.root / version, into)
        return into


@pytest.fixture
def copies(settings):
    return copies_folder(settings)


@pytest.fixture
def shelf(tmp_path):
    return Shelf(root=tmp_path / "registry")


@pytest.fixture
def watcher(shelf, copies):
    watcher = Watcher(source=shelf, copies=copies)
    watcher.announce()
    return watcher


def test_the_champion_is_copied_and_named(shelf, watcher, copies):
    shelf.add("1")
    champion = watcher.check(NOW)
    assert (champion.version, champion.folder, champion.error) == ("1", "1", None)
    assert read_champion(copies) == champion
    assert {path.name for path in (copies / "1").iterdir()} == {MANIFEST, ARRAYS}


def test_a_version_is_fetched_once(shelf, watcher):
    shelf.add("1")
    for minute in range(3):
        watcher.check(NOW + timedelta(minutes=minute))
    assert shelf.fetched == ["1"]


def test_what_has_not_changed_is_written_again_only_after_a_while(shelf, watcher, copies):
    shelf.add("1")
    watcher.check(NOW)
    watcher.check(NOW + REWRITE_AFTER)
    assert read_champion(copies).checked_at == NOW
    late = NOW + REWRITE_AFTER + timedelta(seconds=1)
    watcher.check(late)
    assert read_champion(copies).checked_at == late


def test_a_promotion_and_a_rollback_are_noticed(shelf, watcher, copies):
    for version, content in (("1", 1.0), ("2", 2.0)):
        shelf.add(version, content)
        assert watcher.check(NOW).version == version
    shelf.champion = "1"
    champion = watcher.check(NOW)
    assert champion.version == "1"
    assert (copies / champion.folder / MANIFEST).read_bytes() == (
        shelf.root / "1" / MANIFEST
    ).read_bytes()


@pytest.mark.parametrize("how", ["truncated", "flipped", "swapped", "missing", "other schema"])
def test_a_corrupt_snapshot_is_kept_out_and_said(shelf, watcher, copies, how):
    shelf.add("1")
    watcher.check(NOW)
    shelf.add("2", 2.0)
    spoil(shelf.root / "2", how)
    for _ in range(2):
        champion = watcher.check(NOW)
        assert (champion.version, champion.folder) == ("1", "1")
        assert champion.error
    assert shelf.fetched == ["1", "2"]  # it is not fetched again and again
    shelf.add("3", 3.0)
    assert watcher.check(NOW).error is None
    assert not [path for path in copies.iterdir() if path.name.startswith(".incoming")]


def spoil(folder, how):
    arrays = folder / ARRAYS
    content = bytearray(arrays.read_bytes())
    if how == "truncated":
        arrays.write_bytes(content[: len(content) // 2])
    elif how == "flipped":
        packed = content.index(b".npy") + len(".npy") + 24  # past the header, in what is packed
        content[packed] ^= 0xFF
        arrays.write_bytes(content)
    elif how == "swapped":
        np.savez(arrays, **{"x.weights": np.zeros(3)})
    elif how == "missing":
        arrays.unlink()
    else:
        (folder / MANIFEST).write_text('{"schema_version": 99}')


def test_a_refusal_outlives_an_outage_of_the_registry(shelf, watcher):
    shelf.add("1")
    spoil(shelf.root / "1", "missing")
    refused = watcher.check(NOW).error
    shelf.is_down = True
    assert watcher.check(NOW).error == "the registry is away"
    shelf.is_down = False
    assert watcher.check(NOW).error == refused


def test_with_the_registry_away_the_last_copy_stays(shelf, watcher, copies):
    shelf.add("1")
    watcher.check(NOW)
    shelf.is_down = True
    champion = watcher.check(NOW)
    assert (champion.version, champion.error) == ("1", "the registry is away")
    again = Watcher(source=shelf, copies=copies)
    again.announce()
    assert again.check(NOW).version == "1"


def test_a_champion_that_is_withdrawn_goes_on_serving(shelf, watcher):
    shelf.add("1")
    watcher.check(NOW)
    shelf.champion = None
    champion = watcher.check(NOW)
    assert champion.version == "1"
    assert "names no champion any more" in champion.error


def test_workers_stop_waiting_for_a_watcher_that_fails(shelf, watcher, copies):
    holder = ModelHolder(copies, [].append)
    holder.poll()
    assert not holder.state.attempted
    watcher.report("the watcher ended", NOW)
    holder.poll()
    assert holder.state.attempted
    assert holder.state.error == "the watcher ended"
    shelf.add("1")
    watcher.check(NOW)
    holder.poll()
    assert (holder.state.snapshot_version, holder.state.error) == ("1", None)


def test_a_registry_without_champion_is_no_error(watcher):
    champion = watcher.check(NOW)
    assert champion == Champion(version=None, folder=None, checked_at=NOW, error=None)


def test_a_new_registry_that_counts_from_one_again_is_not_mistaken(shelf, watcher, copies):
    shelf.add("1", 1.0)
    watcher.check(NOW)
    shutil.rmtree(shelf.root)
    shelf.add("1", 2.0)
    again = Watcher(source=shelf, copies=copies)
    again.announce()
    champion = again.check(NOW)
    assert champion.folder != "1"
    assert (copies / champion.folder / MANIFEST).read_bytes() == (
        shelf.root / "1" / MANIFEST
    ).read_bytes()


def test_an_intact_copy_is_kept_over_a_restart(shelf, watcher, copies):
    shelf.add("1")
    watcher.check(NOW)
    again = Watcher(source=shelf, copies=copies)
    again.announce()
    assert again.check(NOW).folder == "1"


def test_a_retrained_version_of_equal_content_is_served_under_its_own_number(
    shelf, watcher, copies
):
    holder = ModelHolder(copies, [].append)
    for version in ("1", "2"):
        shelf.add(version, 1.0)
        watcher.check(NOW)
        holder.poll()
        assert holder.state.snapshot_version == version


def test_old_copies_are_dropped(shelf, watcher, copies):
    for number in range(1, 8):
        shelf.add(str(number), float(number))
        watcher.check(NOW)
    kept = {path.name for path in copies.iterdir() if path.is_dir()}
    assert "7" in kept
    assert "1" not in kept


@pytest.mark.parametrize("version", ["", "..", ".hidden", "a/b", "/etc"])
def test_a_version_that_is_a_path_names_no_folder(version):
    with pytest.raises(SnapshotError):
        require_plain_name(version)


def test_two_registries_never_share_a_folder_of_copies(settings):
    other = settings.model_copy(update={"tracking_uri": "sqlite:///elsewhere.db"})
    assert copies_folder(settings) != copies_folder(other)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": "1"}', '{"checked_at": "x"}'])
def test_an_unreadable_champion_file_is_no_news(copies, content):
    copies.mkdir(parents=True)
    (copies / CHAMPION_FILE).write_text(content)
    assert read_champion(copies) is None


def test_a_worker_without_a_watcher_waits_for_nothing(copies):
    holder = ModelHolder(copies, [].append)
    holder.poll()
    assert holder.state.attempted
    assert holder.state.snapshot_version is None


def test_a_worker_waits_for_the_first_check(shelf, watcher, copies):
    adopted = []
    holder = ModelHolder(copies, adopted.append)
    holder.poll()
    assert not holder.state.attempted
    shelf.add("1")
    watcher.check(NOW)
    holder.poll()
    assert holder.state.attempted
    assert [snapshot.version for snapshot in adopted] == ["1"]


def test_a_worker_takes_the_last_good_copy_at_once(shelf, watcher, copies):
    shelf.add("1")
    watcher.check(NOW)
    Watcher(source=shelf, copies=copies).announce()
    holder = ModelHolder(copies, [].append)
    holder.poll()
    assert holder.state.attempted
    assert holder.state.snapshot_version == "1"


def test_a_worker_keeps_its_snapshot_when_a_copy_is_spoiled(shelf, watcher, copies):
    shelf.add("1")
    watcher.check(NOW)
    holder = ModelHolder(copies, [].append)
    holder.poll()
    shelf.add("2")
    spoil(shelf.root / "2", "missing")
    shutil.copytree(shelf.root / "2", copies / "2")
    write_champion(copies, Champion(version="2", folder="2", checked_at=NOW, error=None))
    holder.poll()
    assert holder.state.snapshot_version == "1"
    assert "2" in holder.state.error


def test_a_snapshot_that_cannot_be_bound_is_not_served(shelf, watcher, copies):
    def refuse(snapshot):
        raise SnapshotError(f"{snapshot.version} does not fit")

    shelf.add("1")
    watcher.check(NOW)
    holder = ModelHolder(copies, refuse)
    holder.poll()
    assert holder.state.attempted
    assert (holder.state.snapshot_version, holder.state.error) == (None, "1 does not fit")
