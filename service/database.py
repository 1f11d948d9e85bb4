"""The workspace as the service holds it: opened as soon as its database answers."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from features.domain.errors import StoreUnavailableError
from features.store.workspace import Repositories, Workspace

RETRY_SECONDS = 1.0
FIRST_ATTEMPT_SECONDS = 5.0

log = logging.getLogger("waymark.database")


class Database:
    """A workspace that may not be reachable yet."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self._workspace: Workspace | None = None
        self._error = "the database has not answered yet"

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
        self._workspace = Workspace.open(self._database_url)

    async def open_with_patience(self) -> None:
        """Try to open until it works."""
        while True:
            try:
                await asyncio.to_thread(self.open)
            except StoreUnavailableError as error:
                if error.detail != self._error:
                    log.warning("%s", error.detail)
                self._error = error.detail
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    @contextmanager
    def reading(self) -> Iterator[Repositories]:
        """Read one consistent state.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        with self._opened().reading() as repositories:
            yield repositories

    @contextmanager
    def transaction(self) -> Iterator[Repositories]:
        """Write, with one commit at the end.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        with self._opened().transaction() as repositories:
            yield repositories

    def ping(self) -> None:
        """Ask the database for a sign of life.

        Raises
        ------
        StoreUnavailableError
            If there is none.
        """
        self._opened().ping()

    def close(self) -> None:
        """Give the connections back."""
        if self._workspace is not None:
            self._workspace.close()

    def _opened(self) -> Workspace:
        if self._workspace is None:
            raise StoreUnavailableError(self._error)
        return self._workspace
