"""Checked rows of a folder → the columns that training data is assembled from."""

from collections.abc import Mapping
from contextlib import closing

from training.histories.assemble import EvidenceColumns, InteractionColumns, ProfileColumns
from training.histories.folder import HistoryFolder
from training.histories.rows import Rows
from training.histories.schema import (
    EVIDENCE,
    INTERACTIONS,
    LEARNERS,
    PROFILE_COLUMNS,
    SPLITS,
    WORD_SEPARATOR,
)
from training.histories.values import read_words


def read_interactions(folder: HistoryFolder) -> InteractionColumns:
    """Read all interactions of a folder."""
    interactions = InteractionColumns()
    with closing(folder.stream(INTERACTIONS.name)) as batches:
        for rows in batches:
            names = (*interactions.names, "attempt", "event_id")
            interactions.add({name: rows.values(name) for name in names})
    return interactions


def profiles_in(described: Mapping[str, Rows]) -> ProfileColumns:
    """Return what the folder says of learners."""
    rows = described[LEARNERS.name]
    names = [*PROFILE_COLUMNS, *rows.attribute_names]
    attributes = {name: rows.values(name).to_pylist() for name in names}
    attributes["needs"] = [as_one_text(cell) for cell in attributes["needs"]]
    return ProfileColumns(learner_id=rows.values("learner_id").to_pylist(), attributes=attributes)


def as_one_text(words: str | None) -> str | None:
    """Return words in one order, so that the same set is the same text."""
    return None if words is None else WORD_SEPARATOR.join(sorted(read_words(words)))


def evidence_in(described: Mapping[str, Rows]) -> EvidenceColumns:
    """Return the judgements of skills in the folder."""
    rows = described[EVIDENCE.name]
    return EvidenceColumns(
        **{name: rows.values(name).to_pylist() for name in rows.table.column_names}
    )


def parts_in(described: Mapping[str, Rows]) -> dict[str, str]:
    """Return learner → part."""
    rows = described[SPLITS.name]
    return dict(
        zip(rows.values("learner_id").to_pylist(), rows.values("part").to_pylist(), strict=True)
    )
