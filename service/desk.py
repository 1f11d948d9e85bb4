"""A desk: what is asked while it is busy waits, and is then answered together."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial

from features.domain.errors import OverloadedError, StoreUnavailableError

N_CLERKS = 2  # one works; the other helps where that one is kept waiting, as by a lock
HELP_AFTER_SECONDS = 0.5
MOST_TOGETHER = 16
SILENCE_SECONDS = 0.002  # nobody came for so long: nobody is about to
WAITED = "It was not taken in time. Try again after the seconds in Retry-After."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting[Asked, Answer]:
    asked: Asked
    until: float
    answer: asyncio.Future[Answer]
    context: Context


class Desk[Asked, Answer]:
    """Answers in a thread, as many questions at a time as wait, and a lone one at once.

    Those who were answered together often ask again together, and answers together cost far less:
    so until as many are there as were last time, the desk waits while one comes after the other.

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
    help_after_seconds
        How long a clerk may be at work until another takes the next questions, ≥ 0.
    silence_seconds
        After which nobody else is expected, > 0.
    """

    def __init__(
        self,
        answer_all: Callable[[Sequence[Asked]], Sequence[Answer | Exception]],
        name: str,
        patience_seconds: float,
        help_after_seconds: float = HELP_AFTER_SECONDS,
        silence_seconds: float = SILENCE_SECONDS,
    ) -> None:
        self._answer_all = answer_all
        self._threads = ThreadPoolExecutor(N_CLERKS, name)
        self._waiting: deque[_Waiting[Asked, Answer]] = deque()
        self._patience_seconds = patience_seconds
        self._help_after_seconds = help_after_seconds
        self._silence_seconds = silence_seconds
        self._looking: asyncio.TimerHandle | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._n_expected = 1
        self._busy_since: list[float] = []

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
        self._gather()
        self._look_again()
        return await waiting.answer

    def close(self) -> None:
        """End the threads once they have answered."""
        self._threads.shutdown()

    def _gather(self) -> None:
        """Call a clerk once all are here who are expected, or nobody comes any more."""
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        if len(self._waiting) >= self._n_expected:
            self._call()
        elif self._waiting:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(self._silence_seconds, self._call)

    def _call(self) -> None:
        """Hand what waits to a clerk, where one is free and none has begun of late."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        is_free = len(self._busy_since) < N_CLERKS and all(
            since + self._help_after_seconds <= now for since in self._busy_since
        )
        if is_free and (batch := self._next()):
            self._busy_since.append(now)
            loop.call_at(now + self._help_after_seconds, self._call)
            # What is logged and traced of a batch is told of the first.
            told_of = batch[0].context
            run = loop.run_in_executor(
                self._threads, told_of.run, self._answer_apart, [w.asked for w in batch]
            )
            run.add_done_callback(partial(self._hand_out, batch, now))

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
        since: float,
        done: asyncio.Future[list[Answer | Exception]],
    ) -> None:
        self._busy_since.remove(since)
        self._n_expected = min(len(batch) + len(self._waiting), MOST_TOGETHER)
        for waiting, answer in zip(batch, done.result(), strict=True):
            if waiting.answer.done():  # whoever asked has gone
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
        # Not before these answers are on their way: silence begins where all have been heard.
        asyncio.get_running_loop().call_soon(self._gather)

    def _answer_apart(self, asked: Sequence[Asked]) -> list[Answer | Exception]:
        try:
            return list(self._answer_all(asked))
        except StoreUnavailableError as error:
            return [error] * len(asked)
        except Exception as error:  # noqa: BLE001 - whatever it is, it goes to whoever asked
            if len(asked) == 1:
                return [error]
            return [answer for each in asked for answer in self._answer_apart([each])]
