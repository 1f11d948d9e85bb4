"""Checked rows → values of the domain: datetimes, sets of words, defaults in empty cells."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from features.domain.catalogue import DEFAULT_PASS_MARK
from features.domain.instants import from_microseconds
from training.histories.rows import Rows
from training.histories.schema import (
    LEARNERS,
    MODULE_SKILLS,
    MODULES,
    PREREQUISITES,
    ROLE_SKILLS,
    ROLES,
    SKILL_EDGES,
    SKILLS,
    WORD_SEPARATOR,
    Kind,
)

# A role that names a skill without saying how much of it asks for the middle of the scale.
DEFAULT_TARGET = 0.5

DEFAULTS: Mapping[str, Mapping[str, object]] = {
    LEARNERS.name: {"needs": frozenset(), "mentor": False, "personalised": True},
    MODULES.name: {
        "pass_mark": DEFAULT_PASS_MARK,
        "mandatory": False,
        "accessibility": frozenset(),
    },
    MODULE_SKILLS.name: {"weight": 1.0},
    PREREQUISITES.name: {"requires_module_id": "", "requires_skill_id": "", "strength": 1.0},
    SKILL_EDGES.name: {"strength": 1.0},
    ROLE_SKILLS.name: {"target": DEFAULT_TARGET, "weight": 1.0},
}

# What stands for the name of something that has only an id.
NAMED_BY_ID: Mapping[str, tuple[str, str]] = {
    MODULES.name: ("title", "module_id"),
    SKILLS.name: ("name", "skill_id"),
    ROLES.name: ("name", "role_id"),
}


def read_words(text: str) -> frozenset[str]:
    """Split "captions; transcript" into its words."""
    words = (word.strip() for word in text.split(WORD_SEPARATOR))
    return frozenset(word for word in words if word)


def domain_values(kind: Kind, values: pa.Array) -> list[Any]:
    """Return a checked column as values of the domain, None where a cell is empty."""
    convert = _CONVERTERS.get(kind)
    plain: list[Any] = values.to_pylist()
    if convert is None:
        return plain
    return [None if value is None else convert(value) for value in plain]


_CONVERTERS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.WORDS: read_words,
    Kind.INSTANT: from_microseconds,
    Kind.PAST_INSTANT: from_microseconds,
}


def records(rows: Rows) -> Iterator[dict[str, Any]]:
    """Give each row with the columns its file has, defaults in the place of empty cells."""
    table = rows.table
    defaults = DEFAULTS.get(table.name, {})
    title, key = NAMED_BY_ID.get(table.name, ("", ""))
    names = list(rows.columns)
    columns = [domain_values(table.column(name).kind, rows.columns[name]) for name in names]
    for cells in zip(*columns, strict=True):
        record = {
            name: defaults.get(name) if cell is None else cell
            for name, cell in zip(names, cells, strict=True)
        }
        if title in record and record[title] is None:
            record[title] = record[key]
        yield record
