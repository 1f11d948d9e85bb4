"""Snapshots as folders: `manifest.json` and `arrays.npz`, written whole or not at all."""

import json
import os
import shutil
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from features.domain.errors import SnapshotError
from features.score.snapshot import SCHEMA_VERSION, Snapshot, checksum

MANIFEST = "manifest.json"
ARRAYS = "arrays.npz"
# What a damaged JSON or zip file makes its readers raise.
UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    NotImplementedError,  # zipfile's word for a compression method or flag it does not know
    zipfile.BadZipFile,
    zlib.error,
    MemoryError,  # of an array that says it is larger than any memory
    RecursionError,  # of JSON within JSON
)
MOST_ARRAY_BYTES = 2 * 2**30
MOST_MANIFEST_BYTES = 16 * 2**20


def write_snapshot(snapshot: Snapshot, folder: Path) -> str:
    """Write a snapshot into `folder` (made new) and return its checksum.

    Parameters
    ----------
    snapshot
        Its manifest gets the entries `schema_version` and `checksum`.
    folder
        Replaced if it exists; never seen half-written.
    """
    folder = Path(folder)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    partial.mkdir(parents=True)
    digest = checksum(snapshot)
    manifest = {**snapshot.manifest, "schema_version": SCHEMA_VERSION, "checksum": digest}
    (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
    np.savez_compressed(partial / ARRAYS, allow_pickle=False, **dict(snapshot.arrays))
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    return digest


def read_snapshot(folder: Path, version: str = "") -> Snapshot:
    """Read a snapshot and check that it is what was written.

    Parameters
    ----------
    folder
        Holds `manifest.json` and `arrays.npz`.
    version
        The registry's version, carried along.

    Raises
    ------
    SnapshotError
        If a file is missing, unreadable or unpacks to more than is ever written, the schema is
        another, or the checksum differs.
    """
    folder = Path(folder)
    try:
        _require_bounded(folder)
        manifest = json.loads((folder / MANIFEST).read_text())
        # Opened here, because numpy leaves a file open whose directory it cannot read.
        with (
            (folder / ARRAYS).open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in stored.files}
    except UNREADABLE as error:
        raise SnapshotError(
            f"snapshot {folder.name} cannot be read: {error}. Train and promote again."
        ) from error
    if not isinstance(manifest, dict) or manifest.get("schema_version") != SCHEMA_VERSION:
        found = manifest.get("schema_version") if isinstance(manifest, dict) else None
        raise SnapshotError(
            f"snapshot {folder.name} has schema {found}, this program reads {SCHEMA_VERSION}. "
            "Train again with this version."
        )
    snapshot = Snapshot(manifest=manifest, arrays=arrays)
    if checksum(snapshot) != manifest.get("checksum"):
        raise SnapshotError(
            f"snapshot {folder.name} does not match its checksum. Train and promote again."
        )
    return replace(snapshot, version=version)


def _require_bounded(folder: Path) -> None:
    """Refuse files that would fill the memory before anything could be checked."""
    n_manifest = (folder / MANIFEST).stat().st_size
    with zipfile.ZipFile(folder / ARRAYS) as archive:
        n_arrays = sum(each.file_size for each in archive.infolist())
    if n_manifest > MOST_MANIFEST_BYTES or n_arrays > MOST_ARRAY_BYTES:
        raise SnapshotError(
            f"snapshot {folder.name} unpacks to {n_manifest + n_arrays:,} bytes, more than any "
            "training writes. Train and promote again."
        )
