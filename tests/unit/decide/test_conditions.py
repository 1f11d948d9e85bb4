"""Conditions in CEL: what they may say, and what they say where a fact is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.decide.conditions import (
    MOST_CHARACTERS,
    check_condition,
    holds,
    names_in,
    open_facts,
)
from features.domain.errors import InvalidValueError

FACTS = open_facts({"learner": {"department": "Sales", "grade": "7"}, "tenure_days": 12.5})


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ('learner.department == "Sales"', True),
        ('learner.department == "Care"', False),
        ("tenure_days < 90", True),
        ("tenure_days < 90.0 && learner.department in ['Sales', 'Care']", True),
        ("int(learner.grade) > 5", True),
        ('has(learner.contract) && learner.contract == "apprentice"', False),
        ('learner.contract == "apprentice" || learner.department == "Sales"', True),
    ],
)
def test_conditions_are_asked_of_facts(source, outcome):
    check_condition(source)
    assert holds(source, FACTS) is outcome


@pytest.mark.parametrize(
    "source",
    [
        'learner.contract == "apprentice"',  # not known
        '!(learner.contract == "apprentice")',
        "elsewhere > 3",
        "learner.grade > 5",  # text is no number
        "int(learner.department) > 5",
        "1 / 0 == 1",
        "learner.department",  # no truth value
    ],
)
def test_what_cannot_be_told_is_neither_true_nor_false(source):
    check_condition(source)
    assert holds(source, FACTS) is None


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("learner.department ==", "cannot be read as CEL"),
        ("", "cannot be read as CEL"),
        ("true" + " " * MOST_CHARACTERS, "at most 1,000"),
        ("[1].all(a, [1].all(b, [1].all(c, true)))", "more than 2 times"),
        ("(" * 400 + "true" + ")" * 400, "cannot be read as CEL"),
    ],
)
def test_what_is_no_condition_is_refused(source, words):
    with pytest.raises(InvalidValueError, match=words):
        check_condition(source)


def test_names_are_those_at_the_top():
    source = 'learner.department == "Sales" && tenure_days > 3.0 && done.exists(m, m == "x")'
    assert names_in(source) >= {"learner", "tenure_days", "done"}


@given(st.text(max_size=60))
def test_any_text_is_refused_or_can_be_asked(source):
    try:
        check_condition(source)
    except InvalidValueError:
        return
    assert holds(source, FACTS) in (True, False, None)
