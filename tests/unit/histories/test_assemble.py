import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.domain.catalogue import Catalogue, Module, Skill
from features.domain.history import Event, Interaction, Learner, LearnerHistory
from features.domain.instants import from_microseconds
from features.encode.ids import IdMap
from features.encode.log import encode_histories
from training.histories.assemble import (
    EvidenceColumns,
    InteractionColumns,
    ProfileColumns,
    align_attributes,
    align_evidence,
    pass_marks_of,
)

MODULE_IDS = IdMap(["m0", "m1", "m2"])
PASS_MARKS = np.array([0.5, 0.6, 0.7])
ARRAYS = (
    "learner",
    "module",
    "event",
    "at_seconds",
    "score",
    "success",
    "duration_seconds",
    "starts",
)
ROWS = st.tuples(
    st.sampled_from(["u2", "u10", "ü", "u1"]),
    st.sampled_from(MODULE_IDS.ids),
    st.sampled_from(list(Event)),
    st.integers(0, 5),
    st.none() | st.sampled_from([0.0, 0.55, 0.65, 1.0]),
    st.none() | st.booleans(),
    st.none() | st.sampled_from([0.0, 61.5]),
)


def batch_of(rows, event_ids=None, attempts=None):
    names = ("learner_id", "module_id", "event", "at", "score", "success", "duration_seconds")
    text, number = pa.string(), pa.float64()
    types = (text, text, text, pa.int64(), number, pa.bool_(), number)
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    batch = {
        name: pa.array(cells, type_)
        for name, cells, type_ in zip(names, columns, types, strict=True)
    }
    if event_ids is None:
        return batch
    attempts = [None] * len(rows) if attempts is None else attempts
    return {
        **batch,
        "event_id": pa.array(event_ids, pa.string()),
        "attempt": pa.array(attempts, pa.int64()),
    }


def interactions_of(*batches):
    interactions = InteractionColumns()
    for batch in batches:
        interactions.add(batch)
    return interactions


@given(st.lists(ROWS, max_size=30), st.integers(0, 30))
def test_columns_and_histories_give_the_same_log(rows, cut):
    log = interactions_of(batch_of(rows[:cut]), batch_of(rows[cut:])).to_log(MODULE_IDS, PASS_MARKS)
    expected = encode_histories(
        [history_of(learner_id, rows) for learner_id in sorted({row[0] for row in rows})],
        MODULE_IDS,
        PASS_MARKS,
    )
    assert log.learner_ids == expected.learner_ids
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(log, name), getattr(expected, name))
        assert getattr(log, name).dtype == getattr(expected, name).dtype


def history_of(learner_id, rows):
    done = [
        Interaction(
            event_id=str(number),
            learner_id=learner_id,
            module_id=module_id,
            event=event,
            at=from_microseconds(at),
            score=score,
            success=success,
            duration_seconds=duration,
        )
        for number, (owner, module_id, event, at, score, success, duration) in enumerate(rows)
        if owner == learner_id
    ]
    in_order = sorted(done, key=lambda interaction: interaction.at)
    return LearnerHistory(learner=Learner(learner_id=learner_id), interactions=tuple(in_order))


def test_of_an_event_that_comes_twice_the_first_wins_across_batches():
    rows = [
        ("u1", "m0", "viewed", 1, None, None, None),
        ("u2", "m1", "viewed", 2, None, None, None),
        ("u3", "m2", "viewed", 3, None, None, None),
        ("u1", "m2", "viewed", 4, None, None, None),
    ]
    log = interactions_of(
        batch_of(rows[:2], ["e1", "e2"]), batch_of(rows[2:], ["e1", "e3"])
    ).to_log(MODULE_IDS, PASS_MARKS)
    assert log.learner_ids.ids == ("u1", "u2")
    assert log.module.tolist() == [0, 2, 1]


@given(st.lists(ROWS, max_size=30), st.integers(0, 30), st.integers(0, 3), st.data())
def test_without_ids_events_are_told_apart_as_by_the_ids_they_would_have(rows, cut, most, data):
    attempts = data.draw(
        st.lists(st.none() | st.integers(0, most), min_size=len(rows), max_size=len(rows))
    )
    nothing = [None] * len(rows)
    compared = interactions_of(
        batch_of(rows[:cut], nothing[:cut], attempts[:cut]),
        batch_of(rows[cut:], nothing[cut:], attempts[cut:]),
    )
    # One given id among them, and all of them are derived and compared as text.
    given_one = batch_of([("u1", "m1", "viewed", 99, None, None, None)], ["e1"])
    derived = interactions_of(
        batch_of(rows[:cut], nothing[:cut], attempts[:cut]),
        batch_of(rows[cut:], nothing[cut:], attempts[cut:]),
        given_one,
    )
    compared.add(given_one | {"event_id": pa.nulls(1, pa.string())})
    one, other = (each.to_log(MODULE_IDS, PASS_MARKS) for each in (compared, derived))
    assert one.learner_ids == other.learner_ids
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_rows_of_one_instant_stay_in_order_of_arrival():
    rows = [("u1", module, "viewed", 9, None, None, None) for module in ("m2", "m0", "m1")]
    log = interactions_of(batch_of(rows)).to_log(MODULE_IDS, PASS_MARKS)
    assert log.module.tolist() == [2, 0, 1]


def test_pass_marks_follow_the_catalogue():
    modules = (
        Module(module_id="m0", title="0"),
        Module(module_id="m1", title="1", pass_mark=0.8),
    )
    assert pass_marks_of(Catalogue(modules=modules)).tolist() == [0.5, 0.8]


def test_attributes_are_brought_into_the_order_of_the_log():
    attributes = align_attributes(
        IdMap(["u1", "u2", "u3"]),
        ProfileColumns(
            learner_id=["u3", "stranger", "u1"],
            attributes={
                "region": ["Wales", "Kent", None],
                "department": ["", "Sales", None],
                "bio": ["x" * 300, None, "short"],
            },
        ),
    )
    assert list(attributes) == ["bio", "region"]
    assert attributes["region"].tolist() == ["", "", "Wales"]
    assert attributes["bio"].tolist() == ["short", "", "x" * 200]


def test_evidence_about_learners_of_the_log_is_sorted():
    catalogue = Catalogue(skills=(Skill(skill_id="a", name="A"), Skill(skill_id="b", name="B")))
    evidence = align_evidence(
        EvidenceColumns(
            learner_id=["u2", "stranger", "u1", "u1"],
            skill_id=["a", "a", "b", "a"],
            level=[0.1, 0.2, 0.3, 0.4],
            source=["self", "self", "peer", "peer"],
            at=[5_000_000, 1, 7_500_000, 7_500_000],
        ),
        IdMap(["u1", "u2"]),
        catalogue,
    )
    assert evidence.learner.tolist() == [0, 0, 1]
    assert evidence.skill.tolist() == [0, 1, 0]
    assert evidence.level.tolist() == [0.4, 0.3, 0.1]
    assert evidence.source.tolist() == ["peer", "peer", "self"]
    assert evidence.at_seconds.tolist() == [7.5, 7.5, 5.0]


def test_no_evidence_is_no_rows():
    nothing = EvidenceColumns(learner_id=[], skill_id=[], level=[], source=[], at=[])
    evidence = align_evidence(nothing, IdMap(["u1"]), Catalogue())
    assert [len(array) for array in evidence] == [0, 0, 0, 0, 0]
    assert evidence.learner.dtype == np.int32
