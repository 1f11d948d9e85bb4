"""Conditions in CEL: what they may say, and what they say where a fact is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.decide.conditions import (
    MOST_CHARACTERS,
    Facts,
    check_condition,
    compile_all,
    holds,
    mentions,
    names_in,
)
from features.domain.errors import InvalidValueError

FACTS = Facts({"learner": {"department": "Sales", "grade": "7"}, "tenure_days": 12.5})


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


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ('mastery["sql"] < 0.5', {"sql"}),
        ("mastery.sql < 0.5 && mastery['excel'] > 0.1", {"sql", "excel"}),
        ("has(mastery.sql) && (true || 'excel' in mastery)", {"sql", "excel"}),
        ("learner.mastery == 'sql'", None),
        ("mastery[learner.skill] > 0.5", None),
        ("mastery.exists(key, mastery[key] > 0.5)", None),
        ("['sql'].exists(mastery, mastery == 'sql') && has(mastery.excel)", None),
        ("size(mastery) > 3", None),
        ("mastery.size() > 3 && mastery.sql > 0.2", None),
        ("'s' + 'ql' in mastery", None),
        ("mastery == {'sql': 1.0}", None),
        (r"mastery['s\x71l'] < 0.5", None),
        ("mastery['''sql'''] < 0.5", None),
        ("mastery[r'sql'] < 0.5", None),
        ("mastery.sql < 0.5 // mastery['excel']", None),
    ],
)
def test_only_entries_that_a_condition_names_are_looked_at(source, keys):
    looked_at = mentions((("tenure_days > 1.0",), (source,))).keys
    assert looked_at.get("mastery") == (None if keys is None else frozenset(keys))


def test_entries_named_by_several_conditions_are_looked_at_together():
    several = (("mastery.sql < 0.5", "'m1' in done"), ("'m2' in done || mastery.excel < 0.5",))
    assert mentions(several).keys == {"mastery": {"sql", "excel"}, "done": {"m1", "m2"}}


LEVELS = {"sql": 0.4, "excel": 0.9}


@pytest.mark.parametrize(
    "source",
    [
        "mastery.sql < 0.5",
        "mastery['word'] < 0.5",
        "has(mastery.excel) && !('word' in mastery)",
        "mastery.exists(key, mastery[key] > 0.5)",
        "size(mastery) == 2",
    ],
)
def test_a_condition_holds_alike_with_no_more_than_it_looks_at(source):
    keys = mentions(((source,),)).keys.get("mastery", frozenset(LEVELS))
    narrow = {key: level for key, level in LEVELS.items() if key in keys}
    assert holds(source, Facts({"mastery": narrow})) == holds(source, Facts({"mastery": LEVELS}))


def test_what_does_not_compile_keeps_no_other_condition_from_being_made_ready():
    compile_all(("1 +", "tenure_days > 1.0"))
    assert holds("1 +", FACTS) is None
    assert holds("tenure_days > 1.0", FACTS) is True
