"""Rows whose cells cannot be taken are named by file, line, column and reason."""

import pytest

HEADER = "learner_id,module_id,event,at"
GOOD = "u1,m1,passed,2026-02-01T09:00:00Z"


def interactions(*rows, header=HEADER):
    return {"interactions.csv": "\n".join([header, *rows]) + "\n"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("u1,m1,passed,2026-02-01T09:00:00", "column at: '2026-02-01T09:00:00' has no time zone"),
        ("u1,m1,passed,2026-02-01", "column at: '2026-02-01' has no time zone"),
        (
            "u1,m1,passed,2026-03-01T12:05:01Z",
            "column at: 2026-03-01T12:05:01Z is more than five minutes in the future",
        ),
        ("u1,m1,passed,1999999999", "column at: 1999999999 is more than five minutes in the"),
        ("u1,m1,passed,soon", "column at: 'soon' is neither ISO 8601 nor Unix seconds"),
        ("u1,m1,passed,", "column at: is required and empty"),
        ("u1,m1,launched,17", "column event: 'launched' is not one of registered, started,"),
        ("u1,m1,,17", "column event: is required and empty"),
        (",m1,passed,17", "column learner_id: is required and empty"),
        ("u1,,passed,17", "column module_id: is required and empty"),
        (f"{'u' * 201},m1,passed,17", "column learner_id: is longer than 200 characters: uuu"),
        ("u1, ,passed,17", "column module_id: is blank"),
        ("u1,m\x001,passed,17", "column module_id: holds a NUL character"),
        ("u1,m1,passed", ": has 3 cells, the header 4"),
        ("u1,m1,passed,17,9", ": has 5 cells, the header 4"),
        ('u1,"m1"x,passed,17', ": a quote is closed in the middle of a cell"),
        ('u1,"m1,passed,17', ": a quote is opened and never closed"),
    ],
)
def test_a_bad_interaction_is_named_with_line_column_and_reason(refusal_of, row, expected):
    (told,) = refusal_of(interactions(GOOD, GOOD, row))
    separator = "" if expected.startswith(":") else " "
    assert told.startswith(f"interactions.csv:4{separator}{expected}")


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("score", "1.3", "1.3 is outside [0,1]"),
        ("score", "-0.1", "-0.1 is outside [0,1]"),
        ("score", "NaN", "NaN is not a finite number"),
        ("score", "inf", "inf is not a finite number"),
        ("score", "good", "good is not a finite number"),
        ("success", "maybe", "'maybe' is not true or false"),
        ("duration_seconds", "-1", "-1 is negative"),
        ("attempt", "1.5", "1.5 is not a whole number below 2³¹"),
        ("event_id", "e" * 201, f"is longer than 200 characters: {'e' * 60}…"),
    ],
)
def test_a_bad_optional_cell_is_named(refusal_of, column, cell, reason):
    files = interactions(f"{GOOD},", f"{GOOD},{cell}", header=f"{HEADER},{column}")
    assert refusal_of(files) == [f"interactions.csv:3 column {column}: {reason}"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("modules", "module_id,difficulty\nm1,2", "modules.csv:2 column difficulty: 2 is outside"),
        ("modules", "module_id,pass_mark\nm1,50", "modules.csv:2 column pass_mark: 50 is outside"),
        ("modules", "module_id,mandatory\nm1,ja", "modules.csv:2 column mandatory: 'ja' is not"),
        (
            "modules",
            "module_id,active_from\nm1,2026-01-01T00:00:00",
            "modules.csv:2 column active_from: '2026-01-01T00:00:00' has no time zone",
        ),
        ("learners", "learner_id,mentor\nu1,2", "learners.csv:2 column mentor: '2' is not true"),
        (
            "skill_edges",
            "skill_id,precedes_skill_id,strength\na,b,7",
            "skill_edges.csv:2 column strength: 7 is outside [0,1]",
        ),
        (
            "module_skills",
            "module_id,skill_id,weight\nm1,a,-1",
            "module_skills.csv:2 column weight: -1 is outside [0,1]",
        ),
        (
            "role_skills",
            "role_id,skill_id,target\nr,a,1.01",
            "role_skills.csv:2 column target: 1.01 is outside [0,1]",
        ),
        (
            "role_skills",
            "role_id,skill_id,weight\nr,a,-2",
            "role_skills.csv:2 column weight: -2 is negative",
        ),
        (
            "evidence",
            "learner_id,skill_id,level,source,at\nu1,a,1.5,self,17",
            "evidence.csv:2 column level: 1.5 is outside [0,1]",
        ),
        (
            "evidence",
            "learner_id,skill_id,level,source,at\nu1,a,.5,,17",
            "evidence.csv:2 column source: is required and empty",
        ),
        (
            "evidence",
            "learner_id,skill_id,level,source,at\nu1,a,.5,self,2027-01-01T00:00:00Z",
            "evidence.csv:2 column at: 2027-01-01T00:00:00Z is more than five minutes in the",
        ),
        (
            "outcomes",
            "learner_id,metric,value,at\nu1,errors,nan,17",
            "outcomes.csv:2 column value: nan is not a finite number",
        ),
        (
            "assignments",
            "learner_id,module_id,due_at\nu1,m1,tomorrow",
            "assignments.csv:2 column due_at: 'tomorrow' is neither ISO 8601",
        ),
        ("splits", "learner_id,part\nu1,dev", "splits.csv:2 column part: 'dev' is not one of"),
        (
            "prerequisites",
            "module_id,requires_module_id,requires_skill_id\nm1,m0,a",
            "prerequisites.csv:2 column requires_module_id: exactly one of requires_module_id and",
        ),
        (
            "prerequisites",
            "module_id\nm1",
            "prerequisites.csv:2 column requires_module_id: exactly one of requires_module_id and",
        ),
        (
            "prerequisites",
            "module_id,requires_module_id,min_mastery\nm1,m0,.5",
            "prerequisites.csv:2 column min_mastery: belongs to requires_skill_id, which is empty",
        ),
    ],
)
def test_a_bad_row_of_any_table_is_named(refusal_of, name, content, expected):
    (told,) = refusal_of({f"{name}.csv": content})
    assert told.startswith(expected)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "modules",
            "module_id\nm1\nm2\nm1\n",
            "modules.csv:4 column module_id: m1 is on line 2 already",
        ),
        (
            "learners",
            "learner_id\nu1\nu1\n",
            "learners.csv:3 column learner_id: u1 is on line 2 already",
        ),
        ("roles", "role_id\nr\nr\n", "roles.csv:3 column role_id: r is on line 2 already"),
        ("skills", "skill_id\na\na\n", "skills.csv:3 column skill_id: a is on line 2 already"),
        (
            "splits",
            "learner_id,part\nu1,train\nu1,test\n",
            "splits.csv:3 column learner_id: u1 is on line 2 already",
        ),
        (
            "module_skills",
            "module_id,skill_id\nm1,a\nm1,b\nm1,a\n",
            "module_skills.csv:4: m1, a is on line 2 already",
        ),
        (
            "prerequisites",
            "module_id,requires_module_id\nm1,m0\nm1,m0\n",
            "prerequisites.csv:3: m1, m0 is on line 2 already",
        ),
        (
            "assignments",
            "learner_id,module_id\nu1,m1\nu1,m1\n",
            "assignments.csv:3: u1, m1 is on line 2 already",
        ),
        (
            "prerequisites",
            "module_id,requires_module_id\nm1,m2\nm2,m3\nm3,m1\n",
            (
                "prerequisites.csv:4 column requires_module_id: "
                "hard prerequisites form a loop: m1 → m2 → m3 → m1"
            ),
        ),
        (
            "skill_edges",
            "skill_id,precedes_skill_id\na,b\nb,a\n",
            "skill_edges.csv:3 column precedes_skill_id: skill edges form a loop: a → b → a",
        ),
        (
            "skills",
            "skill_id,parent_id\na,b\nb,a\n",
            "skills.csv:3 column parent_id: skill parents form a loop: a → b → a",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_named(refusal_of, name, content, expected):
    assert refusal_of({f"{name}.csv": content}) == [expected]
