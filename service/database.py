"""The workspace as the service holds it: opened as soon as its database answers."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from features.domain.errors import StoreUnavailableError
from features.store.workspace import Repositories, Workspace

RETRY_SECONDS = 1.0
FIRST_ATTEMPT_SECONDS = 5.0

log = logging.getLogger("waymark.database")


class Database:
    """A workspace that may not be reachable yet.

    Parameters
    ----------
    database_url
        Of the workspace.
    statement_seconds
        How long a statement may take on PostgreSQL, or another writer on SQLite, until the database
        counts as not answering; None for ever.
    """

    def __init__(self, database_url: str, statement_seconds: float | None = None) -> None:
        self.was_tried = asyncio.Event()
        self._database_url = database_url
        self._statement_seconds = statement_seconds
        self._workspace: Workspace | None = None
        self._outage: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether the workspace was opened and migrated."""
        return self._workspace is not None

    def open(self) -> None:
        """Open and migrate the workspace.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        with self._noting_outages():
            self._workspace = Workspace.open(
                self._database_url, statement_seconds=self._statement_seconds
            )

    async def open_with_patience(self) -> None:
        """Try to open until it works; `was_tried` is set after the first time."""
        while not self.is_open:
            with suppress(StoreUnavailableError):
                try:
                    await asyncio.to_thread(self.open)
                finally:
                    self.was_tried.set()
            if not self.is_open:
                await asyncio.sleep(RETRY_SECONDS)

    @contextmanager
    def reading(self) -> Iterator[Repositories]:
        """Read one consistent state.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        with self._noting_outages(), self._opened().reading() as repositories:
            yield repositories

    @contextmanager
    def transaction(self) -> Iterator[Repositories]:
        """Write, with one commit at the end.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        with self._noting_outages(), self._opened().transaction() as repositories:
            yield repositories

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises
        ------
        StoreUnavailableError
            If there is none.
        """
        with self._noting_outages():
            self._opened().ping()

    def close(self) -> None:
        """Give the connections back."""
        if self._workspace is not None:
            self._workspace.close()

    def _opened(self) -> Workspace:
        if self._workspace is None:
            raise StoreUnavailableError(self._outage or "the database has not answered yet")
        return self._workspace

    @contextmanager
    def _noting_outages(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailableError as error:
            self._note(error.detail)
            raise
        if self._outage is not None:
            self._note(None)

    def _note(self, outage: str | None) -> None:
        """Log that the database went away or came back, once each time."""
        if outage != self._outage:
            log.warning("%s", outage or "the database answers")
        self._outage = outage
