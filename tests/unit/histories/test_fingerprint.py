import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from features.domain.catalogue import Catalogue, Module, Skill
from features.encode.ids import IdMap
from training.histories.assemble import EvidenceArrays, InteractionColumns, pass_marks_of
from training.histories.fingerprint import fingerprint

ROWS = [
    ("u1", "m0", 1, 0.25, 60.0),
    ("u2", "m1", 2, None, None),
    ("u1", "m1", 3, 1.0, None),
    ("u1", "m0", 3, None, None),
]
CATALOGUE = Catalogue(
    modules=(Module(module_id="m0", title="Zero"), Module(module_id="m1", title="One")),
    skills=(Skill(skill_id="a", name="A"),),
)
EVIDENCE = EvidenceArrays(
    learner=np.array([0], np.int32),
    skill=np.array([0], np.int32),
    level=np.array([0.5]),
    source=np.array(["self"]),
    at_seconds=np.array([9.0]),
)
ATTRIBUTES = {"region": np.array(["Wales", ""])}


def log_of(rows, catalogue=CATALOGUE):
    learner_ids, module_ids, at, score, duration = zip(*rows, strict=True)
    interactions = InteractionColumns()
    interactions.add(
        {
            "learner_id": pa.array(learner_ids),
            "module_id": pa.array(module_ids),
            "event": pa.array(["scored"] * len(rows)),
            "at": pa.array([instant * 1_000_000 for instant in at]),
            "score": pa.array(score, pa.float64()),
            "success": pa.nulls(len(rows), pa.bool_()),
            "duration_seconds": pa.array(duration, pa.float64()),
        }
    )
    modules = IdMap(module.module_id for module in catalogue.modules)
    return interactions.to_log(modules, pass_marks_of(catalogue))


def hash_of(rows=ROWS, catalogue=CATALOGUE, attributes=ATTRIBUTES, evidence=EVIDENCE):
    return fingerprint(log_of(rows, catalogue), catalogue, attributes, evidence)


def test_it_is_a_sha_256():
    assert re.fullmatch(r"[0-9a-f]{64}", hash_of())
    assert hash_of() == hash_of()


def test_the_order_of_rows_of_other_learners_and_instants_does_not_count():
    other_learner_first = [ROWS[1], ROWS[0], ROWS[2], ROWS[3]]
    later_first = [ROWS[2], ROWS[3], ROWS[0], ROWS[1]]
    assert hash_of(other_learner_first) == hash_of(later_first) == hash_of()


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": ROWS[:3]},
        {"rows": [*ROWS[:3], ("u1", "m0", 4, None, None)]},
        {"rows": [("u1", "m0", 1, 0.75, 60.0), *ROWS[1:]]},
        {"rows": [("u1", "m0", 1, 0.25, 61.0), *ROWS[1:]]},
        {"rows": [*ROWS[:2], ROWS[3], ROWS[2]]},
        {"rows": [("u3" if row[0] == "u2" else row[0], *row[1:]) for row in ROWS]},
        {"catalogue": replace(CATALOGUE, skills=(Skill(skill_id="a", name="B"),))},
        {"attributes": {"region": np.array(["", "Wales"])}},
        {"attributes": {"area": np.array(["Wales", ""])}},
        {"attributes": {}},
        {"evidence": EVIDENCE._replace(level=np.array([0.6]))},
        {"evidence": EVIDENCE._replace(source=np.array(["peer"]))},
    ],
)
def test_any_other_change_counts(changed):
    assert hash_of(**changed) != hash_of()
