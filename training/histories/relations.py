"""Checks of rows beside each other: keys that come twice, and relations that loop."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.checks import find_cycle
from training.histories.bad_rows import shown
from training.histories.rows import Fault, Rows
from training.histories.schema import PREREQUISITES, SKILL_EDGES, SKILLS

Edge = tuple[str, str]

# Table → the two columns of an edge, and what the relation is called where it loops.
RELATIONS = {
    PREREQUISITES.name: ("module_id", "requires_module_id", "hard prerequisites"),
    SKILL_EDGES.name: ("skill_id", "precedes_skill_id", "skill edges"),
    SKILLS.name: ("skill_id", "parent_id", "skill parents"),
}


def repeated_keys(rows: Rows) -> dict[int, Fault]:
    """Return the rows whose key was on an earlier line already."""
    faults: dict[int, Fault] = {}
    key_columns = rows.table.key
    first_row: dict[tuple[object, ...], int] = {}
    for row, key in enumerate(_cells(rows, key_columns)):
        earlier = first_row.setdefault(key, row)
        if earlier != row:
            named = ", ".join(str(part) for part in key if part is not None)
            reason = f"{shown(named)} is on line {rows.lines[earlier]} already"
            faults[row] = (key_columns[0] if len(key_columns) == 1 else "", reason)
    return faults


def first_of_each_key(rows: Rows) -> NDArray[np.bool_]:
    """Return, for each row, whether no earlier row has its key."""
    seen: set[tuple[object, ...]] = set()
    kept = np.zeros(len(rows), bool)
    for row, key in enumerate(_cells(rows, rows.table.key)):
        if key not in seen:
            seen.add(key)
            kept[row] = True
    return kept


def looping_rows(rows: Rows) -> dict[int, Fault]:
    """Return the rows that close a loop of their relation: of each loop the one furthest down."""
    source, target, relation = RELATIONS[rows.table.name]
    edges = {
        (start, end): row
        for row, (start, end) in enumerate(_cells(rows, (source, target)))
        if end is not None
    }
    if rows.table is PREREQUISITES:  # soft ones only advise, so they may go round
        strengths = rows.values("strength").fill_null(1.0).to_pylist()
        edges = {edge: row for edge, row in edges.items() if strengths[row] >= 1.0}
    faults: dict[int, Fault] = {}
    while cycle := find_cycle(_successors(edges)):
        last = max(pairwise(cycle), key=lambda edge: edges[edge])
        faults[edges.pop(last)] = (target, f"{relation} form a loop: {' → '.join(cycle)}")
    return faults


def _successors(edges: Iterable[Edge]) -> dict[str, list[str]]:
    successors: dict[str, list[str]] = {}
    for start, end in edges:
        successors.setdefault(start, []).append(end)
    return successors


def _cells(rows: Rows, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Give the cells of some columns, row by row."""
    return zip(*(rows.values(name).to_pylist() for name in names), strict=True)
