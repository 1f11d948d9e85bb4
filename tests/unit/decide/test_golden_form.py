"""The file of golden learners: its form, and what is read from it."""

import json
from datetime import UTC, datetime

import pytest

from features.domain.errors import InvalidValueError
from features.golden_form import read_golden

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
WANTS_ALGEBRA = {"learners": [{"name": "Ada", "expect": [{"any_of": ["algebra"], "within": 1}]}]}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "golden.json"


FAULTS = [
    ("[", "file: Invalid JSON"),
    (
        {"learners": [{"name": "Ada", "expect": [{"within": 3}]}]},
        r"learners\.0\.expect\.0: .*any_of",
    ),
    (
        {"learners": [{"name": "Ada", "expect": [{"any_of": ["a"], "none_of": ["b"]}]}]},
        r"learners\.0\.expect\.0: .*either any_of or none_of",
    ),
    ({"learners": [{"name": "Ada", "expect": []}]}, r"learners\.0\.expect: "),
    ({"learners": WANTS_ALGEBRA["learners"] * 2}, "two learners are called Ada"),
    (
        {"learners": [{**WANTS_ALGEBRA["learners"][0], "events": [{"module_id": "a"}]}]},
        r"learners\.0\.events\.0\.event: .*required",
    ),
]


@pytest.mark.parametrize(("document", "fault"), FAULTS)
def test_a_file_of_another_form_is_refused_with_its_place(file, document, fault):
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(InvalidValueError, match=rf"golden\.json: .*{fault}.*unset WAYMARK_GOLDEN"):
        read_golden(file, NOW)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidValueError, match=r"none\.json cannot be read: No such file"):
        read_golden(tmp_path / "none.json", NOW)


def test_ages_are_counted_back_from_now(file):
    event = {"module_id": "algebra", "event": "failed", "days_ago": 2, "score": 0.2}
    evidence = {"skill_id": "all", "level": 0.4, "days_ago": 0.5}
    document = {
        "learners": [
            {
                **WANTS_ALGEBRA["learners"][0],
                "role_id": "clerk",
                "events": [{**event, "days_ago": 1}, event],
                "evidence": [evidence],
            }
        ]
    }
    file.write_text(json.dumps(document))
    history = read_golden(file, NOW)[0].history
    assert [str(each.at) for each in history.interactions] == [
        "2026-02-27 09:00:00+00:00",
        "2026-02-28 09:00:00+00:00",
    ]
    assert str(history.evidence[0].at) == "2026-02-28 21:00:00+00:00"
    assert history.learner.role_id == "clerk"
