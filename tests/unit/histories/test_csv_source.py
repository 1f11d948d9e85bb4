import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.domain.errors import HistoryFolderError
from training.histories.csv_source import _Lines, _plain_cells, _read_each, _records

HEADER = ("module_id", "title")
# Little but what CSV turns on, so that quotes, commas and line ends meet in every way.
TEXTS = st.text(st.sampled_from(list('ab",\n\r ü\ufeff')), max_size=25)
PLAIN_CELL = st.text(st.characters(exclude_characters='",\r\n', exclude_categories=["Cs"]))
QUOTED_CELL = st.text(st.characters(exclude_characters='"\r\n', exclude_categories=["Cs"])).map(
    '"{}"'.format
)
CELL = st.one_of(PLAIN_CELL, QUOTED_CELL)


def lines_of(text):
    return list(io.StringIO(text, newline=""))


def read_by_csv(lines, header):
    return _read_each(_records(lines, 0), header)


@given(TEXTS)
def test_lines_parsed_at_once_are_read_as_row_by_row(text):
    lines = lines_of(text)
    cells = _plain_cells(lines, HEADER) if lines else None
    if cells is not None:
        expected = read_by_csv(lines, HEADER)
        assert not expected.broken
        assert expected.lines.tolist() == list(range(1, len(lines) + 1))
        for name in HEADER:
            assert cells[name].to_pylist() == expected.cells[name].to_pylist()


@given(st.lists(st.tuples(CELL, CELL), min_size=1), st.sampled_from(["\n", "\r\n"]))
def test_ordinary_lines_are_parsed_at_once(rows, line_end):
    text = "".join(f"x{one if one[:1] != '"' else ''},{other}{line_end}" for one, other in rows)
    lines = lines_of(text)
    cells = _plain_cells(lines, HEADER)
    expected = read_by_csv(lines, HEADER)
    for name in HEADER:
        assert cells is not None
        assert cells[name].to_pylist() == expected.cells[name].to_pylist()


@pytest.mark.parametrize(
    "text",
    [
        "m1,a\n\nm2,b\n",  # an empty line
        "m1\nm2,b\n",  # a cell missing
        "m1,a,b\n",  # one too many
        'm1,"two\nlines"\n',
        'm1,"a ""quote"""\n',
        'm1,5" screen\n',
        'm1,"a\nm2,b\n',  # never closed
        "m1,a\rm2,b\n",  # two kinds of line end
        "m1,\udcff\n",  # not UTF-8
        f"m1,{'x' * 131_073}\n",
    ],
)
def test_lines_that_may_not_be_one_row_each_are_left_to_csv(text):
    assert _plain_cells(lines_of(text), HEADER) is None


class FailingFile:
    """A file on a disk that gives up after its first line."""

    def __iter__(self):
        yield "module_id\n"
        raise OSError(5, "Input/output error")


def test_a_disk_that_fails_while_reading_is_named():
    lines = iter(_Lines(FailingFile(), "modules.csv"))
    assert next(lines) == "module_id\n"
    with pytest.raises(
        HistoryFolderError, match=r"modules\.csv: cannot be read \(Input/output err"
    ):
        next(lines)


def test_what_was_read_before_a_file_broke_off_is_counted():
    class CutOff:
        def __iter__(self):
            yield from ["a\n", "b\n", "c\n"]
            raise EOFError

    lines = _Lines(CutOff(), "modules.csv.gz")
    assert lines.take(2) == ["a\n", "b\n"]
    with pytest.raises(HistoryFolderError, match="damaged after line 3"):
        lines.take(2)
