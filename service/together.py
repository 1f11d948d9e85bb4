"""Work that is asked for by several threads at the same time, done in one go."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock


@dataclass(eq=False, kw_only=True, slots=True)
class _Caller[Asked, Answer]:
    asked: Asked
    leads: bool = False
    turn: Event = field(default_factory=Event)
    answer: Answer | Exception = field(default_factory=lambda: RuntimeError("it was broken off"))


class Together[Asked, Answer]:
    """Lets one run do what several threads ask for, without making a lone one wait for others.

    Who finds nobody at work runs at once. Who comes meanwhile waits for that run to end; then the
    first of those who wait runs for all of them, in the order in which they came. So the more is
    asked, the larger the groups, and there is nothing to tune. No two runs are under way at once.

    Parameters
    ----------
    run
        Answers each of one or more; an exception in place of an answer is for that one alone.
        Where it raises, nothing of the group may have been done: each is then run by itself, so
        that one that cannot be done fails no other. What fails them all alike, such as a database
        that does not answer, it should rather return for each, or each would wait for it anew.
    limit
        How many one run is for at most; at least 1.
    """

    def __init__(
        self, run: Callable[[Sequence[Asked]], Sequence[Answer | Exception]], limit: int
    ) -> None:
        self._run = run
        self._limit = limit
        self._lock = Lock()
        self._is_busy = False
        self._waiting: deque[_Caller[Asked, Answer]] = deque()

    @property
    def n_waiting(self) -> int:
        """How many wait for the run that is under way to end."""
        return len(self._waiting)

    def ask(self, asked: Asked) -> Answer:
        """Return the answer to `asked`, or raise the exception that came in its place."""
        caller: _Caller[Asked, Answer] = _Caller(asked=asked)
        with self._lock:
            self._waiting.append(caller)
            caller.leads = not self._is_busy
            self._is_busy = True
        if not caller.leads:
            caller.turn.wait()
        if caller.leads:
            self._lead()
        if isinstance(caller.answer, Exception):
            raise caller.answer
        return caller.answer

    def _lead(self) -> None:
        """Run for those who wait, of whom the caller is the first, and hand over the lead."""
        with self._lock:
            n = min(self._limit, len(self._waiting))
            group = [self._waiting.popleft() for _ in range(n)]
        try:
            answers = self._answers([caller.asked for caller in group])
            for caller, answer in zip(group, answers, strict=True):
                caller.answer = answer
        finally:
            self._hand_over()
            for caller in group:
                caller.turn.set()

    def _answers(self, asked: Sequence[Asked]) -> Sequence[Answer | Exception]:
        try:
            answers = self._run(asked)
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
            if len(asked) == 1:
                return [error]
            return [answer for one in asked for answer in self._answers([one])]
        return answers

    def _hand_over(self) -> None:
        with self._lock:
            self._is_busy = bool(self._waiting)
            if self._is_busy:
                self._waiting[0].leads = True
                self._waiting[0].turn.set()
