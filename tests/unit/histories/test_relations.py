import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.domain.checks import find_cycle
from training.histories.relations import first_of_each_key, looping_rows, repeated_keys


def test_an_id_that_comes_twice_names_both_lines(rows_of):
    rows = rows_of("modules", module_id=["m1", "m2", "m1", "m1"])
    assert repeated_keys(rows) == {
        2: ("module_id", "m1 is on line 2 already"),
        3: ("module_id", "m1 is on line 2 already"),
    }


def test_a_pair_that_comes_twice_is_named_as_a_pair(rows_of):
    rows = rows_of("module_skills", module_id=["m1", "m1", "m1"], skill_id=["a", "b", "a"])
    assert repeated_keys(rows) == {2: ("", "m1, a is on line 2 already")}


def test_the_same_module_may_require_a_module_and_a_skill_of_one_name(rows_of):
    rows = rows_of(
        "prerequisites",
        module_id=["m1", "m1"],
        requires_module_id=["x", None],
        requires_skill_id=[None, "x"],
    )
    assert repeated_keys(rows) == {}


def test_of_a_judgement_that_comes_twice_the_first_wins(rows_of):
    rows = rows_of(
        "evidence",
        learner_id=["u1", "u1", "u1"],
        skill_id=["a", "a", "a"],
        source=["self", "self", "peer"],
        at=[5, 5, 5],
        level=[0.1, 0.9, 0.2],
    )
    assert first_of_each_key(rows).tolist() == [True, False, True]


def test_a_loop_is_named_on_the_line_that_closes_it(rows_of):
    rows = rows_of(
        "prerequisites",
        module_id=["m9", "m1", "m2", "m3", "m3"],
        requires_module_id=["m1", "m2", "m3", "m8", "m1"],
    )
    assert looping_rows(rows) == {
        4: ("requires_module_id", "hard prerequisites form a loop: m1 → m2 → m3 → m1")
    }


def test_a_long_loop_is_cut(rows_of):
    n_skills = 5_000
    names = [f"s{number}" for number in range(n_skills)]
    rows = rows_of("skill_edges", skill_id=names, precedes_skill_id=[*names[1:], names[0]])
    ((row, (_, reason)),) = looping_rows(rows).items()
    assert row == n_skills - 1
    assert reason.endswith("loop: s0 → s1 → s2 → s3 → s4 → s5 → s6 → s7 → s8 → s9 → … → s4999 → s0")


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), unique=True))
def test_without_the_rows_that_close_a_loop_nothing_loops(rows_of, edges):
    starts, ends = ([str(edge[side]) for edge in edges] for side in (0, 1))
    rows = rows_of("skill_edges", skill_id=starts, precedes_skill_id=ends)
    faults = looping_rows(rows)
    successors = {}
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if row not in faults:
            successors.setdefault(start, []).append(end)
    assert find_cycle(successors) == ()
    everything = {}
    for start, end in zip(starts, ends, strict=True):
        everything.setdefault(start, []).append(end)
    assert bool(faults) == bool(find_cycle(everything))


def test_a_thing_that_leads_to_itself_is_a_loop(rows_of):
    rows = rows_of("skills", skill_id=["a"], parent_id=["a"])
    assert looping_rows(rows) == {0: ("parent_id", "skill parents form a loop: a → a")}


def test_every_loop_costs_one_row(rows_of):
    rows = rows_of(
        "skill_edges",
        skill_id=["a", "b", "c", "d", "a"],
        precedes_skill_id=["b", "a", "d", "c", "c"],
    )
    assert {row: reason for row, (_, reason) in looping_rows(rows).items()} == {
        1: "skill edges form a loop: a → b → a",
        3: "skill edges form a loop: c → d → c",
    }


@pytest.mark.parametrize("strength", [[0.9, 1.0], [0.5, 0.5]])
def test_soft_prerequisites_may_go_round(rows_of, strength):
    rows = rows_of(
        "prerequisites",
        module_id=["m1", "m2"],
        requires_module_id=["m2", "m1"],
        strength=strength,
    )
    assert looping_rows(rows) == {}


def test_skills_required_by_modules_are_no_loop(rows_of):
    rows = rows_of(
        "prerequisites",
        module_id=["m1", "m2"],
        requires_module_id=[None, None],
        requires_skill_id=["m2", "m1"],
    )
    assert looping_rows(rows) == {}
