"""A workspace: everything of one organisation, reached by nothing else."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine

from features.store.assessments import AssessmentRepository
from features.store.audit import AuditRepository
from features.store.bulk import Bulk
from features.store.catalogue import CatalogueRepository
from features.store.engine import bound_statements, open_engine, reading
from features.store.events import EventRepository
from features.store.experiments import ExperimentRepository
from features.store.failures import named_failures
from features.store.keys import KeyRepository
from features.store.learners import LearnerRepository
from features.store.migrate import migrate
from features.store.observations import ObservationRepository
from features.store.peers import PeerRepository
from features.store.recommendations import RecommendationRepository
from features.store.retention import Retention
from features.store.revisions import Revisions
from features.store.tombstones import Tombstones
from features.store.urls import MAIN, schema_of, workspace_url


@dataclass(frozen=True, kw_only=True, slots=True)
class Repositories:
    """All repositories of one transaction; they share its connection."""

    catalogue: CatalogueRepository
    learners: LearnerRepository
    events: EventRepository
    recommendations: RecommendationRepository
    assessments: AssessmentRepository
    experiments: ExperimentRepository
    observations: ObservationRepository
    peers: PeerRepository
    keys: KeyRepository
    audit: AuditRepository
    retention: Retention
    bulk: Bulk
    revisions: Revisions

    @classmethod
    def on(cls, connection: Connection) -> "Repositories":
        """Wire the repositories to a connection."""
        catalogue = CatalogueRepository(connection)
        tombstones = Tombstones(connection)
        learners = LearnerRepository(connection, tombstones)
        return cls(
            catalogue=catalogue,
            learners=learners,
            events=EventRepository(connection, catalogue, learners, tombstones),
            recommendations=RecommendationRepository(connection, tombstones),
            assessments=AssessmentRepository(connection, tombstones),
            experiments=ExperimentRepository(connection, tombstones),
            observations=ObservationRepository(connection),
            peers=PeerRepository(connection, tombstones),
            keys=KeyRepository(connection),
            audit=AuditRepository(connection),
            retention=Retention(connection),
            bulk=Bulk(connection, catalogue),
            revisions=Revisions(connection),
        )


class Workspace:
    """The database of one organisation; threads may share it.

    Close it with `close`, or use it as a context.
    """

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self._engine = engine
        self._reading = reading(engine)

    @classmethod
    def open(
        cls, database_url: str, name: str = MAIN, statement_seconds: float | None = None
    ) -> "Workspace":
        """Open a workspace; what is missing of its database is created, or upgraded.

        Parameters
        ----------
        database_url
            As in `features.store.engine.open_engine`.
        name
            Another name than `main` lies beside it: a file, or a PostgreSQL schema, of its own.
        statement_seconds
            How long one statement may take on PostgreSQL, or another writer be waited for on
            SQLite, for whoever answers while somebody waits; None for imports and other long work.
            An upgrade takes the time it takes.

        Raises
        ------
        InvalidValueError
            If the URL or the name cannot be used.
        StoreUnavailableError
            If the database cannot be reached, created or understood.
        """
        url = workspace_url(database_url, name)
        is_file = url.drivername == "sqlite"
        engine = open_engine(url)
        with ExitStack() as on_failure:
            on_failure.callback(engine.dispose)
            with named_failures(engine.url):
                migrate(engine, schema=None if is_file else schema_of(name))
            on_failure.pop_all()
        if statement_seconds is not None:
            bound_statements(engine, statement_seconds)
        return cls(name, engine)

    @contextmanager
    def transaction(self) -> Iterator[Repositories]:
        """Write: one commit at the end, and nothing kept after any exception.

        Raises
        ------
        StoreUnavailableError
            If the database fails at any point; nothing was kept then.
        """
        with named_failures(self._engine.url), self._engine.begin() as connection:
            yield Repositories.on(connection)

    @contextmanager
    def reading(self) -> Iterator[Repositories]:
        """Read one consistent state, beside any writer; to write here is an error.

        Raises
        ------
        StoreUnavailableError
            If the database fails at any point.
        """
        with named_failures(self._engine.url), self._reading.begin() as connection:
            yield Repositories.on(connection)

    def ping(self) -> None:
        """Return if the database answers; raise StoreUnavailableError if it does not."""
        with self.reading() as repositories:
            repositories.catalogue.revision()

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
