import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.domain.history import Event, derive_event_id
from features.domain.instants import from_microseconds
from training.histories.cells import ARROW_TYPES
from training.histories.events import event_ids
from training.histories.rows import Rows
from training.histories.schema import INTERACTIONS

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
EVENTS = st.tuples(
    IDS,
    IDS,
    st.sampled_from(list(Event)).map(str),
    st.integers(-(10**15), 4 * 10**15),
    st.none() | st.integers(0, 2**31 - 1),
    st.none() | IDS,
)


def rows_of(events):
    names = ("learner_id", "module_id", "event", "at", "attempt", "event_id")
    columns = list(zip(*events, strict=True)) or [()] * len(names)
    return Rows(
        table=INTERACTIONS,
        file="interactions.csv",
        lines=np.arange(len(events)),
        columns={
            name: pa.array(column, ARROW_TYPES[INTERACTIONS.column(name).kind])
            for name, column in zip(names, columns, strict=True)
        },
    )


@given(st.lists(EVENTS))
def test_ids_are_those_of_the_domain_where_none_is_given(events):
    expected = [
        given_id or derive_event_id(learner, module, event, from_microseconds(at), attempt)
        for learner, module, event, at, attempt, given_id in events
    ]
    assert event_ids(rows_of(events)).to_pylist() == expected


def test_given_ids_are_kept():
    rows = rows_of([("u1", "m1", "passed", 0, None, "e1"), ("u1", "m1", "passed", 0, None, "e2")])
    assert event_ids(rows).to_pylist() == ["e1", "e2"]


def test_files_without_attempts_and_ids_have_the_ids_of_empty_ones():
    rows = rows_of([("u1", "m1", "passed", 5, None, None)])
    bare = Rows(
        table=rows.table,
        file=rows.file,
        lines=rows.lines,
        columns={name: rows.columns[name] for name in ("learner_id", "module_id", "event", "at")},
    )
    assert event_ids(bare).to_pylist() == event_ids(rows).to_pylist()
