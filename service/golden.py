"""Golden learners at a swap: a champion that answers them worse than the one served is refused."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from features.decide.golden import (
    Finding,
    GoldenLearner,
    ask_golden,
    index_for_golden,
    n_met,
    worse_findings,
)
from features.domain.errors import SnapshotError, StoreUnavailableError, WorseOnGoldenError
from features.encode.catalogue import CatalogueIndex
from features.golden_form import read_golden, require_usable
from features.score.scorer import bind
from features.score.snapshot import Snapshot
from features.settings import Settings
from service.database import Database
from service.files import mark_of

MOST_NAMED = 10

log = logging.getLogger("waymark.golden")


@dataclass(kw_only=True)
class Golden:
    """The file of golden learners and the catalogue they are asked about, read when needed.

    Attributes
    ----------
    path
        The file; one that has gone since the start asks nothing of anybody.
    database
        Of the workspace; opened when first needed.
    """

    path: Path
    database: Database
    _index: CatalogueIndex | None = field(default=None, init=False)

    def mark(self) -> tuple[int, int] | None:
        """Return what is another when the file has changed, None where there is none."""
        return mark_of(self.path)

    def read(self, now: datetime) -> tuple[list[GoldenLearner], CatalogueIndex]:
        """Return golden learners as they are at an instant (aware UTC), and the catalogue.

        Raises
        ------
        InvalidValueError
            If the file cannot be read, or names what the catalogue does not have.
        StoreUnavailableError
            If the database does not answer.
        """
        learners, index = read_golden(self.path, now), self._read_index()
        require_usable(self.path, learners, index.catalogue)
        return learners, index

    def _read_index(self) -> CatalogueIndex:
        """Read the catalogue where its revision has moved."""
        if not self.database.is_open:
            self.database.open()
        with self.database.reading() as repositories:
            revision, index = repositories.catalogue.revision(), self._index
            if index is None or index.catalogue.revision != revision:
                index = self._index = index_for_golden(repositories.catalogue.load())
        return index

    def require_no_worse(self, candidate: Snapshot, served: Snapshot, now: datetime) -> None:
        """Return if a candidate meets as many expectations as the snapshot served.

        Raises
        ------
        WorseOnGoldenError
            If it meets fewer, naming learners.
        SnapshotError
            If it cannot be bound.
        InvalidValueError, StoreUnavailableError
            As `read`: it cannot be told now.
        """
        learners, index = self.read(now)
        own = ask_golden(learners, bind(index, candidate), now)
        try:
            theirs = ask_golden(learners, bind(index, served), now)
        except SnapshotError:
            return  # what cannot be bound is no measure for what can
        worse = worse_findings(own, theirs)
        if worse:
            raise WorseOnGoldenError(
                f"version {candidate.version} meets {n_met(own)} of {len(own)} expectations of "
                f"golden learners, version {served.version}, which goes on serving, "
                f"{n_met(theirs)}: {_words(worse)}. Train again or `waymark rollback`; "
                "docs/operations.md tells how to overrule it."
            )


def _words(worse: Sequence[Finding]) -> str:
    named = list(map(str, worse[:MOST_NAMED]))
    more = len(worse) - len(named)
    return "; ".join([*named, f"and {more} more"] if more else named)


def require_golden(path: Path, settings: Settings, now: datetime) -> None:
    """Refuse, before anything is started, a file that cannot be used.

    While the database does not answer, names are not compared with the catalogue.

    Raises
    ------
    InvalidValueError
        Naming file, place and remedy.
    """
    golden = Golden(path=path, database=Database(settings.database_url, settings.statement_seconds))
    try:
        golden.read(now)
    except StoreUnavailableError:
        log.warning("names in %s are not compared with the catalogue", path)
    finally:
        golden.database.close()
