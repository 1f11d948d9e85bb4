from datetime import UTC, datetime

import pytest

from features.domain.catalogue import Module
from features.domain.errors import InvalidValueError
from features.domain.history import Event, Interaction, Learner
from features.store import tables
from features.store.workspace import Workspace

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
COLUMNS = ["event_id", "learner_id", "module_id", "event", "at", "score", "success"]


def row(event_id, learner_id="u1", at=AT):
    return (event_id, learner_id, "m1", "completed", at, 1 / 3, True)


def ids(workspace):
    with workspace.reading() as repositories:
        chunks = repositories.bulk.read_columns(tables.interactions, ["event_id"], ["sequence"])
        return [event_id for chunk in chunks for event_id in chunk["event_id"]]


def test_rows_are_stored_as_repositories_read_them(workspace):
    columns = [*COLUMNS, "duration_seconds", "attempt", "comment"]
    rows = [
        (*row("e1"), 12.5, 2, 'a "quoted", \\ tabbed\t and\nbroken text'),
        (*row("e2"),) + (None,) * 3,
    ]
    with workspace.transaction() as repositories:
        assert repositories.bulk.insert_new(tables.interactions, columns, rows) == 2
    with workspace.reading() as repositories:
        first, second = repositories.learners.history("u1").interactions
    assert first == Interaction(
        event_id="e1",
        learner_id="u1",
        module_id="m1",
        event=Event.COMPLETED,
        at=AT,
        score=1 / 3,
        success=True,
        duration_seconds=12.5,
        attempt=2,
        comment='a "quoted", \\ tabbed\t and\nbroken text',
    )
    assert (second.duration_seconds, second.attempt, second.comment) == (None, None, None)


def test_rows_keep_their_order_of_arrival_and_the_first_of_a_key_wins(workspace):
    first = [row("e9"), row("e1"), row("e9", "u2"), row("e5")]
    second = [row("e7"), row("e1", "u2"), row("e0")]
    with workspace.transaction() as repositories:
        assert repositories.bulk.insert_new(tables.interactions, COLUMNS, iter(first)) == 3
        assert repositories.bulk.insert_new(tables.interactions, COLUMNS, iter(second)) == 2
        assert repositories.bulk.insert_new(tables.interactions, COLUMNS, iter(second)) == 0
        assert repositories.bulk.insert_new(tables.interactions, COLUMNS, []) == 0
    assert ids(workspace) == ["e9", "e1", "e5", "e7", "e0"]
    with workspace.reading() as repositories:
        assert repositories.learners.history("u2").interactions == ()


def test_rows_and_events_are_numbered_together(workspace):
    def event(event_id):
        return Interaction(
            event_id=event_id, learner_id="u1", module_id="m1", event=Event.VIEWED, at=AT
        )

    with workspace.transaction() as repositories:
        repositories.bulk.insert_new(tables.interactions, COLUMNS, [row("e5"), row("e4")])
        repositories.events.add([event("e3"), event("e2")])
        repositories.bulk.insert_new(tables.interactions, COLUMNS, [row("e1")])
    assert ids(workspace) == ["e5", "e4", "e3", "e2", "e1"]


def test_what_was_inserted_is_gone_after_an_exception(workspace):
    def write_and_fail():
        with workspace.transaction() as repositories:
            repositories.bulk.insert_new(tables.interactions, COLUMNS, [row("e1")])
            message = "bad row"
            raise ZeroDivisionError(message)

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert ids(workspace) == []


def test_rows_that_fail_half_way_leave_nothing_and_the_workspace_usable(workspace):
    def broken():
        yield row("e1")
        message = "truncated file"
        raise EOFError(message)

    with (
        pytest.raises(EOFError, match="truncated file"),
        workspace.transaction() as repositories,
    ):
        repositories.bulk.insert_new(tables.interactions, COLUMNS, broken())
    assert ids(workspace) == []


def test_defaults_fill_columns_that_rows_leave_out(workspace):
    with workspace.transaction() as repositories:
        repositories.bulk.upsert(tables.modules, ["module_id", "title"], [("m1", "One")])
        repositories.bulk.upsert(tables.learners, ["learner_id", "role_id"], [("u1", "clerk")])
    with workspace.reading() as repositories:
        assert repositories.catalogue.get_module("m1") == Module(module_id="m1", title="One")
        assert repositories.learners.get("u1") == Learner(learner_id="u1", role_id="clerk")


def test_sets_documents_and_instants_are_given_as_the_domain_has_them(workspace):
    columns = ["learner_id", "needs", "attributes", "hired_at", "mentor"]
    rows = [("u1", frozenset({"captions"}), {"team": "north"}, AT, True)]
    with workspace.transaction() as repositories:
        repositories.bulk.upsert(tables.learners, columns, rows)
    with workspace.reading() as repositories:
        assert repositories.learners.get("u1") == Learner(
            learner_id="u1",
            needs=frozenset({"captions"}),
            attributes={"team": "north"},
            hired_at=AT,
            mentor=True,
        )


def test_an_upsert_overwrites_only_what_rows_hold_and_the_last_wins(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(
            Module(module_id="m1", title="One", url="u", language="de")
        )
        repositories.bulk.upsert(
            tables.modules,
            ["module_id", "title", "language"],
            [("m1", "Two", "en"), ("m2", "Other", None), ("m1", "Three", None)],
        )
    with workspace.reading() as repositories:
        assert repositories.catalogue.load().modules == (
            Module(module_id="m1", title="Three", url="u", language=None),
            Module(module_id="m2", title="Other"),
        )


def test_columns_to_keep_are_for_new_rows_only(workspace):
    columns, rows = ["module_id", "title", "difficulty"], [("m1", "m1", 0.4), ("m2", "m2", 0.6)]
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(Module(module_id="m1", title="One"))
        repositories.bulk.upsert(tables.modules, columns, rows, keep=["title"])
    with workspace.reading() as repositories:
        titles = [(m.title, m.difficulty) for m in repositories.catalogue.load().modules]
    assert titles == [("One", 0.4), ("m2", 0.6)]


def test_an_upsert_of_what_is_stored_already_writes_nothing(workspace):
    columns = ["module_id", "title", "accessibility", "updated_at"]
    rows = [("m1", "One", frozenset({"b", "a"}), AT), ("m2", "Two", frozenset(), None)]
    with workspace.transaction() as repositories:
        assert repositories.bulk.upsert(tables.modules, columns, rows) == 2
        assert repositories.bulk.upsert(tables.modules, columns, rows) == 0
        assert repositories.bulk.upsert(tables.module_skills, ["module_id", "skill_id"], []) == 0


def test_bulk_writes_to_the_catalogue_raise_its_revision(workspace):
    edge = ["skill_id", "precedes_skill_id", "strength"]
    for expected in (1, 1):  # the second time nothing is new
        with workspace.transaction() as repositories:
            repositories.bulk.upsert(tables.modules, ["module_id", "title"], [("m1", "One")])
            repositories.bulk.insert_new(tables.skill_edges, edge, [("a", "b", 1.0)])
            repositories.bulk.insert_new(tables.interactions, COLUMNS, [row("e1")])
            assert repositories.catalogue.revision() == expected


def test_rows_told_apart_by_their_whole_key_can_be_upserted(workspace):
    columns = ["module_id", "requires_module_id"]
    with workspace.transaction() as repositories:
        repositories.bulk.upsert(tables.prerequisites, columns, [("m2", "m1"), ("m2", "m1")])
        assert repositories.bulk.upsert(tables.prerequisites, columns, [("m2", "m1")]) == 0
        repositories.catalogue.put_module(Module(module_id="m2", title="Two"))


def test_columns_are_read_as_stored_in_chunks(workspace):
    n_rows = 45_000
    with workspace.transaction() as repositories:
        repositories.bulk.insert_new(
            tables.interactions,
            COLUMNS,
            ((f"e{i}", "u1", f"m{i % 3}", "viewed", i, None, i % 2 == 0) for i in range(n_rows)),
        )
    with workspace.reading() as repositories:
        chunks = list(
            repositories.bulk.read_columns(
                tables.interactions, ["at", "module_id", "score", "success"], ["sequence"]
            )
        )
    assert [len(chunk["at"]) for chunk in chunks] == [20_000, 20_000, 5_000]
    assert [at for chunk in chunks for at in chunk["at"]] == list(range(n_rows))
    assert chunks[0]["module_id"][:4] == ["m0", "m1", "m2", "m0"]
    assert chunks[0]["score"][0] is None
    assert chunks[0]["success"][:2] == [True, False]


def test_an_empty_table_is_no_chunks(workspace):
    with workspace.reading() as repositories:
        chunks = repositories.bulk.read_columns(tables.outcomes, ["value"], ["sequence"])
        assert list(chunks) == []


def test_reading_may_stop_early(workspace):
    with workspace.transaction() as repositories:
        repositories.bulk.insert_new(tables.interactions, COLUMNS, [row("e1"), row("e2")])
    with workspace.reading() as repositories:
        next(repositories.bulk.read_columns(tables.interactions, ["at"], ["sequence"]))
        assert repositories.learners.n_learners() == 0


def test_a_text_postgresql_cannot_hold_is_the_senders_fault(postgresql_url):
    with Workspace.open(postgresql_url) as workspace:
        with (
            pytest.raises(InvalidValueError, match="cannot be stored"),
            workspace.transaction() as repositories,
        ):
            repositories.bulk.insert_new(tables.interactions, COLUMNS, [row("nul \x00")])
        assert ids(workspace) == []
