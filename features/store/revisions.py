"""Numbers that go up with every change, so that readers know when to read again."""

from collections.abc import Mapping

from sqlalchemy import Connection, select, update

from features.store.driver import fetch
from features.store.tables import revisions

CATALOGUE = "catalogue"
EXPERIMENTS = "experiments"
_ALL = select(revisions)


class Revisions:
    """The revisions of one transaction's state."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> Mapping[str, int]:
        """Return the revision of each kind of thing, in one question."""
        return dict(fetch(self._connection, _ALL))

    def get(self, name: str) -> int:
        """Return one revision."""
        statement = select(revisions.c.revision).where(revisions.c.name == name)
        return int(self._connection.scalar(statement) or 0)

    def hold(self, name: str) -> None:
        """Hold off others who raise it until the end of this transaction."""
        statement = select(revisions.c.revision).where(revisions.c.name == name)
        self._connection.execute(statement.with_for_update())

    def advance(self, name: str) -> None:
        """Raise it, which holds off others as well."""
        raised = revisions.c.revision + 1
        this = revisions.c.name == name
        self._connection.execute(update(revisions).where(this).values(revision=raised))
