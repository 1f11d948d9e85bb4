"""The shelf of snapshots for experiments: a small file, the copies it names, and who follows it."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.domain.errors import SnapshotError
from features.score.snapshot import Snapshot
from features.settings import Settings
from features.store.snapshots import read_snapshot
from service.champion import copies_folder
from service.files import mark_of, replace_json

SHELF_FILE = "shelf.json"

log = logging.getLogger("waymark.shelf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shelf:
    """What lies ready.

    Attributes
    ----------
    known
        The version that each alias, and each version, of the registry stands for.
    copies
        Versions that are there as folders of their own name.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    copies: frozenset[str] = frozenset()


def shelf_folder(settings: Settings) -> Path:
    """Return where the copies are kept: beside those of the champion, and apart from them."""
    copies = copies_folder(settings)
    return copies.with_name(f"{copies.name}-experiments")


def read_shelf(folder: Path) -> Shelf:
    """Return what was written last; an empty shelf where nothing was, or it is unreadable."""
    try:
        found: dict[str, Any] = json.loads((folder / SHELF_FILE).read_text())
        return Shelf(known=found["known"], copies=frozenset(found["copies"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Shelf()


def write_shelf(folder: Path, shelf: Shelf) -> None:
    """Replace the file in one step; readers see the old one or the new one."""
    content = {"known": dict(shelf.known), "copies": sorted(shelf.copies)}
    replace_json(folder / SHELF_FILE, content)


class ShelfReader:
    """Follows the keeper's file and hands the snapshots on it to `hold`.

    Parameters
    ----------
    folder
        The shelf.
    hold
        Takes the snapshots by version, in place of those before; called from a thread.
    """

    def __init__(self, folder: Path, hold: Callable[[Mapping[str, Snapshot]], None]) -> None:
        self._folder = folder
        self._hold = hold
        self._seen: tuple[int, int] | None = None
        self._loaded: dict[str, Snapshot] = {}
        self._known: Mapping[str, str] = {}

    @property
    def known(self) -> Mapping[str, str]:
        """The version that each alias, and each version, of the registry stands for."""
        return self._known

    def poll(self) -> None:
        """Look at the file once; load what is new on it."""
        mark = mark_of(self._folder / SHELF_FILE)
        if mark is None or mark == self._seen:
            return
        self._seen = mark
        shelf = read_shelf(self._folder)
        self._known = shelf.known
        loaded = {version: self._load(version) for version in sorted(shelf.copies)}
        self._loaded = {version: each for version, each in loaded.items() if each is not None}
        self._hold(self._loaded)

    def _load(self, version: str) -> Snapshot | None:
        """Return a copy, None where it is unreadable; its experiment waits then, and says so."""
        if version in self._loaded:
            return self._loaded[version]
        try:
            return read_snapshot(self._folder / version, version)
        except SnapshotError as error:
            log.warning("version %s is not served: %s", version, error.detail)
            return None
