"""What a version was trained on, as far as drift has to know it; kept as a file with its run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from features.domain.errors import RegistryError
from features.store.registry import Registry
from features.store.snapshots import UNREADABLE
from training.drift.profile import Profile, profile_rows
from training.histories.data import TrainingData

REFERENCE_FILE = "data_profile.json"
# What happens after training is most like what happened last before it.
RECENT_SHARE = 0.2


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The training data of a version, in profile.

    Attributes
    ----------
    version
        Whose.
    data_hash, n_rows
        As in `TrainingData`.
    until_seconds
        When the last event happened; None where the data has ordinals.
    whole, recent
        Profiles of all events, and of the last `RECENT_SHARE` of them in time (with ordinals, of
        all again).
    """

    version: str
    data_hash: str
    n_rows: Mapping[str, int]
    until_seconds: float | None
    whole: Profile
    recent: Profile

    def newer(self, data: TrainingData) -> NDArray[np.bool_]:
        """Mark the events that happened after the training data ended; none where none can tell."""
        if self.until_seconds is None or not data.log.is_timed:
            return np.zeros(len(data.log), dtype=bool)
        return np.asarray(data.log.at_seconds > self.until_seconds)


def write_reference(data: TrainingData, path: Path) -> None:
    """Write the profile of training data as JSON; it holds counts only."""
    log = data.log
    everything = np.ones(len(log), dtype=bool)
    recent = everything
    if log.is_timed:
        recent = log.at_seconds >= np.quantile(log.at_seconds, 1.0 - RECENT_SHARE)
    document = {
        "data_hash": data.data_hash,
        "n_rows": dict(data.n_rows),
        "until_seconds": float(log.at_seconds.max()) if log.is_timed else None,
        "whole": profile_rows(data, everything).to_document(),
        "recent": profile_rows(data, recent).to_document(),
    }
    path.write_text(json.dumps(document, sort_keys=True))


def read_reference(registry: Registry, version: str) -> Reference:
    """Read what `write_reference` wrote when a version was trained.

    Raises
    ------
    RegistryError
        If it is missing or is something else.
    """
    run_id = registry.version(version).run_id
    with TemporaryDirectory() as scratch:
        try:
            path = registry.fetch_file(run_id, REFERENCE_FILE, Path(scratch))
            document = json.loads(path.read_text())
            return Reference(
                version=version,
                data_hash=document["data_hash"],
                n_rows=document["n_rows"],
                until_seconds=document["until_seconds"],
                whole=Profile.from_document(document["whole"]),
                recent=Profile.from_document(document["recent"]),
            )
        except (RegistryError, TypeError, *UNREADABLE) as error:
            raise RegistryError(
                f"the profile of the data of version {version} cannot be read: {error}. Train "
                "again; a version of an earlier program has none."
            ) from error
