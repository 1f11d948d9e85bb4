import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.domain.checks import find_cycle
from features.domain.errors import CycleError
from features.store.links import Graph

NODES = "abcde"


def test_a_loop_is_refused_and_changes_nothing():
    graph = Graph([("a", "b"), ("b", "c")])
    with pytest.raises(CycleError, match="links form a loop: c → a → b → c"):
        graph.replace("c", {"a"}, "links")
    graph.replace("c", {"d"}, "links")
    with pytest.raises(CycleError, match="d → a → b → c → d"):
        graph.replace("d", {"a"}, "links")


def test_what_no_longer_points_anywhere_closes_no_loop():
    graph = Graph([("a", "b")])
    graph.replace("a", set(), "links")
    graph.replace("b", {"a"}, "links")
    with pytest.raises(CycleError, match="a → b → a"):
        graph.replace("a", {"b"}, "links")


@given(st.lists(st.tuples(st.sampled_from(NODES), st.sets(st.sampled_from(NODES)))))
def test_changes_are_refused_exactly_when_the_whole_would_loop(changes):
    graph, accepted = Graph([]), {}
    for source, targets in changes:
        wanted = {**accepted, source: targets}
        if find_cycle({node: sorted(wanted[node]) for node in wanted}):
            with pytest.raises(CycleError):
                graph.replace(source, targets, "links")
        else:
            graph.replace(source, targets, "links")
            accepted = wanted
