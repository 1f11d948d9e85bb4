from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from features.domain.catalogue import Module
from features.domain.errors import ErasedError
from features.domain.history import Event, Evidence, Interaction, Learner, Outcome

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)

INTERACTION = Interaction(
    event_id="e1",
    learner_id="u1",
    module_id="m1",
    event=Event.SCORED,
    at=AT,
    score=1 / 3,
    success=False,
    duration_seconds=61.5,
    attempt=2,
    comment="näher an 中文",
    recommendation_id="rec_1",
)
EVIDENCE = Evidence(learner_id="u1", skill_id="sql", level=0.4, source="manager", at=AT)
OUTCOME = Outcome(learner_id="u1", metric="errors", value=3.0, at=AT)


def event(event_id, **changes):
    return replace(INTERACTION, event_id=event_id, **changes)


def events_of(workspace, learner_id="u1"):
    with workspace.reading() as repositories:
        return repositories.learners.history(learner_id).interactions


def test_an_event_is_kept_as_it_came(workspace):
    with workspace.transaction() as repositories:
        assert repositories.events.add([INTERACTION]) == {"e1"}
    assert events_of(workspace) == (INTERACTION,)


@pytest.mark.parametrize("kind", list(Event))
def test_every_kind_of_event_is_kept(workspace, kind):
    with workspace.transaction() as repositories:
        repositories.events.add([event("e1", event=kind)])
    assert events_of(workspace)[0].event is kind


def test_the_first_of_an_id_wins_within_a_batch_and_between_batches(workspace):
    with workspace.transaction() as repositories:
        first = [event("e1", module_id="m1"), event("e1", module_id="m2"), event("e2")]
        assert repositories.events.add(first) == {"e1", "e2"}
    with workspace.transaction() as repositories:
        assert repositories.events.add([event("e1", module_id="m3"), event("e3")]) == {"e3"}
    assert [(e.event_id, e.module_id) for e in events_of(workspace)] == [
        ("e1", "m1"),
        ("e2", "m1"),
        ("e3", "m1"),
    ]


def test_what_only_a_duplicate_names_does_not_exist(workspace):
    with workspace.transaction() as repositories:
        repositories.events.add([event("e1")])
        repositories.events.add([event("e1", module_id="m2", learner_id="u2")])
    with workspace.reading() as repositories:
        assert [m.module_id for m in repositories.catalogue.load().modules] == ["m1"]
        assert repositories.learners.get("u2") is None


def test_events_of_one_instant_keep_their_order_of_arrival(workspace):
    with workspace.transaction() as repositories:
        repositories.events.add([event(one) for one in ("e9", "e2", "e5")])
        repositories.events.add([event(one) for one in ("e1", "e7")])
    assert [e.event_id for e in events_of(workspace)] == ["e9", "e2", "e5", "e1", "e7"]


def test_events_are_ordered_by_their_instant(workspace):
    late, early = event("e1", at=AT + timedelta(days=1)), event("e2", at=AT)
    with workspace.transaction() as repositories:
        repositories.events.add([late, early])
    assert events_of(workspace) == (early, late)


def test_ordinals_are_kept_as_order(workspace):
    ordinal = event("e1", at=datetime(1970, 1, 1, 0, 0, 17, tzinfo=UTC))
    with workspace.transaction() as repositories:
        repositories.events.add([ordinal])
    assert events_of(workspace) == (ordinal,)


def test_no_events_are_no_work(workspace):
    with workspace.transaction() as repositories:
        assert repositories.events.add([]) == frozenset()
        assert repositories.events.add_evidence([]) == 0
        assert repositories.events.add_outcomes([]) == 0


def test_modules_that_only_events_name_exist_with_their_id_as_title(workspace):
    with workspace.transaction() as repositories:
        repositories.catalogue.put_module(Module(module_id="m1", title="Described"))
    with workspace.transaction() as repositories:
        repositories.events.add([event("e1"), event("e2", module_id="m2")])
    with workspace.reading() as repositories:
        titles = {m.module_id: m.title for m in repositories.catalogue.load().modules}
    assert titles == {"m1": "Described", "m2": "m2"}


def test_the_revision_rises_only_for_modules_that_are_new(workspace):
    with workspace.transaction() as repositories:
        repositories.events.add([event("e1")])
        assert repositories.catalogue.revision() == 1
    with workspace.transaction() as repositories:
        repositories.events.add([event("e2")])
        assert repositories.catalogue.revision() == 1


def test_learners_that_only_events_name_are_known(workspace):
    with workspace.transaction() as repositories:
        repositories.events.add([event("e1")])
        repositories.events.add_evidence([replace(EVIDENCE, learner_id="u2")])
        repositories.events.add_outcomes([replace(OUTCOME, learner_id="u3")])
    with workspace.reading() as repositories:
        assert repositories.learners.n_learners() == 3
        assert repositories.learners.get("u1") == Learner(learner_id="u1")


def test_events_do_not_touch_a_profile(workspace):
    described = Learner(learner_id="u1", role_id="analyst", needs=frozenset({"captions"}))
    with workspace.transaction() as repositories:
        repositories.learners.put(described)
        repositories.events.add([event("e1")])
    with workspace.reading() as repositories:
        assert repositories.learners.get("u1") == described


def test_a_thousand_events_are_one_batch(workspace):
    batch = [event(f"e{i}", module_id=f"m{i % 7}") for i in range(1000)]
    with workspace.transaction() as repositories:
        assert len(repositories.events.add(batch)) == 1000
        assert repositories.events.add(batch) == frozenset()
    assert events_of(workspace) == tuple(batch)


def test_evidence_is_kept_once_by_learner_skill_source_and_instant(workspace):
    others = [
        replace(EVIDENCE, level=0.9),  # the same judgement again: the first wins
        replace(EVIDENCE, skill_id="joins"),
        replace(EVIDENCE, source="self"),
        replace(EVIDENCE, at=AT + timedelta(seconds=1)),
    ]
    with workspace.transaction() as repositories:
        assert repositories.events.add_evidence([EVIDENCE, *others]) == 4
        assert repositories.events.add_evidence([EVIDENCE, *others]) == 0
    with workspace.reading() as repositories:
        kept = repositories.learners.history("u1").evidence
    assert len(kept) == 4
    assert EVIDENCE in kept
    assert kept[-1] == others[-1]


def test_outcomes_are_kept_once_by_learner_metric_and_instant(workspace):
    others = [replace(OUTCOME, value=9.0), replace(OUTCOME, metric="productivity")]
    with workspace.transaction() as repositories:
        assert repositories.events.add_outcomes([OUTCOME, *others]) == 2
        assert repositories.events.add_outcomes([OUTCOME, *others]) == 0
    with workspace.reading() as repositories:
        kept = repositories.learners.export("u1")["outcomes"]
    assert [(o["metric"], o["value"]) for o in kept] == [("errors", 3.0), ("productivity", 3.0)]


def test_nothing_more_is_taken_about_an_erased_learner(workspace):
    with workspace.transaction() as repositories:
        repositories.learners.erase("u1", AT)
    writes = [
        lambda r: r.events.add([event("e1", module_id="m9"), event("e2", learner_id="u2")]),
        lambda r: r.events.add_evidence([EVIDENCE]),
        lambda r: r.events.add_outcomes([OUTCOME]),
    ]
    for write in writes:
        with workspace.transaction() as repositories, pytest.raises(ErasedError, match="u1"):
            write(repositories)
    with workspace.reading() as repositories:
        assert repositories.learners.n_learners() == 0
        assert repositories.catalogue.load().modules == ()
