import asyncio
import threading
from contextvars import ContextVar

import pytest

from features.domain.errors import ErasedError, OverloadedError, StoreUnavailableError
from service.desk import MOST_TOGETHER, Desk

WHOSE = ContextVar("WHOSE", default=None)


class Clerk:
    """Doubles numbers, remembers how they came and for whom, and can be made to wait."""

    def __init__(self):
        self.batches = []
        self.told_of = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, asked):
        self.batches.append(list(asked))
        self.told_of.append(WHOSE.get())
        if 1 in asked:
            self.may_go_on.wait(10)
        if 7 in asked:
            raise ZeroDivisionError
        if 9 in asked:
            raise StoreUnavailableError("away")
        return [ErasedError.of("u") if each == 0 else 2 * each for each in asked]


async def ask_as_whoever_it_is(desk, asked):
    WHOSE.set(asked)
    return await desk.ask(asked)


async def set_to_work(desk, clerk):
    """Ask for 1 and return once a clerk works at it, which lasts until it may go on."""
    clerk.may_go_on.clear()
    busy = asyncio.create_task(desk.ask(1))
    while not clerk.batches:
        await asyncio.sleep(0.001)
    return busy


async def ask_while_one_is_at_work(desk, clerk, asked):
    """Ask for 1, and then, while a clerk works at it, for all of `asked`."""
    busy = await set_to_work(desk, clerk)
    waiting = [asyncio.create_task(ask_as_whoever_it_is(desk, each)) for each in asked]
    await asyncio.sleep(0)
    clerk.may_go_on.set()
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    await busy
    return answers


@pytest.fixture
def clerk():
    return Clerk()


@pytest.fixture
def desk(clerk):
    desk = Desk(clerk, "test", patience_seconds=60)
    yield desk
    desk.close()


def test_a_lone_question_is_answered_by_itself(desk, clerk):
    assert asyncio.run(desk.ask(4)) == 8
    assert clerk.batches == [[4]]


def test_what_waits_is_answered_together(desk, clerk):
    assert asyncio.run(ask_while_one_is_at_work(desk, clerk, [2, 3, 4])) == [4, 6, 8]
    assert clerk.batches[1:] == [[2, 3, 4]]


def test_who_was_answered_together_is_waited_for_to_be_answered_together_again(clerk):
    async def ask_again(asked):
        await asyncio.sleep(0.001 * (asked - 2))  # one after the other
        return await desk.ask(10 * asked)

    async def ask():
        await ask_while_one_is_at_work(desk, clerk, [2, 3, 4])
        return await asyncio.gather(*map(ask_again, [2, 3, 4]))

    desk = Desk(clerk, "test", patience_seconds=60, silence_seconds=30)
    assert asyncio.run(ask()) == [40, 60, 80]
    desk.close()
    assert sorted(clerk.batches[2]) == [20, 30, 40]


def test_who_comes_alone_after_others_is_not_kept_waiting(desk, clerk):
    async def ask():
        await ask_while_one_is_at_work(desk, clerk, [2, 3, 4])
        return await desk.ask(5)

    assert asyncio.run(ask()) == 10
    assert clerk.batches[1:] == [[2, 3, 4], [5]]


def test_another_clerk_helps_where_one_is_kept_waiting(clerk):
    async def ask():
        kept_waiting = await set_to_work(desk, clerk)
        helped = [await desk.ask(each) for each in (2, 3)]
        clerk.may_go_on.set()
        return [await kept_waiting, *helped]

    desk = Desk(clerk, "test", patience_seconds=60, help_after_seconds=0.01)
    assert asyncio.run(ask()) == [2, 4, 6]
    desk.close()


def test_no_more_than_so_many_at_once(desk, clerk):
    asked = list(range(1_000, 1_000 + MOST_TOGETHER + 5))
    answers = asyncio.run(ask_while_one_is_at_work(desk, clerk, asked))
    assert answers == [2 * each for each in asked]
    assert sorted(len(each) for each in clerk.batches[1:]) == [5, MOST_TOGETHER]


def test_an_error_as_an_answer_is_raised_for_who_asked_alone(desk, clerk):
    answers = asyncio.run(ask_while_one_is_at_work(desk, clerk, [2, 0, 3]))
    assert answers[::2] == [4, 6]
    assert isinstance(answers[1], ErasedError)


def test_where_a_batch_fails_each_is_asked_by_itself(desk, clerk):
    answers = asyncio.run(ask_while_one_is_at_work(desk, clerk, [2, 7, 3]))
    assert answers[::2] == [4, 6]
    assert isinstance(answers[1], ZeroDivisionError)
    assert clerk.batches[1:] == [[2, 7, 3], [2], [7], [3]]


def test_a_database_that_is_away_is_not_asked_again_for_each(desk, clerk):
    answers = asyncio.run(ask_while_one_is_at_work(desk, clerk, [2, 9, 3]))
    assert all(isinstance(each, StoreUnavailableError) for each in answers)
    assert clerk.batches[1:] == [[2, 9, 3]]


def test_who_goes_away_keeps_nobody_else_from_an_answer(desk, clerk):
    async def ask():
        clerk.may_go_on.clear()
        going, staying = (asyncio.create_task(desk.ask(each)) for each in (1, 6))
        while not clerk.batches:
            await asyncio.sleep(0.001)
        going.cancel()
        await asyncio.sleep(0)
        clerk.may_go_on.set()
        return await staying

    assert asyncio.run(ask()) == 12


def test_nobody_works_for_who_went_away_while_waiting(desk, clerk):
    async def ask():
        staying = await set_to_work(desk, clerk)
        going = [asyncio.create_task(desk.ask(each)) for each in (50, 60)]
        await asyncio.sleep(0)
        for each in going:
            each.cancel()
        await asyncio.wait(going)
        clerk.may_go_on.set()
        await staying

    asyncio.run(ask())
    desk.close()
    assert clerk.batches == [[1]]


def test_a_batch_is_told_of_the_first_in_it(desk, clerk):
    asked = list(range(1_000, 1_000 + MOST_TOGETHER + 5))
    asyncio.run(ask_while_one_is_at_work(desk, clerk, asked))
    assert clerk.told_of[1:] == [batch[0] for batch in clerk.batches[1:]]


def test_hundreds_at_once_are_all_answered(desk):
    async def ask():
        return await asyncio.gather(*(desk.ask(each) for each in range(100, 500)))

    answers = asyncio.run(ask())
    assert [each for each in answers if not isinstance(each, int)] == []
    assert answers == [2 * each for each in range(100, 500)]


def test_who_waits_too_long_is_refused_while_a_clerk_is_still_at_work(clerk):
    async def ask():
        busy = await set_to_work(desk, clerk)
        waiting = [desk.ask(each) for each in (50, 60, 70)]
        refused = await asyncio.gather(*waiting, return_exceptions=True)
        clerk.may_go_on.set()
        return refused, await busy, await desk.ask(80)

    desk = Desk(clerk, "test", patience_seconds=0.01)
    refused, taken, later = asyncio.run(ask())
    desk.close()
    assert [type(each) for each in refused] == [OverloadedError] * 3
    assert (taken, later) == (2, 160)
    assert clerk.batches == [[1], [80]]


def test_who_comes_later_waits_longer(clerk):
    async def ask():
        busy = await set_to_work(desk, clerk)
        early = asyncio.create_task(desk.ask(50))
        await asyncio.sleep(0.2)
        late = asyncio.create_task(desk.ask(60))
        with pytest.raises(OverloadedError):
            await early
        is_waiting = not late.done()
        with pytest.raises(OverloadedError):
            await late
        clerk.may_go_on.set()
        await busy
        return is_waiting

    desk = Desk(clerk, "test", patience_seconds=0.3, help_after_seconds=60)
    assert asyncio.run(ask())
    desk.close()
