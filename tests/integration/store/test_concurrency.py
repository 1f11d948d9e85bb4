"""Many writers at once: nobody's write is lost, doubled or stuck."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier

import psycopg
import pytest

from features.domain.catalogue import Module, Prerequisite
from features.domain.errors import CycleError, ErasedError
from features.domain.history import Event, Interaction
from features.store import tables
from features.store.workspace import Workspace

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
N_WRITERS = 6


def event(number, learner_id="u1"):
    return Interaction(
        event_id=f"e{number:03}",
        learner_id=learner_id,
        module_id=f"m{number % 5}",
        event=Event.VIEWED,
        at=AT,
    )


def at_once(task, arguments):
    """Run `task` on every argument in a thread of its own, all starting together."""
    barrier = Barrier(len(arguments))

    def start(argument):
        barrier.wait()
        return task(argument)

    with ThreadPoolExecutor(len(arguments)) as threads:
        return list(threads.map(start, arguments))


def test_batches_repeated_at_the_same_time_are_kept_once_and_never_block_for_good(workspace):
    def send(seed):
        accepted = Counter()
        rng = random.Random(seed)
        for _ in range(4):
            numbers = list(range(60))
            rng.shuffle(numbers)
            with workspace.transaction() as repositories:
                accepted.update(repositories.events.add([event(n, f"u{n % 7}") for n in numbers]))
        return accepted

    accepted = sum(at_once(send, range(N_WRITERS)), Counter())
    assert accepted == {f"e{number:03}": 1 for number in range(60)}
    with workspace.reading() as repositories:
        assert repositories.catalogue.revision() == 1
        assert repositories.learners.n_learners() == 7
        stored = [
            one.event_id
            for number in range(7)
            for one in repositories.learners.history(f"u{number}").interactions
        ]
    assert Counter(stored) == accepted


def test_writers_who_name_new_things_in_opposite_orders_never_wait_in_a_circle(database_url):
    """Workers, each with connections of its own, name learners, modules and events all new."""
    rounds = [[event(100 * n + k, f"u{n}-{k}") for k in range(40)] for n in range(6)]
    rounds = [[replace(e, module_id=f"m{e.event_id}") for e in events] for events in rounds]

    def send(writer):
        with Workspace.open(database_url) as workspace:
            n_new = 0
            for events in rounds:
                with workspace.transaction() as repositories:
                    n_new += len(repositories.events.add(events[:: (-1) ** writer]))
            return n_new

    assert sum(at_once(send, range(4))) == 6 * 40


def prepare(workspace):
    """Know all modules and learners already, so that nothing but the events is waited for."""
    with workspace.transaction() as repositories:
        repositories.catalogue.add_bare_modules(f"m{n}" for n in range(5))
        repositories.learners.add_bare_learners(["u1"])


def add_backwards(workspace):
    """Send a thousand events, the last first."""
    with workspace.transaction() as repositories:
        return len(repositories.events.add([event(n) for n in range(999, -1, -1)]))


def insert_backwards(workspace):
    """Import the same events, the last first."""
    columns = ["event_id", "learner_id", "module_id", "event", "at"]
    rows = [(f"e{n:03}", "u1", f"m{n % 5}", "viewed", AT) for n in range(999, -1, -1)]
    with workspace.transaction() as repositories:
        return repositories.bulk.insert_new(tables.interactions, columns, rows)


def test_an_import_and_senders_of_the_same_events_share_them(workspace):
    prepare(workspace)
    writers = [add_backwards, insert_backwards, add_backwards, insert_backwards]
    assert sum(at_once(lambda write: write(workspace), writers)) == 1000
    with workspace.reading() as repositories:
        stored = repositories.learners.history("u1").interactions
    assert sorted(one.event_id for one in stored) == [f"e{n:03}" for n in range(1000)]


@pytest.mark.parametrize("write", [add_backwards, insert_backwards])
def test_writers_of_the_same_events_never_wait_in_a_circle(postgresql_url, write):
    """Stop one writer in the midst of its events, let another come, and let both go on.

    A writer that took events as they arrive would by then hold those the other needs next.
    """
    with (
        Workspace.open(postgresql_url) as workspace,
        psycopg.connect(postgresql_url) as blocker,
        ThreadPoolExecutor(2) as threads,
    ):
        prepare(workspace)
        blocker.execute(
            "INSERT INTO interactions (event_id, learner_id, module_id, event, at)"
            " VALUES ('e500', 'u1', 'm0', 'viewed', 0)"
        )
        first = threads.submit(write, workspace)
        wait_for_blocked(postgresql_url, 1)
        second = threads.submit(add_from_the_start, workspace)
        wait_for_blocked(postgresql_url, 2)
        blocker.rollback()
        assert (first.result(), second.result()) == (1000, 0)


def add_from_the_start(workspace):
    with workspace.transaction() as repositories:
        return len(repositories.events.add([event(n) for n in range(1000)]))


def wait_for_blocked(url, n_connections):
    """Return once so many connections wait for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(400):
            if connection.execute(waiting).fetchone() == (n_connections,):
                return
            time.sleep(0.02)
    pytest.fail(f"{n_connections} connections never waited")


def test_every_change_of_the_catalogue_counts(workspace):
    def put(writer):
        for number in range(5):
            with workspace.transaction() as repositories:
                repositories.catalogue.put_module(
                    Module(module_id=f"m{number}", title=f"by {writer}")
                )

    at_once(put, range(N_WRITERS))
    with workspace.reading() as repositories:
        assert repositories.catalogue.revision() == N_WRITERS * 5
        assert len(repositories.catalogue.load().modules) == 5


def test_two_halves_of_a_loop_put_at_once_are_not_both_kept(workspace):
    def require(pair):
        module_id, required = pair
        needed = (Prerequisite(requires_module_id=required),)
        try:
            with workspace.transaction() as repositories:
                repositories.catalogue.put_module(
                    Module(module_id=module_id, title=module_id, prerequisites=needed)
                )
        except CycleError:
            return "refused"
        return "kept"

    assert sorted(at_once(require, [("m1", "m2"), ("m2", "m1")])) == ["kept", "refused"]
    with workspace.reading() as repositories:
        repositories.catalogue.require_acyclic()


@pytest.mark.parametrize("attempt", range(3))
def test_nothing_stays_of_a_learner_erased_while_events_arrive(workspace, attempt):
    def write(writer):
        if writer == 0:
            with workspace.transaction() as repositories:
                repositories.learners.erase("u1", AT)
            return
        for number in range(10):
            try:
                with workspace.transaction() as repositories:
                    repositories.events.add([event(writer * 100 + number)])
            except ErasedError:
                return

    at_once(write, range(N_WRITERS))
    with workspace.reading() as repositories:
        assert repositories.learners.history("u1").interactions == ()
        assert not repositories.learners.history("u1").is_known
