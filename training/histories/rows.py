"""Batches of checked rows: every cell read, every row that cannot be taken left out and noted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.histories.bad_rows import BadRow, BadRows, as_csv_line
from training.histories.cells import ARROW_TYPES, parse_cells
from training.histories.schema import PREREQUISITES, Table
from training.histories.source import RawBatch

Fault = tuple[str, str]  # column ("" for the whole row) and reason

_ONE_REQUIREMENT = "exactly one of requires_module_id and requires_skill_id must be given"
_NEEDS_SKILL = "belongs to requires_skill_id, which is empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Rows of one table as columns of values.

    Attributes
    ----------
    table
        Whose rows they are.
    file
        The name of the file they came from.
    lines
        int64, (n,): where each row starts in the file.
    columns
        Column → n values of the type in `ARROW_TYPES`, null where empty; only columns that the
        file has, and in order of the contract, attributes last.
    """

    table: Table
    file: str
    lines: NDArray[np.int64]
    columns: Mapping[str, pa.Array]

    def __len__(self) -> int:
        return len(self.lines)

    def values(self, name: str) -> pa.Array:
        """Return a column, all null if the file does not have it."""
        if name in self.columns:
            return self.columns[name]
        return pa.nulls(len(self), ARROW_TYPES[self.table.column(name).kind])

    def with_column(self, name: str, values: pa.Array) -> "Rows":
        """Return the rows with a column added or replaced."""
        return replace(self, columns={**self.columns, name: values})

    def take(self, kept: NDArray[np.bool_]) -> "Rows":
        """Return only the rows where `kept` is true."""
        if kept.all():
            return self
        mask = pa.array(kept)
        columns = {name: values.filter(mask) for name, values in self.columns.items()}
        return replace(self, lines=self.lines[kept], columns=columns)

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """The columns that the contract does not list."""
        listed = set(self.table.column_names)
        return tuple(name for name in self.columns if name not in listed)


def concat_rows(table: Table, file: str, batches: Sequence[Rows]) -> Rows:
    """Join batches of one file."""
    names = batches[0].columns if batches else {}
    return Rows(
        table=table,
        file=file,
        lines=np.concatenate([np.empty(0, np.int64), *(batch.lines for batch in batches)]),
        columns={
            name: pa.concat_arrays([batch.columns[name] for batch in batches]) for name in names
        },
    )


def check_rows(table: Table, file: str, raw: RawBatch, now: datetime, bad_rows: BadRows) -> Rows:
    """Read the cells of a batch; rows with a wrong cell go to `bad_rows` with the first reason."""
    faults = dict(raw.faults)
    columns: dict[str, pa.Array] = {}
    for name in _in_order(table, raw.cells):
        column = table.column(name)
        columns[name], reasons = parse_cells(column.kind, raw.cells[name], now)
        for row, reason in reasons.items():
            faults.setdefault(row, (name, reason))
        if column.required:
            empty = np.flatnonzero(np.asarray(raw.cells[name].is_null())).tolist()
            for row in empty:
                faults.setdefault(row, (name, "is required and empty"))
    rows = Rows(table=table, file=file, lines=raw.lines, columns=columns)
    if table is PREREQUISITES:
        for row, fault in _wrong_requirements(rows).items():
            faults.setdefault(row, fault)
    _note_all(file, raw, faults, bad_rows)
    return rows.take(_without(len(rows), faults))


def leave_out(rows: Rows, faults: Mapping[int, Fault], bad_rows: BadRows) -> Rows:
    """Note rows that are wrong beside others, and return the rest."""
    for row in sorted(faults):
        _note(rows.file, int(rows.lines[row]), faults[row], rows.columns, row, bad_rows)
    return rows.take(_without(len(rows), faults))


def _in_order(table: Table, names: Mapping[str, pa.Array]) -> list[str]:
    listed = [name for name in table.column_names if name in names]
    return [*listed, *(name for name in names if name not in listed)]


def _wrong_requirements(rows: Rows) -> dict[int, Fault]:
    by_module = np.asarray(rows.values("requires_module_id").is_valid())
    by_skill = np.asarray(rows.values("requires_skill_id").is_valid())
    needs_skill = np.asarray(rows.values("min_mastery").is_valid()) & ~by_skill
    faults = {int(row): ("min_mastery", _NEEDS_SKILL) for row in np.flatnonzero(needs_skill)}
    return faults | {
        int(row): ("requires_module_id", _ONE_REQUIREMENT)
        for row in np.flatnonzero(by_module == by_skill)
    }


def _without(n_rows: int, left_out: Iterable[int]) -> NDArray[np.bool_]:
    kept = np.ones(n_rows, bool)
    kept[list(left_out)] = False
    return kept


def _note_all(file: str, raw: RawBatch, faults: Mapping[int, Fault], bad_rows: BadRows) -> None:
    """Note the bad rows of a batch in order of their lines."""
    broken = {row.line: row for row in raw.broken}
    faulty = {int(raw.lines[row]): row for row in faults}
    for line in sorted([*broken, *faulty]):
        if line in broken:
            bad_row = BadRow(file=file, line=line, column="", reason=broken[line].reason)
            bad_rows.add(bad_row, partial(str, broken[line].text))
        else:
            _note(file, line, faults[faulty[line]], raw.cells, faulty[line], bad_rows)


def _note(
    file: str,
    line: int,
    fault: Fault,
    columns: Mapping[str, pa.Array],
    row: int,
    bad_rows: BadRows,
) -> None:
    column, reason = fault
    bad_row = BadRow(file=file, line=line, column=column, reason=reason)
    bad_rows.add(bad_row, lambda: as_csv_line(values[row].as_py() for values in columns.values()))
