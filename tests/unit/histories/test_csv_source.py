import pytest

from features.domain.errors import HistoryFolderError
from training.histories.csv_source import _Lines


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
