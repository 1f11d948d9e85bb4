"""A desk: what is asked while it is busy waits, and is then answered together."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial

from features.domain.errors import OverloadedError, StoreUnavailableError

N_CLERKS = 2  # so that one computes while the other waits for the database
MOST_TOGETHER = 16
WAITED = "It was not taken in time. Try again after the seconds in Retry-After."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting[Asked, Answer]:
    asked: Asked
    until: float
    answer: asyncio.Future[Answer]
    context: Context


class Desk[Asked, Answer]:
    """Answers in threads, as many questions at a time as wait, and a lone one at once.

    All of it belongs to one event loop but `answer_all`, which runs in the desk's threads.

    Parameters
    ----------
    answer_all
        Returns an answer, or the error to raise, for each question. Where it raises, each question
        is asked by itself, so that none fails for another's sake; but not where the database is
        away, for which all would wait in turn.
    name
        Of the threads.
    patience_seconds
        How long a question may wait until it is taken, > 0; then it is refused.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Asked]], Sequence[Answer | Exception]],
        name: str,
        patience_seconds: float,
    ) -> None:
        self._answer_all = answer_all
        self._threads = ThreadPoolExecutor(N_CLERKS, name)
        self._waiting: deque[_Waiting[Asked, Answer]] = deque()
        self._patience_seconds = patience_seconds
        self._looking: asyncio.TimerHandle | None = None
        self._n_busy = 0

    async def ask(self, asked: Asked) -> Answer:
        """Return the answer to a question, or raise what it comes to.

        Raises
        ------
        OverloadedError
            If it was not taken in time.
        """
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Asked, Answer] = _Waiting(
            asked=asked,
            until=loop.time() + self._patience_seconds,
            answer=loop.create_future(),
            context=copy_context(),
        )
        self._waiting.append(waiting)
        self._call()
        self._look_again()
        return await waiting.answer

    def close(self) -> None:
        """End the threads once they have answered."""
        self._threads.shutdown()

    def _call(self) -> None:
        """Hand what waits to the clerks who are free."""
        loop = asyncio.get_running_loop()
        while self._n_busy < N_CLERKS and (batch := self._next()):
            self._n_busy += 1
            # What is logged and traced of a batch is told of the first.
            told_of = batch[0].context
            run = loop.run_in_executor(
                self._threads, told_of.run, self._answer_apart, [w.asked for w in batch]
            )
            run.add_done_callback(partial(self._hand_out, batch))

    def _look_again(self) -> None:
        """See to it that who has waited too long is told then, whoever is busy."""
        if self._waiting and self._looking is None:
            loop = asyncio.get_running_loop()
            self._looking = loop.call_at(self._waiting[0].until, self._refuse_late)

    def _refuse_late(self) -> None:
        self._looking = None
        now = asyncio.get_running_loop().time()
        while self._waiting and self._waiting[0].until <= now:
            late = self._waiting.popleft().answer
            if not late.done():
                late.set_exception(OverloadedError(WAITED))
        self._look_again()

    def _next(self) -> list[_Waiting[Asked, Answer]]:
        """Take from those who wait as many as are answered together; not who has gone."""
        batch: list[_Waiting[Asked, Answer]] = []
        while self._waiting and len(batch) < MOST_TOGETHER:
            waiting = self._waiting.popleft()
            if not waiting.answer.done():
                batch.append(waiting)
        return batch

    def _hand_out(
        self,
        batch: list[_Waiting[Asked, Answer]],
        done: asyncio.Future[list[Answer | Exception]],
    ) -> None:
        self._n_busy -= 1
        for waiting, answer in zip(batch, done.result(), strict=True):
            if waiting.answer.done():  # whoever asked has gone
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
        self._call()

    def _answer_apart(self, asked: Sequence[Asked]) -> list[Answer | Exception]:
        try:
            return list(self._answer_all(asked))
        except StoreUnavailableError as error:
            return [error] * len(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes to whoever asked
            if len(asked) == 1:
                return [error]
            return [answer for each in asked for answer in self._answer_apart([each])]
