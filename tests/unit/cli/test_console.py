"""What the command line prints where nobody has set a width."""

from io import StringIO

import pytest
from rich.console import Console

from training.cli.console import leave_tables_whole, table_of

HEADINGS = ("model", *("a long heading " * 2 for _ in range(4)))


def printed(environment: dict[str, str], *, is_terminal: bool = False) -> list[str]:
    """Print a table of 140 columns."""
    file = StringIO()
    console = Console(file=file, force_terminal=is_terminal, _environ=environment)
    leave_tables_whole(console, environment)
    console.print(table_of("models", HEADINGS, [("blend", "1", "2", "3", "4")]))
    return file.getvalue().splitlines()


def test_a_table_that_is_piped_is_neither_wrapped_nor_cut():
    lines = printed({})
    assert sum("a long heading a long heading" in line for line in lines) == 1
    assert max(map(len, lines)) > 120


@pytest.mark.parametrize("columns", [40, 60])
def test_columns_of_the_environment_are_kept_to(columns):
    assert max(map(len, printed({"COLUMNS": str(columns)}))) <= columns


def test_a_terminal_keeps_its_width():
    assert not any(
        "a long heading a long heading" in line for line in printed({}, is_terminal=True)
    )
