"""A workspace: everything of one organisation, reached by nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from features.store.audit import AuditRepository
from features.store.bulk import Bulk
from features.store.catalogue import CatalogueRepository
from features.store.events import EventRepository
from features.store.keys import KeyRepository
from features.store.learners import LearnerRepository
from features.store.recommendations import RecommendationRepository


@dataclass(frozen=True, kw_only=True, slots=True)
class Repositories:
    """All repositories of one transaction; they share its connection."""

    catalogue: CatalogueRepository
    learners: LearnerRepository
    events: EventRepository
    recommendations: RecommendationRepository
    keys: KeyRepository
    audit: AuditRepository
    bulk: Bulk


class Workspace:
    """The database of one organisation; `open` it, and close it with `close` or as a context."""

    @classmethod
    def open(cls, database_url: str, name: str = "main") -> "Workspace":
        """Open, creating and migrating what is missing. Raises StoreUnavailableError."""
        raise NotImplementedError

    @contextmanager
    def transaction(self) -> Iterator[Repositories]:
        """Write: one commit at the end, nothing kept after any exception."""
        raise NotImplementedError

    @contextmanager
    def reading(self) -> Iterator[Repositories]:
        """Read one consistent state; writes are refused or dropped."""
        raise NotImplementedError

    def ping(self) -> None:
        """Raise StoreUnavailableError where the database does not answer."""
        raise NotImplementedError

    def close(self) -> None:
        """Give the connections back."""
        raise NotImplementedError
