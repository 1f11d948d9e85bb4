"""Tables of a folder, as checked rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from training.histories.cells import ARROW_TYPES
from training.histories.rows import Rows
from training.histories.schema import TABLE_OF, TABLES


def rows_of_table(name: str, **columns: Any) -> Rows:
    table = TABLE_OF[name]
    n_rows = len(next(iter(columns.values()), ()))
    return Rows(
        table=table,
        file=f"{name}.csv",
        lines=np.arange(n_rows) + 2,
        columns={
            column: pa.array(cells, ARROW_TYPES[table.column(column).kind])
            for column, cells in columns.items()
        },
    )


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., Rows]:
    """Give a function that makes rows of a table from its columns, on lines 2, 3, …"""
    return rows_of_table


@pytest.fixture(scope="session")
def described() -> Callable[..., Mapping[str, Rows]]:
    """Give a function that makes all tables of a folder, those not given being empty."""
    return lambda **columns: {
        table.name: rows_of_table(table.name, **columns.get(table.name, {})) for table in TABLES
    }
