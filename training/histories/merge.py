"""Described rows → what is written over what is stored.

What a file says is taken, what it leaves out stays: a column of the file rules, also where a cell
is empty; columns and attributes that the file does not have keep what is stored, and new rows get
the default. Nothing is removed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from features.store import tables
from features.store.bulk import Bulk
from training.histories.rows import Rows
from training.histories.values import DEFAULTS, NAMED_BY_ID, records

ATTRIBUTES = "attributes"


def write_described(rows: Rows, bulk: Bulk) -> int:
    """Write rows of a table with a key; return how many were new or said something new."""
    if len(rows) == 0:
        return 0
    table = rows.table
    columns = [name for name in rows.columns if name in table.column_names]
    absent = _defaults_of_absent(rows)
    attributes_of = _stored_attributes(bulk) if rows.attribute_names else None
    if attributes_of is not None:
        columns.append(ATTRIBUTES)
    return bulk.upsert(
        tables.metadata.tables[table.name],
        (*columns, *absent),
        (
            tuple(record[name] for name in (*columns, *absent))
            for record in _completed(rows, absent, attributes_of)
        ),
        keep=[name for name in absent if name not in table.key],
    )


def _defaults_of_absent(rows: Rows) -> dict[str, object]:
    """Return what new rows get in columns that may not be empty and that the file does not have."""
    name = rows.table.name
    defaults = dict(DEFAULTS.get(name, {}))
    if name in NAMED_BY_ID:
        defaults[NAMED_BY_ID[name][0]] = None
    return {column: value for column, value in defaults.items() if column not in rows.columns}


def _completed(
    rows: Rows, absent: Mapping[str, object], attributes_of: Mapping[str, dict[str, Any]] | None
) -> Iterator[dict[str, Any]]:
    title, key = NAMED_BY_ID.get(rows.table.name, ("", ""))
    for record in records(rows):
        record.update(absent)
        if title in absent:
            record[title] = record[key]
        if attributes_of is not None:
            stored = attributes_of.get(record["learner_id"], {})
            said = {name: record[name] for name in rows.attribute_names}
            record[ATTRIBUTES] = {k: v for k, v in {**stored, **said}.items() if v is not None}
        yield record


def _stored_attributes(bulk: Bulk) -> dict[str, dict[str, Any]]:
    """Return learner → free attributes, for those that have any."""
    return {
        learner_id: attributes
        for chunk in bulk.read_columns(
            tables.learners, ("learner_id", ATTRIBUTES), order_by=("learner_id",)
        )
        for learner_id, cell in zip(chunk["learner_id"], chunk[ATTRIBUTES], strict=True)
        if (attributes := as_document(cell))
    }


def as_document(stored: Any) -> Any:
    """Return a JSON value, which some drivers give as text and some as what it stands for."""
    return orjson.loads(stored) if isinstance(stored, str | bytes) else stored
