"""The keeper of snapshots for experiments: fetches those that experiments under way name.

It runs in the watcher's process.
"""

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from features.domain.errors import RegistryError, SnapshotError, StoreUnavailableError
from features.settings import Settings
from features.store.snapshots import read_snapshot
from service.champion import require_plain_name
from service.database import Database
from service.files import incoming_in
from service.shelf import SHELF_FILE, Shelf, read_shelf, shelf_folder, write_shelf

log = logging.getLogger("waymark.keeper")


class Source(Protocol):
    """What is asked of a registry."""

    def names(self) -> Mapping[str, str]:
        """Return the version that each alias, and each version, stands for."""

    def fetch(self, version: str, into: Path) -> Path:
        """Copy a version's snapshot into a folder."""


@dataclass(kw_only=True)
class Keeper:
    """Brings the shelf up to date, one `check` at a time.

    Attributes
    ----------
    source
        The registry.
    folder
        The shelf.
    wanted
        Tells which versions the experiments under way name.
    """

    source: Source
    folder: Path
    wanted: Callable[[], frozenset[str]]
    _refused: set[str] = field(default_factory=set, init=False)
    _said: str | None = field(default=None, init=False)

    def check(self) -> None:
        """Look once: note what the registry has, fetch what is wanted, drop what is not.

        With the registry or the database away everything stays as it is.
        """
        said = None
        try:
            self._tidy(self.source.names(), self.wanted())
        except (RegistryError, StoreUnavailableError) as error:
            said = error.detail
        except OSError as error:
            said = f"the folder of copies cannot be written: {error}"
        if said not in (None, self._said):
            log.warning("snapshots for experiments: %s", said)
        self._said = said

    def _tidy(self, known: Mapping[str, str], wanted: frozenset[str]) -> None:
        before = read_shelf(self.folder)
        copies = frozenset(each for each in sorted(wanted) if self._has(each, before))
        shelf = Shelf(known=known, copies=copies)
        if shelf != before or not (self.folder / SHELF_FILE).exists():
            write_shelf(self.folder, shelf)
        for dropped in before.copies - copies:
            shutil.rmtree(self.folder / dropped, ignore_errors=True)

    def _has(self, version: str, before: Shelf) -> bool:
        """Tell whether a checked copy of a version is there, and fetch it where not."""
        if version in before.copies:
            return True
        if version in self._refused:
            return False
        incoming = incoming_in(self.folder)
        try:
            require_plain_name(version)
            self.source.fetch(version, incoming)
            read_snapshot(incoming, version)
            shutil.rmtree(self.folder / version, ignore_errors=True)
            incoming.rename(self.folder / version)
        except SnapshotError as error:
            self._refused.add(version)
            log.warning("version %s cannot serve an experiment: %s", version, error.detail)
            return False
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        log.info("version %s is ready for its experiment", version)
        return True


def keeper_of(settings: Settings, source: Source, database: Database) -> Keeper:
    """Make the keeper of the settings' shelf; it opens `database` when it first needs it."""

    def wanted() -> frozenset[str]:
        if not database.is_open:
            database.open()
        with database.reading() as repositories:
            started = repositories.experiments.started()
        return frozenset().union(*(each.snapshots for each in started))

    return Keeper(source=source, folder=shelf_folder(settings), wanted=wanted)
