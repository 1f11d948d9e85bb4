"""What training hands to serving: learned arrays and a manifest, nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Learned parameters of one training run.

    Attributes
    ----------
    manifest
        JSON-ready: schema version, module and skill ids, what was chosen, metrics, data hash.
    arrays
        By name, each prefixed with the part it belongs to ("ranking.", "success.", …); numbers,
        booleans or unicode, never objects.
    version
        The registry's version, "" before registration.
    """

    manifest: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    version: str = ""

    def part(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of one part, without its prefix."""
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): array
            for key, array in self.arrays.items()
            if key.startswith(prefix)
        }


def checksum(snapshot: Snapshot) -> str:
    """Return the SHA-256 of what was learned: arrays and the manifest's `learned` entry.

    Equal data, seed and code give an equal checksum; instants and run ids have no part in it.
    """
    digest = sha256()
    digest.update(json.dumps(snapshot.manifest.get("learned", {}), sort_keys=True).encode())
    for name in sorted(snapshot.arrays):
        array = np.ascontiguousarray(snapshot.arrays[name])
        digest.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
