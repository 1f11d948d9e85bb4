import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.encode.ranks import rank_groups


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.floats(0.1, 1.0))
def test_sums_follow_the_recursion_inside_each_group(keys: list[int], keep: float) -> None:
    values = np.arange(1.0, len(keys) + 1.0)[:, None]
    groups = rank_groups(np.array(keys), None)
    expected, running = [], dict.fromkeys(range(5), 0.0)
    for key, value in zip(keys, values[:, 0], strict=True):
        running[key] = keep * running[key] + value
        expected.append(running[key])
    np.testing.assert_allclose(groups.sums(values, keep)[:, 0], expected, rtol=1e-14)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40))
def test_before_is_the_latest_row_of_the_group_at_an_earlier_instant(
    rows: list[tuple[int, int]],
) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    keys = np.array([key for key, _ in rows])
    instants = np.array([float(at) for _, at in rows])
    expected = [
        max((j for j in range(i) if keys[j] == keys[i] and instants[j] < instants[i]), default=-1)
        for i in range(len(rows))
    ]
    assert rank_groups(keys, instants).before.tolist() == expected


def test_without_instants_the_row_before_is_the_past() -> None:
    groups = rank_groups(np.array([7, 3, 7, 7, 3]), None)
    assert groups.before.tolist() == [-1, -1, 0, 2, 1]
    assert groups.last.tolist() == [4, 3]


def test_rows_fade_each_by_its_own_factor() -> None:
    groups = rank_groups(np.array([0, 0, 0]), None)
    fade = np.array([1.0, 0.5, 0.25])
    sums = groups.sums(np.ones((3, 2)), 1.0, fade, slice(1, 2))
    assert sums[:, 1].tolist() == [1.0, 1.5, 1.375]
    assert sums[:, 0].tolist() == [1.0, 2.0, 3.0]
