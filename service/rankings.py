"""What a worker ranks with: the catalogue at its newest revision bound to one snapshot."""

from threading import Lock

from features.decide.conditions import compile_all
from features.domain.catalogue import Catalogue
from features.encode.catalogue import index_catalogue
from features.score.scorer import Scorer, bind
from features.score.snapshot import Snapshot
from features.store.workspace import Repositories
from service.database import Database


class Rankings:
    """The scorer of the moment; a request takes it once and keeps it to its end."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._snapshot: Snapshot | None = None
        self._scorer: Scorer | None = None

    def current(self, repositories: Repositories) -> Scorer:
        """Return a scorer for the catalogue as it is stored now.

        The catalogue is read only where its revision has moved.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        return self.at(repositories.catalogue.revision(), repositories)

    def at(self, revision: int, repositories: Repositories) -> Scorer:
        """Return the same, where the revision has been read already."""
        scorer = self._scorer
        if scorer is None or scorer.index.catalogue.revision != revision:
            with self._lock:
                scorer = self._scorer
                if scorer is None or scorer.index.catalogue.revision != revision:
                    index = index_catalogue(repositories.catalogue.load())
                    scorer = self._scorer = bind(index, self._snapshot)
        return scorer

    def read(self, database: Database) -> None:
        """Read the catalogue and bind it, so that the first who asks need not wait for that.

        Raises
        ------
        StoreUnavailableError
            If the database does not answer.
        """
        with database.reading() as repositories:
            index = self.current(repositories).index
        compile_all(index.rules.conditions)
        for pathway in index.pathways.everything:
            compile_all(pathway.conditions)

    def remembered(self) -> Scorer | None:
        """Return the last scorer, for when the database is down; None before the first."""
        return self._scorer

    def adopt(self, snapshot: Snapshot) -> None:
        """Serve `snapshot` from the next request on.

        Raises
        ------
        SnapshotError
            If it cannot be bound; the one before stays.
        """
        with self._lock:
            scorer = self._scorer
            index = index_catalogue(Catalogue()) if scorer is None else scorer.index
            bound = bind(index, snapshot)
            self._snapshot = snapshot
            if scorer is not None:
                self._scorer = bound
