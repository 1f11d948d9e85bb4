"""The snapshot a worker serves, swapped while running."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from features.domain.errors import SnapshotError
from features.score.snapshot import Snapshot
from features.store.snapshots import read_snapshot
from service.champion import CHAMPION_FILE, Champion, read_champion
from service.files import mark_of

POLL_SECONDS = 0.5

log = logging.getLogger("waymark.models")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelState:
    """What a worker holds.

    Attributes
    ----------
    snapshot_version
        The version being served, None without a model.
    error
        Why it is not the newest champion, or None.
    attempted
        Whether one attempt to load an existing champion has finished.
    """

    snapshot_version: str | None = None
    error: str | None = None
    attempted: bool = False


class ModelHolder:
    """Follows the watcher's file and hands every new snapshot to `adopt`.

    Parameters
    ----------
    copies
        Where the watcher keeps its copies.
    adopt
        Puts a snapshot into service; called from a thread.
    """

    def __init__(self, copies: Path, adopt: Callable[[Snapshot], None]) -> None:
        self.copies = copies
        self.state = ModelState()
        self._adopt = adopt
        self._seen: tuple[int, int] | None = None
        self._serving: tuple[str, str] | None = None

    @property
    def serving(self) -> tuple[Path, str] | None:
        """Where the copy in service is, and its version; None without a model."""
        if self._serving is None:
            return None
        folder, version = self._serving
        return self.copies / folder, version

    def poll(self) -> None:
        """Look at the file once; load and adopt what it names, if that is new."""
        mark = mark_of(self.copies / CHAMPION_FILE)
        if mark is None:
            # Nobody watches: there is nothing to wait for.
            self.state = replace(self.state, attempted=True)
        elif mark != self._seen:
            champion = read_champion(self.copies)
            if champion is not None:
                self._seen = mark
                self._follow(champion)

    def _follow(self, champion: Champion) -> None:
        error = champion.error
        if champion.folder is not None and champion.version is not None:
            named = (champion.folder, champion.version)
            error = (self._load(*named) if named != self._serving else None) or error
        is_waiting = champion.checked_at is None and self.state.snapshot_version is None
        self.state = replace(
            self.state, error=error, attempted=self.state.attempted or not is_waiting
        )

    def _load(self, folder: str, version: str) -> str | None:
        """Put a copy into service; return why that failed, or None."""
        try:
            snapshot = read_snapshot(self.copies / folder, version)
            self._adopt(snapshot)
        except SnapshotError as error:
            log.warning("version %s is not served: %s", version, error.detail)
            return error.detail
        self._serving = (folder, version)
        self.state = replace(self.state, snapshot_version=version)
        log.info("serving version %s", version)
        return None


async def watch(*polls: Callable[[], None]) -> None:
    """Poll for as long as the service runs."""
    while True:
        for poll in polls:
            await asyncio.to_thread(poll)
        await asyncio.sleep(POLL_SECONDS)
