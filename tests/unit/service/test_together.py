"""Several threads ask at once; how the runs fall is steered by gates, never by the clock."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, get_ident

import pytest

from service.together import Together


class Gate:
    """Doubles numbers; the first run says that it has begun and waits until it may end."""

    def __init__(self):
        self.runs = []
        self.has_begun, self.may_end = Event(), Event()

    def run(self, asked):
        self.runs.append(list(asked))
        if len(self.runs) == 1:
            self.has_begun.set()
            assert self.may_end.wait(10)
        return [2 * one for one in asked]


def ask_during_a_run(together, gate, threads, numbers):
    """Ask for 0 and, while that runs, for each number, one after the other; let all end."""
    first = threads.submit(together.ask, 0)
    assert gate.has_begun.wait(10)
    others = []
    for n_waiting, number in enumerate(numbers, start=1):
        others.append(threads.submit(together.ask, number))
        while together.n_waiting < n_waiting:
            pass
    gate.may_end.set()
    return [first, *others]


@pytest.fixture
def threads():
    with ThreadPoolExecutor(32) as threads:
        yield threads


def test_a_lone_caller_runs_at_once_and_in_its_own_thread():
    ran_in = []
    together = Together(lambda asked: [ran_in.append(get_ident()) or one + 1 for one in asked], 8)
    assert [together.ask(1), together.ask(2)] == [2, 3]
    assert ran_in == [get_ident(), get_ident()]


def test_those_who_come_during_a_run_are_one_group_in_their_order(threads):
    gate = Gate()
    asked = ask_during_a_run(Together(gate.run, 8), gate, threads, [3, 1, 2])
    assert [one.result() for one in asked] == [0, 6, 2, 4]
    assert gate.runs == [[0], [3, 1, 2]]


def test_a_group_is_bounded_and_the_rest_are_the_next(threads):
    gate = Gate()
    together = Together(gate.run, 2)
    asked = ask_during_a_run(together, gate, threads, [1, 2, 3, 4, 5])
    assert [one.result() for one in asked] == [0, 2, 4, 6, 8, 10]
    assert gate.runs == [[0], [1, 2], [3, 4], [5]]
    assert together.n_waiting == 0


def test_an_exception_in_place_of_an_answer_reaches_its_caller_alone(threads):
    gate = Gate()

    def run(asked):
        return [LookupError(one) if one == 2 else one for one in gate.run(asked)]

    zero, one, two = ask_during_a_run(Together(run, 8), gate, threads, [1, 2])
    with pytest.raises(LookupError, match="2"):
        one.result()
    assert (zero.result(), two.result()) == (0, 4)
    assert len(gate.runs) == 2


def test_where_a_run_raises_each_is_run_by_itself(threads):
    gate = Gate()

    def run(asked):
        answers = gate.run(asked)
        if 2 in asked:
            raise LookupError("2 cannot be done")
        return answers

    *good, bad = ask_during_a_run(Together(run, 8), gate, threads, [1, 3, 2])
    with pytest.raises(LookupError, match="2 cannot be done"):
        bad.result()
    assert [one.result() for one in good] == [0, 2, 6]
    assert gate.runs == [[0], [1, 3, 2], [1], [3], [2]]


def test_what_is_broken_off_stops_nobody_who_comes_later(threads):
    gate = Gate()

    def run(asked):
        answers = gate.run(asked)
        if 0 in asked:
            raise KeyboardInterrupt
        return answers

    interrupted, waiting = ask_during_a_run(Together(run, 1), gate, threads, [1])
    with pytest.raises(KeyboardInterrupt):
        interrupted.result()
    assert waiting.result() == 2


def test_no_caller_is_forgotten_or_given_what_another_asked_for(threads):
    runs = []

    def run(asked):
        runs.append(len(asked))
        return [2 * one for one in asked]

    together, barrier = Together(run, 5), Barrier(32)

    def ask_often(thread):
        barrier.wait()
        numbers = range(1_000 * thread, 1_000 * thread + 200)
        return [together.ask(number) for number in numbers] == [2 * number for number in numbers]

    assert all(threads.map(ask_often, range(32)))
    assert sum(runs) == 32 * 200
    assert max(runs) <= 5
