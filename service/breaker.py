"""A circuit breaker: a database that did not answer is tried again by one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from features.domain.errors import StoreUnavailableError


class Breaker:
    """Keeps all but one from waiting for a database that did not answer whoever tried last.

    The one finds out whether it answers again; the others go on without it, at once. Being always
    half open, it needs neither an interval nor a clock. Threads may share it.

    References
    ----------
    M. Nygard, Release It!, 2nd ed. (2018), chapter 5, Circuit Breaker.
    """

    def __init__(self) -> None:
        self._has_failed = False
        self._trying = Lock()

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Surround a use of the database.

        Raises
        ------
        StoreUnavailableError
            If it did not answer last, and somebody is trying it at present.
        """
        if not self._has_failed:
            with self._noting():
                yield
            return
        if not self._trying.acquire(blocking=False):
            raise StoreUnavailableError("the database did not answer, and is being tried again")
        try:
            with self._noting():
                yield
        finally:
            self._trying.release()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailableError:
            self._has_failed = True
            raise
        self._has_failed = False
