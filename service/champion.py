"""The one small file through which the watcher tells the workers which snapshot to serve."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from features.domain.errors import SnapshotError
from features.domain.instants import parse_instant
from features.settings import Settings
from features.store.registry import sqlite_path
from service.files import replace_json

CHAMPION_FILE = "champion.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Champion:
    """What the watcher last found.

    Attributes
    ----------
    version
        The registry's version of the snapshot to serve, None before there is one.
    folder
        Its own copy, a name beside the file.
    checked_at
        When the registry was last asked; None where the first attempt has not finished.
    error
        Why the newest champion is not the one named here, or None.
    """

    version: str | None
    folder: str | None
    checked_at: datetime | None
    error: str | None


def copies_folder(settings: Settings) -> Path:
    """Return where copies of this registry's model are kept.

    The name carries a digest of where the registry is, so that two registries sharing a folder of
    copies never serve each other's versions.
    """
    database = sqlite_path(settings.tracking_uri)
    registry = settings.tracking_uri if database is None else str(database.absolute())
    digest = sha256(registry.encode()).hexdigest()[:8]
    return settings.snapshot_dir / f"{settings.model_name}-{digest}"


def read_champion(copies: Path) -> Champion | None:
    """Return what the watcher wrote, or None where nothing was written or it is unreadable."""
    try:
        found: dict[str, Any] = json.loads((copies / CHAMPION_FILE).read_text())
        checked_at = found["checked_at"]
        return Champion(
            version=found["version"],
            folder=found["folder"],
            checked_at=None if checked_at is None else parse_instant(checked_at),
            error=found["error"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_champion(copies: Path, champion: Champion) -> None:
    """Replace the file in one step; readers see the old one or the new one."""
    checked_at = None if champion.checked_at is None else champion.checked_at.isoformat()
    content = {
        "version": champion.version,
        "folder": champion.folder,
        "checked_at": checked_at,
        "error": champion.error,
    }
    replace_json(copies / CHAMPION_FILE, content)


def require_plain_name(version: str) -> None:
    """Refuse a version that cannot name a folder beside the others.

    Raises
    ------
    SnapshotError
        If it is empty, hidden or a path.
    """
    if not version or version.startswith(".") or Path(version).name != version:
        raise SnapshotError(f"{version!r} is not a version: it cannot name a folder")
