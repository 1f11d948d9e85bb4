from pathlib import Path

import pytest

from training.histories.bad_rows import BadRow, BadRows, BadRowsError, as_csv_line, shown


def bad_row(line, column="score", reason="1.3 is outside [0,1]"):
    return BadRow(file="interactions.csv", line=line, column=column, reason=reason)


def never_asked():
    raise AssertionError


def test_a_bad_row_reads_as_place_and_reason():
    assert str(bad_row(17)) == "interactions.csv:17 column score: 1.3 is outside [0,1]"
    assert str(bad_row(17, column="", reason="odd")) == "interactions.csv:17: odd"
    assert str(bad_row(0, reason="has the type date32")) == (
        "interactions.csv column score: has the type date32"
    )


def test_nothing_bad_is_acceptable():
    with BadRows(Path("academy")) as bad_rows:
        bad_rows.require_acceptable()
        assert not bad_rows.is_refused
        assert bad_rows.written_path is None


def test_the_first_hundred_are_listed_and_all_are_counted():
    with BadRows(Path("academy")) as bad_rows:
        for line in range(2, 1236):
            bad_rows.add(bad_row(line), never_asked)
        assert bad_rows.is_refused
        with pytest.raises(BadRowsError) as refusal:
            bad_rows.require_acceptable()
    lines = refusal.value.detail.splitlines()
    assert lines[0] == (
        "academy holds 1,234 bad rows, nothing was taken. "
        "Correct them, or import the good rows with --skip-bad:"
    )
    assert lines[1] == "interactions.csv:2 column score: 1.3 is outside [0,1]"
    assert lines[100] == "interactions.csv:101 column score: 1.3 is outside [0,1]"
    assert lines[101:] == ["… and 1,134 more"]
    assert refusal.value.n_bad_rows == 1234
    assert refusal.value.bad_rows == tuple(bad_row(line) for line in range(2, 102))


def test_one_bad_row_is_one_bad_row():
    with BadRows(Path("academy")) as bad_rows:
        bad_rows.add(bad_row(2), never_asked)
        with pytest.raises(BadRowsError, match=r"academy holds 1 bad row, nothing was taken"):
            bad_rows.require_acceptable()


def test_long_cells_are_cut_in_error_texts():
    assert shown("x" * 60) == "x" * 60
    assert shown("x" * 61) == "x" * 60 + "…"


def test_cells_become_a_line_of_csv():
    assert as_csv_line(["u1", None, 'say "a, b"', 0.5]) == 'u1,,"say ""a, b""",0.5'
