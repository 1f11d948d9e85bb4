"""Columns of histories, from a folder or a store → the arrays models are trained on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.domain.catalogue import Catalogue
from features.encode.ids import MISSING, IdMap
from features.encode.log import UNJUDGED, ArrivedEvents, InteractionLog, build_log
from training.histories.catalogue import distinct
from training.histories.events import derive_event_ids
from training.histories.schema import EVENTS

MAX_ATTRIBUTE_LENGTH = 200
MICROSECONDS_PER_SECOND = 1e6
_EVENTS = pa.array(EVENTS)


class EvidenceArrays(NamedTuple):
    """Judgements of skills, sorted by learner, instant, skill and source.

    Attributes
    ----------
    learner
        int32, (n,), positions in `log.learner_ids`.
    skill
        int32, (n,), positions in `catalogue.skills`.
    level
        float64, (n,), in [0,1].
    source
        str, (n,).
    at_seconds
        float64, (n,), seconds since 1970; below 10⁸ they are ordinals.
    """

    learner: NDArray[np.int32]
    skill: NDArray[np.int32]
    level: NDArray[np.float64]
    source: NDArray[np.str_]
    at_seconds: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ProfileColumns:
    """What is known of learners: each attribute has one value per learner, None where unknown."""

    learner_id: Sequence[str]
    attributes: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, kw_only=True)
class EvidenceColumns:
    """Evidence as it comes: strings, levels and microseconds since 1970, in order of arrival."""

    learner_id: Sequence[str]
    skill_id: Sequence[str]
    level: Sequence[float]
    source: Sequence[str]
    at: Sequence[int]


@dataclass(kw_only=True)
class InteractionColumns:
    """Interactions as they come, batch by batch, kept small: ids as numbers, words as codes."""

    learner_id: list[pa.Array] = field(default_factory=list)
    module_id: list[pa.Array] = field(default_factory=list)
    event: list[NDArray[np.int8]] = field(default_factory=list)
    at: list[NDArray[np.int64]] = field(default_factory=list)
    score: list[NDArray[np.float64]] = field(default_factory=list)
    success: list[NDArray[np.int8]] = field(default_factory=list)
    duration_seconds: list[NDArray[np.float64]] = field(default_factory=list)
    attempt: list[NDArray[np.int32]] = field(default_factory=list)
    event_id: list[pa.Array] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that every batch has."""
        return ("learner_id", "module_id", "event", "at", "score", "success", "duration_seconds")

    def __len__(self) -> int:
        return sum(map(len, self.at))

    def add(self, batch: Mapping[str, pa.Array]) -> None:
        """Take a batch: strings, microseconds, floats and booleans.

        Without `attempt` and `event_id`, as in the store, every row is an event of its own.
        """
        self.learner_id.append(batch["learner_id"].dictionary_encode())
        self.module_id.append(batch["module_id"].dictionary_encode())
        codes = pc.index_in(batch["event"], value_set=_EVENTS)
        self.event.append(codes.to_numpy(zero_copy_only=False).astype(np.int8))
        self.at.append(batch["at"].to_numpy(zero_copy_only=False).astype(np.int64))
        self.score.append(_amounts(batch["score"]))
        self.duration_seconds.append(_amounts(batch["duration_seconds"]))
        success = batch["success"].cast(pa.int8()).fill_null(UNJUDGED)
        self.success.append(success.to_numpy(zero_copy_only=False))
        if "event_id" in batch:
            attempt = batch["attempt"].fill_null(0).cast(pa.int32())
            self.attempt.append(attempt.to_numpy(zero_copy_only=False))
            self.event_id.append(batch["event_id"])

    def module_ids(self) -> frozenset[str]:
        """Return every module named so far."""
        return frozenset(name for chunk in self.module_id for name in distinct(chunk.dictionary))

    def to_log(self, module_ids: IdMap, pass_marks: NDArray[np.float64]) -> InteractionLog:
        """Encode the first row of each event, learners in order of their ids."""
        learner, names = _joined(self.learner_id)
        module, module_names = _joined(self.module_id)
        at = _concatenated(self.at, np.int64)
        first = self._first_of_each_event(learner, module, at)
        used = np.flatnonzero(np.bincount(learner[first], minlength=len(names)))
        in_order = sorted(used.tolist(), key=names.__getitem__)
        rank = np.zeros(len(names), np.int32)
        rank[in_order] = np.arange(len(in_order), dtype=np.int32)
        arrived = ArrivedEvents(
            learner=rank[learner[first]],
            module=module_ids.positions(module_names)[module[first]],
            event=_concatenated(self.event, np.int8)[first],
            at_seconds=at[first] / MICROSECONDS_PER_SECOND,
            score=_concatenated(self.score, np.float64)[first],
            reported_success=_concatenated(self.success, np.int8)[first],
            duration_seconds=_concatenated(self.duration_seconds, np.float64)[first],
        )
        return build_log(
            arrived,
            learner_ids=IdMap(names[position] for position in in_order),
            module_ids=module_ids,
            pass_marks=pass_marks,
        )

    def _first_of_each_event(
        self, learner: NDArray[np.int32], module: NDArray[np.int32], at: NDArray[np.int64]
    ) -> slice | NDArray[np.bool_]:
        """Return the rows to take; without event ids, as in the store, all of them."""
        if not self.event_id:
            return slice(None)
        if all(ids.null_count == len(ids) for ids in self.event_id):
            # Ids would be derived from these columns: compare the columns, it costs far less.
            event = _concatenated(self.event, np.int8)
            return _first_of_each((learner, at, module, event, np.concatenate(self.attempt)))
        encoded = pa.chunked_array(map(self._event_ids, range(len(self.at)))).dictionary_encode()
        codes = np.concatenate([chunk.indices.to_numpy() for chunk in encoded.chunks])
        # Codes are given in order of first appearance, so a new event is a new largest code.
        largest = np.maximum.accumulate(codes.astype(np.int64))
        return np.diff(largest, prepend=-1) > 0

    def _event_ids(self, batch: int) -> pa.Array:
        """Return the event ids of a batch, given or derived."""
        given = self.event_id[batch]
        if given.null_count == 0:
            return given
        keys = {
            "learner_id": self.learner_id[batch].cast(pa.string()),
            "module_id": self.module_id[batch].cast(pa.string()),
            "event": _EVENTS.take(pa.array(self.event[batch])),
            "at": pa.array(self.at[batch]),
            "attempt": pa.array(self.attempt[batch]),
        }
        return pc.coalesce(given, derive_event_ids(keys))


def pass_marks_of(catalogue: Catalogue) -> NDArray[np.float64]:
    """Return the pass mark of every module, in the order of the catalogue."""
    return np.array([module.pass_mark for module in catalogue.modules], np.float64)


def align_attributes(learner_ids: IdMap, profiles: ProfileColumns) -> dict[str, NDArray[np.str_]]:
    """Bring attributes of learners into the order of a log.

    Returns
    -------
    dict
        Attribute → str, (n_learners,), "" where it is not known, in order of their names. One that
        is known of nobody is left out. Values are cut to 200 characters: they name slices.
    """
    rows = learner_ids.positions(profiles.learner_id)
    aligned = {}
    for name in sorted(profiles.attributes):
        values = [""] * len(learner_ids)
        for row, value in zip(rows.tolist(), profiles.attributes[name], strict=True):
            if row != MISSING and value:
                values[row] = value[:MAX_ATTRIBUTE_LENGTH]
        if any(values):
            aligned[name] = np.array(values, dtype=np.str_)
    return aligned


def align_evidence(
    evidence: EvidenceColumns, learner_ids: IdMap, catalogue: Catalogue
) -> EvidenceArrays:
    """Encode evidence about the learners of a log; that about others is left out."""
    skill_ids = IdMap(skill.skill_id for skill in catalogue.skills)
    arrays = EvidenceArrays(
        learner=learner_ids.positions(evidence.learner_id),
        skill=skill_ids.positions(evidence.skill_id),
        level=np.array(evidence.level, np.float64),
        source=np.array(evidence.source, np.str_),
        at_seconds=np.array(evidence.at, np.int64) / MICROSECONDS_PER_SECOND,
    )
    order = np.lexsort((arrays.source, arrays.skill, arrays.at_seconds, arrays.learner))
    order = order[arrays.learner[order] != MISSING]
    return EvidenceArrays(*(array[order] for array in arrays))


def _amounts(numbers: pa.Array) -> NDArray[np.float64]:
    """Return numbers, NaN where one is absent."""
    filled = numbers.cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _joined(chunks: Iterable[pa.Array]) -> tuple[NDArray[np.int32], list[str]]:
    """Return the codes of all chunks under one dictionary, and that dictionary."""
    type_ = pa.dictionary(pa.int32(), pa.string())
    joined = pa.chunked_array(list(chunks), type_).unify_dictionaries()
    if joined.num_chunks == 0:
        return np.empty(0, np.int32), []
    codes = [chunk.indices.to_numpy() for chunk in joined.chunks]
    return np.concatenate(codes), joined.chunk(0).dictionary.to_pylist()


def _first_of_each(columns: tuple[NDArray[np.integer], ...]) -> NDArray[np.bool_]:
    """Mark the first row of each combination of values, (n,).

    Rows are sorted by the first two columns; only what ties there is looked at further.
    """
    order = np.lexsort(columns[1::-1])
    tied = np.ones(max(len(order) - 1, 0), dtype=bool)
    for column in columns[:2]:
        tied &= column[order[1:]] == column[order[:-1]]
    rows = np.sort(order[np.append(tied, False) | np.append(False, tied)])
    _, first = np.unique(np.stack([column[rows] for column in columns]), axis=1, return_index=True)
    marks = np.ones(len(order), dtype=bool)
    marks[np.delete(rows, first)] = False
    return marks


def _concatenated[T: np.generic](chunks: Sequence[NDArray[T]], dtype: type[T]) -> NDArray[T]:
    return np.concatenate([np.empty(0, dtype), *chunks])
