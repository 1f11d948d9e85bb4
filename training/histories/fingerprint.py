"""The hash of what a model is trained on."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from features.domain.catalogue import Catalogue
from features.encode.log import InteractionLog
from training.histories.assemble import EvidenceArrays


def fingerprint(
    log: InteractionLog,
    catalogue: Catalogue,
    learner_attributes: Mapping[str, NDArray[np.str_]],
    evidence: EvidenceArrays,
) -> str:
    """Return the SHA-256 of training data, in hexadecimal.

    It is that of the content: the same rows give the same hash whether they came from CSV, Parquet
    or the database, and in whatever order those of different learners, or of different instants,
    stood. What no model sees (attempts, comments, event ids, parts) does not count.

    Parameters
    ----------
    log, catalogue, learner_attributes, evidence
        As in `TrainingData`: sorted by ids and instants.
    """
    digest = sha256()

    def add(name: str, content: bytes) -> None:
        digest.update(f"{name}:{len(content)}:".encode())
        digest.update(content)

    add("learners", orjson.dumps(log.learner_ids.ids))
    for name in (
        "learner",
        "module",
        "event",
        "at_seconds",
        "score",
        "success",
        "duration_seconds",
    ):
        add(name, _as_bytes(getattr(log, name)))
    add("modules", _as_json(catalogue.modules))
    add("skills", _as_json(catalogue.skills))
    add("skill_edges", _as_json(catalogue.skill_edges))
    add("roles", _as_json(catalogue.roles))
    for name, values in learner_attributes.items():
        add(f"attribute {name}", orjson.dumps(values.tolist()))
    for name, array in evidence._asdict().items():
        is_text = array.dtype.kind == "U"
        add(f"evidence {name}", orjson.dumps(array.tolist()) if is_text else _as_bytes(array))
    return digest.hexdigest()


def _as_bytes(array: NDArray[Any]) -> bytes:
    """Return the numbers of an array in little-endian order, whatever the machine."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _as_json(described: object) -> bytes:
    return orjson.dumps(described, default=sorted)
