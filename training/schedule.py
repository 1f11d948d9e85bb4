"""Whether it is time to train, for a scheduler that asks again and again."""

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from math import ceil
from pathlib import Path

from features.domain.errors import NotFoundError, RegistryError, SnapshotError
from features.store.registry import (
    CHALLENGER,
    CHAMPION,
    Registry,
    prepare_sqlite_folder,
    sqlite_path,
)
from features.store.snapshots import read_snapshot
from training.drift.compare import Verdict
from training.drift.reference import Reference, read_reference
from training.drift.versions import drift_from
from training.histories.data import TrainingData

NEW_EVENTS_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """When to train: after so many new events (a tenth of the data where None), or at this age."""

    min_new_events: int | None = None
    max_age: timedelta | None = None


@dataclass(frozen=True, kw_only=True)
class Need:
    """Whether to train and why, compared with the latest version (None where there is none)."""

    needed: bool
    reason: str
    version: str | None
    n_new_events: int | None = None
    drift: Verdict | None = None


def training_need(
    registry: Registry, data: TrainingData, conditions: Conditions, now: datetime
) -> Need:
    """Tell whether a training would pay.

    Everything is compared with the latest of champion and challenger, so that a challenger that
    waits for promotion is not trained a second time. Data that has not changed is never trained on
    again, however old the version is.

    Parameters
    ----------
    registry
        Where versions are.
    data
        What would be trained on.
    conditions
        When to train; drift is always a reason.
    now
        Aware UTC, for the age.
    """
    latest = latest_version(registry)
    if latest is None:
        return Need(needed=True, reason="there is no version yet", version=None)
    if registry.version(latest).tags.get("data_hash") == data.data_hash:
        reason = f"version {latest} was trained on this very data"
        return Need(needed=False, reason=reason, version=latest)
    try:
        reference = read_reference(registry, latest)
        trained_at = _trained_at(registry, latest)
        return _need(registry, data, conditions, reference, now - trained_at)
    except (SnapshotError, RegistryError) as error:
        reason = f"version {latest} cannot be compared with: {error.detail}"
        return Need(needed=True, reason=reason, version=latest)


def latest_version(registry: Registry) -> str | None:
    """Return the later of champion and challenger."""
    versions = [registry.version_of(alias) for alias in (CHAMPION, CHALLENGER)]
    return max((one for one in versions if one is not None), key=int, default=None)


@contextmanager
def training_lock(registry: Registry) -> Iterator[bool]:
    """Hold the lock of scheduled trainings on this machine; give False where another holds it.

    It is a file beside a sqlite tracking database, else in the folder for temporary files. The
    operating system lets go of it when its holder ends, however that is.

    Raises
    ------
    RegistryError
        If the file cannot be made.
    """
    path = _lock_path(registry)
    try:
        file = path.open("a")
    except OSError as error:
        raise RegistryError(
            f"the lock {path} of scheduled trainings cannot be made: {error}. Make its folder "
            "writable."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _lock_path(registry: Registry) -> Path:
    named = f"{registry.tracking_uri}\x1f{registry.model_name}".encode()
    digest = blake2b(named, digest_size=8).hexdigest()
    prepare_sqlite_folder(registry.tracking_uri)
    database = sqlite_path(registry.tracking_uri)
    folder = Path(tempfile.gettempdir()) if database is None else database.parent
    return folder / f".waymark-training-{digest}.lock"


def _need(
    registry: Registry,
    data: TrainingData,
    conditions: Conditions,
    reference: Reference,
    age: timedelta,
) -> Need:
    version, before = reference.version, reference.n_rows["interactions"]
    n_new = max(int(reference.newer(data).sum()), len(data.log) - before, 0)
    least = conditions.min_new_events or max(1, ceil(NEW_EVENTS_SHARE * before))
    news = f"{n_new:,} new events since the data of version {version}, {least:,} are asked for"
    if n_new >= least:
        return Need(needed=True, reason=news, version=version, n_new_events=n_new)
    if conditions.max_age is not None and age >= conditions.max_age:
        reason = f"version {version} is {age.days} days old, and the data has changed since"
        return Need(needed=True, reason=reason, version=version, n_new_events=n_new)
    verdict = _drift(registry, data, version)
    drifted = verdict is Verdict.DRIFTED
    said = "nothing newer to compare" if verdict is None else f"drift: {verdict.value}"
    return Need(
        needed=drifted,
        reason=f"what happens has drifted from the data of version {version}"
        if drifted
        else f"{news}; {said}",
        version=version,
        n_new_events=n_new,
        drift=verdict,
    )


def _drift(registry: Registry, data: TrainingData, version: str) -> Verdict | None:
    try:
        return drift_from(registry, version, data, all_if_none_newer=False).verdict
    except NotFoundError:
        return None


def _trained_at(registry: Registry, version: str) -> datetime:
    with tempfile.TemporaryDirectory() as scratch:
        snapshot = read_snapshot(registry.fetch(version, Path(scratch) / version), version)
    return datetime.fromisoformat(snapshot.manifest["trained_at"])
