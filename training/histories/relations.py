"""Checks of rows beside each other: keys that come twice, and relations that loop."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.histories.bad_rows import shown
from training.histories.rows import Fault, Rows
from training.histories.schema import PREREQUISITES, SKILL_EDGES, SKILLS

Edge = tuple[str, str]

MAX_SHOWN_NODES = 10

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
    """Return rows that close a loop of their relation; without them nothing loops."""
    source, target, relation = RELATIONS[rows.table.name]
    edges = {
        (start, end): row
        for row, (start, end) in enumerate(_cells(rows, (source, target)))
        if end is not None
    }
    if rows.table is PREREQUISITES:  # soft ones only advise, so they may go round
        strengths = rows.values("strength").fill_null(1.0).to_pylist()
        edges = {edge: row for edge, row in edges.items() if strengths[row] >= 1.0}
    return {
        edges[edge]: (target, f"{relation} form a loop: {' → '.join(loop)}")
        for edge, loop in _closing_edges(edges)
    }


def _closing_edges(edges: Iterable[Edge]) -> Iterator[tuple[Edge, list[str]]]:
    """Give every edge that leads back onto the path that led to it, and the loop it closes.

    Unlike `features.domain.checks.find_cycle`, which stops at the first, one walk finds them all:
    a file in which every link goes both ways is a plausible mistake.
    """
    following: dict[str, list[str]] = {}
    for start, end in edges:
        following.setdefault(start, []).append(end)
    seen: set[str] = set()
    for root in list(following):
        if root in seen:
            continue
        path, depth_of, waiting = [root], {root: 0}, [iter(following[root])]
        seen.add(root)
        while waiting:
            node = next(waiting[-1], None)
            if node is None:
                waiting.pop()
                del depth_of[path.pop()]
            elif node in depth_of:
                yield (path[-1], node), _spelled_out(path, depth_of[node])
            elif node not in seen:
                seen.add(node)
                depth_of[node] = len(path)
                path.append(node)
                waiting.append(iter(following.get(node, ())))


def _spelled_out(path: list[str], start: int) -> list[str]:
    """Return the loop from `start` to the end of the path and back, cut where it is long."""
    shown_part = path[start : start + MAX_SHOWN_NODES]
    is_cut = len(path) - start > MAX_SHOWN_NODES
    return [*shown_part, *(["…", path[-1]] if is_cut else []), path[start]]


def _cells(rows: Rows, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Give the cells of some columns, row by row."""
    return zip(*(rows.values(name).to_pylist() for name in names), strict=True)
