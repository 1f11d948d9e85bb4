import pytest

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
        module_id=["m1", "m3", "m2", "m9"],
        requires_module_id=["m2", "m1", "m3", "m1"],
    )
    ((row, (column, reason)),) = looping_rows(rows).items()
    assert (row, column) == (2, "requires_module_id")
    assert reason == "hard prerequisites form a loop: m1 → m2 → m3 → m1"


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
