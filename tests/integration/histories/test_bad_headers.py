"""Headers that are not those of their table are told before any row."""

import pytest

from features.domain.errors import HistoryFolderError
from training.histories.bad_rows import BadRowsError

HEADER = "learner_id,module_id,event,at"


def interactions(*rows, header=HEADER):
    return {"interactions.csv": "\n".join([header, *rows]) + "\n"}


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        (
            "modules",
            "module_id,titel",
            "modules.csv:1 column titel: is unknown: did you mean title?",
        ),
        (
            "roles",
            "role_id,salary",
            "roles.csv:1 column salary: is unknown: roles takes role_id, name",
        ),
        ("modules", "module_id,title,title", "modules.csv:1 column title: is there twice"),
        ("learners", "learner_id,city,city", "learners.csv:1 column city: is there twice"),
        ("learners", "learner_id,,city", "learners.csv:1 column 2: has no name"),
        ("learners", "learner_id,a\x00b", "learners.csv:1 column 2: has a name with a NUL"),
        ("modules", "title", "modules.csv:1 column module_id: is required and missing"),
    ],
)
def test_a_wrong_header_is_named(refusal_of, name, header, expected):
    (told,) = refusal_of({f"{name}.csv": f"{header}\n"})
    assert told.startswith(expected)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_columns_separated_by_something_else_are_explained(refusal_of, separator):
    told = refusal_of({"roles.csv": separator.join(["role_id", "name"])})
    assert told == [
        f"roles.csv:1 column role_id{separator}name: is unknown: separate the columns by commas",
        "roles.csv:1 column role_id: is required and missing",
    ]


def test_all_wrong_headers_are_told_before_any_row(refusal_of):
    told = refusal_of({"roles.csv": "id\n", "skills.csv": "skill_id,foo\n", **interactions("bad")})
    assert told == [
        "roles.csv:1 column id: is unknown: roles takes role_id, name",
        "roles.csv:1 column role_id: is required and missing",
        "skills.csv:1 column foo: is unknown: skills takes skill_id, name, parent_id",
    ]


def test_a_wrong_header_is_not_skipped(folder_of, read, tmp_path):
    folder = folder_of({"modules.csv": "module_id,titel\nm1,One\n"})
    with pytest.raises(BadRowsError, match="cannot be read \\(1 fault\\), nothing was taken"):
        read(folder, tmp_path / "bad.csv")


def test_a_header_that_is_not_utf_8_is_named(refusal_of):
    told = refusal_of({"learners.csv": "learner_id,Größe\nu1,7\n".encode("latin-1")})
    assert told == [
        "learners.csv:1 column 2: has a name that is not valid UTF-8: save the file as UTF-8"
    ]


def test_a_header_with_an_open_quote_is_refused(folder_of, read):
    with pytest.raises(HistoryFolderError, match=r"modules\.csv:1: the header cannot be read: a q"):
        read(folder_of({"modules.csv": '"module_id\n'}))
