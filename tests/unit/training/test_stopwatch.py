import pytest

from training.stopwatch import Stopwatch


def test_times_of_one_part_are_added_up_also_where_it_fails():
    stopwatch = Stopwatch()
    with stopwatch.measuring("reading"):
        pass
    first = stopwatch.seconds["reading"]
    with pytest.raises(ValueError, match="broken"), stopwatch.measuring("reading"):
        raise ValueError("broken")
    with stopwatch.measuring("ranking"):
        pass
    assert list(stopwatch.seconds) == ["reading", "ranking"]
    assert stopwatch.seconds["reading"] >= first >= 0.0
