"""The watcher: a process of its own that fetches the registry's champion for the workers.

It is the only part of the service that touches MLflow. It keeps complete, checked copies beside a
small file that names the one to serve; a copy that fails its check never gets there.
"""

import logging
import os
import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from features.domain.errors import (
    InvalidValueError,
    RegistryError,
    SnapshotError,
    StoreUnavailableError,
    WaymarkError,
    WorseOnGoldenError,
)
from features.score.snapshot import Snapshot
from features.settings import Settings
from features.store.registry import (
    CHAMPION,
    LONGEST_TAG,
    PREVIOUS,
    REFUSED_BECAUSE,
    REFUSED_PROMOTION,
    Registry,
    Version,
    sqlite_path,
)
from features.store.snapshots import MANIFEST, read_snapshot
from service.champion import (
    Champion,
    copies_folder,
    read_champion,
    require_plain_name,
    write_champion,
)
from service.database import Database
from service.files import incoming_in
from service.keeper import keeper_of
from service.logs import configure_logging
from service.processes import end_with_parent

NOTHING_YET = Champion(version=None, folder=None, checked_at=None, error=None)
N_KEPT_COPIES = 4
# MLflow's own patience with a registry that does not answer is measured in minutes.
MLFLOW_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
REWRITE_AFTER = timedelta(seconds=10)
TAKEN_BACK = "taken back"
WAITS = "the new champion waits until golden learners can be asked"

log = logging.getLogger("waymark.watcher")


class Source(Protocol):
    """What the watcher asks of a registry."""

    def version_of(self, alias: str) -> str | None:
        """Return the version an alias points to, None where it is not set."""

    def version(self, version: str) -> Version:
        """Return what is known of one version."""

    def fetch(self, version: str, into: Path) -> Path:
        """Copy a version's snapshot into a folder."""

    def tag(self, version: str, key: str, value: str) -> None:
        """Set a tag of a version."""


class Jury(Protocol):
    """Who is asked whether a new champion is worse than the one served."""

    def mark(self) -> object:
        """Return what is another when they would judge otherwise; None where nobody is there."""

    def read(self, now: datetime) -> object:
        """Get ready to judge."""

    def require_no_worse(self, candidate: Snapshot, served: Snapshot, now: datetime) -> None:
        """Return if the candidate may take the place of the one served."""


@dataclass(kw_only=True)
class Watcher:
    """Brings `champion.json` up to date, one `check` at a time.

    Attributes
    ----------
    source
        The registry.
    copies
        Where copies and `champion.json` are kept.
    verified
        The version fetched and checked by this process; older copies are not trusted to be the
        registry's present one, since a registry that was made anew counts from 1 again.
    jury
        Golden learners; None asks nobody.
    refused
        A version that failed its check, why, and the jury's mark; it is not fetched again until
        the alias or the mark is another.
    """

    source: Source
    copies: Path
    jury: Jury | None = None
    verified: str | None = None
    refused: tuple[str, str, object] | None = None
    _written: Champion = field(default=NOTHING_YET, init=False)

    def announce(self) -> None:
        """Say that somebody is watching: workers without a copy then wait for the first check."""
        self._write(replace(read_champion(self.copies) or NOTHING_YET, checked_at=None))

    def check(self, now: datetime) -> Champion:
        """Ask the registry once and write down what to serve.

        Parameters
        ----------
        now
            Aware UTC, kept as `checked_at`.
        """
        before = read_champion(self.copies) or NOTHING_YET
        try:
            found = self._find(before, now)
        except StoreUnavailableError:
            found = replace(before, error=f"{WAITS}: the database does not answer")
        except InvalidValueError as error:
            found = replace(before, error=f"{WAITS}: {error.detail}")
        except (WaymarkError, OSError) as error:
            found = replace(before, error=_words(error))
        champion = replace(found, checked_at=now)
        if self._is_news(champion):
            self._write(champion)
        return champion

    def report(self, error: str, now: datetime) -> None:
        """Write down that checking failed as a whole: an attempt has finished, with nothing new."""
        before = read_champion(self.copies) or NOTHING_YET
        self._write(replace(before, error=error, checked_at=now))

    def _find(self, before: Champion, now: datetime) -> Champion:
        version = self.source.version_of(CHAMPION)
        if version is None:
            return replace(before, error=_absence(before))
        if version == self.verified == before.version:
            return replace(before, error=None)
        mark = self.jury.mark() if self.jury is not None else None
        if self.refused is not None and (version, mark) == (self.refused[0], self.refused[2]):
            return replace(before, error=self.refused[1])
        try:
            return self._take(self._choose(version, before), before, now)
        except SnapshotError as error:
            self.refused = (version, error.detail, mark)
            if isinstance(error, WorseOnGoldenError):
                self._note_refusal(version, error.detail)
            raise

    def _choose(self, version: str, before: Champion) -> str:
        """Return which version to take: where none is served to compare with, others have judged.

        A champion that they refused is left for the version before it, if that is not refused too.
        """
        if self._jury_for(version) is None or self._served(before) is not None:
            return version
        if not self.source.version(version).is_refused:
            return version
        previous = self.source.version_of(PREVIOUS)
        if previous is None or self.source.version(previous).is_refused:
            return version
        return previous

    def _note_refusal(self, version: str, why: str) -> None:
        """Tell replicas that have nothing to compare with, and whoever looks at the registry."""
        try:
            promotion = self.source.version(version).promotion
            self.source.tag(version, REFUSED_BECAUSE, why[:LONGEST_TAG])
            self.source.tag(version, REFUSED_PROMOTION, promotion)
        except RegistryError as error:
            log.warning("the registry is not told of the refusal: %s", error.detail)

    def _take_back_refusal(self, version: str) -> None:
        """Note that what was refused before is served now: somebody has changed the file."""
        if self.source.version(version).is_refused:
            self.source.tag(version, REFUSED_PROMOTION, TAKEN_BACK)

    def _take(self, version: str, before: Champion, now: datetime) -> Champion:
        """Fetch, check and name a version; the copy moves to its place only when it is sound."""
        incoming = incoming_in(self.copies)
        present = before.folder if before.version == version else None
        try:
            require_plain_name(version)
            jury = self._jury_for(version)
            if jury is not None and before.version not in (None, version):
                jury.read(now)  # before anything is fetched over and over
            self.source.fetch(version, incoming)
            candidate = read_snapshot(incoming, version)
            if jury is not None and (served := self._served(before)) is not None:
                _judge(jury, candidate, served, now)
                self._take_back_refusal(version)
            elif self.jury is not None and self.jury.mark() is None:
                self._take_back_refusal(version)
            folder = self._settle(incoming, version, present)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        self.verified, self.refused = version, None
        self._drop_old_copies(keep=folder)
        log.info("version %s is checked and ready to serve", version)
        return Champion(version=version, folder=folder, checked_at=None, error=None)

    def _jury_for(self, version: str) -> Jury | None:
        """Return who judges a version: nobody where somebody has given their word for it."""
        if self.jury is None or self.jury.mark() is None:
            return None
        return None if self.source.version(version).is_vouched_for else self.jury

    def _served(self, before: Champion) -> Snapshot | None:
        if before.folder is None or before.version is None:
            return None
        try:
            return read_snapshot(self.copies / before.folder, before.version)
        except SnapshotError:
            return None

    def _settle(self, incoming: Path, version: str, present: str | None) -> str:
        """Give a checked copy a place of its own, unless it is there already; return its name."""
        if present is not None and self._holds(present, incoming):
            return present
        folder = version
        attempt = 1
        while (self.copies / folder).exists():
            attempt += 1
            folder = f"{version}.{attempt}"
        incoming.rename(self.copies / folder)
        return folder

    def _holds(self, folder: str, incoming: Path) -> bool:
        """Tell whether an intact copy of the same content is in `folder`."""
        try:
            read_snapshot(self.copies / folder)
            return (self.copies / folder / MANIFEST).read_bytes() == (
                incoming / MANIFEST
            ).read_bytes()
        except (SnapshotError, OSError):
            return False

    def _drop_old_copies(self, keep: str) -> None:
        folders = [path for path in self.copies.iterdir() if path.is_dir() and path.name != keep]
        folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for path in folders[N_KEPT_COPIES - 1 :]:
            shutil.rmtree(path, ignore_errors=True)

    def _is_news(self, champion: Champion) -> bool:
        written = self._written
        if written.checked_at is None or replace(written, checked_at=None) != replace(
            champion, checked_at=None
        ):
            return True
        return (champion.checked_at or written.checked_at) - written.checked_at > REWRITE_AFTER

    def _write(self, champion: Champion) -> None:
        write_champion(self.copies, champion)
        self._written = champion


class ExistingRegistry(Registry):
    """A registry that is only asked where there is one."""

    def version_of(self, alias: str) -> str | None:
        """Return the version an alias points to, or None where it is not set."""
        database = sqlite_path(self.tracking_uri)
        if database is not None and not database.exists():
            return None  # to ask would create it, which takes MLflow seconds
        return super().version_of(alias)

    def names(self) -> Mapping[str, str]:
        """Return the version that each alias and version stands for, none without a registry."""
        database = sqlite_path(self.tracking_uri)
        return {} if database is not None and not database.exists() else super().names()


def watcher_of(settings: Settings, jury: Jury | None = None) -> Watcher:
    """Make the watcher of the registry that the settings name."""
    return Watcher(source=_registry_of(settings), copies=copies_folder(settings), jury=jury)


def _jury_of(settings: Settings, database: Database) -> Jury | None:
    if settings.golden_learners is None:
        return None
    from service.golden import Golden  # noqa: PLC0415 - all that decides, only where it is asked

    return Golden(path=settings.golden_learners, database=database)


def _judge(jury: Jury, candidate: Snapshot, served: Snapshot, now: datetime) -> None:
    """Ask the jury, but not whether a copy is worse than itself."""
    if candidate.manifest["checksum"] != served.manifest["checksum"]:
        jury.require_no_worse(candidate, served, now)


def _registry_of(settings: Settings) -> ExistingRegistry:
    return ExistingRegistry(settings.tracking_uri, settings.model_name)


def run_watcher(settings: Settings) -> None:
    """Be the watcher process: check every `watch_seconds`, for as long as the parent lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us
    for name, value in MLFLOW_DEFAULTS.items():
        os.environ.setdefault(name, value)
    configure_logging(settings.log_format)
    end_with_parent()
    database = Database(settings.database_url, settings.statement_seconds)
    watcher = watcher_of(settings, _jury_of(settings, database))
    keeper = keeper_of(settings, _registry_of(settings), database)
    said: str | None = None
    while True:
        said = _check_and_say(watcher, said)
        keeper.check()
        time.sleep(settings.watch_seconds)


def _check_and_say(watcher: Watcher, said: str | None) -> str | None:
    """Check once; log what went wrong, and that it goes right again, once each time."""
    try:
        error = watcher.check(datetime.now(UTC)).error
    except OSError as failure:
        error = f"the folder of copies cannot be written: {failure}"
    if error != said:
        log.warning("%s", error or "the registry answers again")
    return error


def _absence(before: Champion) -> str | None:
    """Say what it means that no champion is named; having none from the start is no error."""
    if before.version is None:
        return None
    return f"the registry names no champion any more; version {before.version} goes on serving"


def _words(error: Exception) -> str:
    return error.detail if isinstance(error, WaymarkError) else str(error)
