"""Rows of a workspace → the columns that training data is assembled from."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from features.store import tables
from features.store.bulk import Bulk
from training.histories.assemble import EvidenceColumns, InteractionColumns, ProfileColumns
from training.histories.merge import as_document
from training.histories.schema import PROFILE_COLUMNS, WORD_SEPARATOR

_EVIDENCE_COLUMNS = ("learner_id", "skill_id", "level", "source", "at")
_ARROW_TYPES = {
    "learner_id": pa.string(),
    "module_id": pa.string(),
    "event": pa.string(),
    "at": pa.int64(),
    "score": pa.float64(),
    "duration_seconds": pa.float64(),
}


def stored_interactions(bulk: Bulk, latest: int | None) -> InteractionColumns:
    """Read interactions in order of arrival, those after `latest` (microseconds) left out."""
    interactions = InteractionColumns()
    chunks = bulk.read_columns(tables.interactions, interactions.names, order_by=("sequence",))
    for chunk in chunks:
        batch = {name: pa.array(chunk[name], _ARROW_TYPES.get(name)) for name in interactions.names}
        if latest is not None:
            kept = pc.less_equal(batch["at"], latest)
            batch = {name: values.filter(kept) for name, values in batch.items()}
        interactions.add(batch)
    return interactions


def stored_evidence(bulk: Bulk, latest: int | None) -> EvidenceColumns:
    """Read judgements of skills, those after `latest` (microseconds) left out."""
    columns: dict[str, list[Any]] = {name: [] for name in _EVIDENCE_COLUMNS}
    for chunk in bulk.read_columns(tables.evidence, _EVIDENCE_COLUMNS, order_by=("sequence",)):
        kept = [latest is None or at <= latest for at in chunk["at"]]
        for name in _EVIDENCE_COLUMNS:
            columns[name] += (v for v, keep in zip(chunk[name], kept, strict=True) if keep)
    return EvidenceColumns(**columns)


def stored_profiles(bulk: Bulk) -> ProfileColumns:
    """Read what is known of learners; free attributes become columns beside the listed ones."""
    learner_ids: list[str] = []
    columns: dict[str, dict[str, str]] = {}
    for learner_id, profile in _profiles(bulk):
        learner_ids.append(learner_id)
        for name, value in profile.items():
            columns.setdefault(name, {})[learner_id] = value
    return ProfileColumns(
        learner_id=learner_ids,
        attributes={
            name: [known.get(learner_id) for learner_id in learner_ids]
            for name, known in columns.items()
        },
    )


def _profiles(bulk: Bulk) -> Iterator[tuple[str, Mapping[str, str]]]:
    names = ("learner_id", *PROFILE_COLUMNS, "attributes")
    for chunk in bulk.read_columns(tables.learners, names, order_by=("learner_id",)):
        for learner_id, *cells, attributes in zip(*(chunk[name] for name in names), strict=True):
            listed = dict(zip(PROFILE_COLUMNS, cells, strict=True))
            listed["needs"] = WORD_SEPARATOR.join(sorted(as_document(listed["needs"])))
            free = {name: _as_text(value) for name, value in as_document(attributes).items()}
            yield learner_id, {name: v for name, v in {**free, **listed}.items() if v is not None}


def _as_text(value: object) -> str:
    """Attributes that arrive as JSON may be numbers or true and false."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
