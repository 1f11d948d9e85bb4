"""History folder → store, in one transaction: all of it or nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Table

from features.domain.errors import CycleError, HistoryFolderError
from features.store import tables
from features.store.workspace import Repositories, Workspace
from training.histories.bad_rows import BadRows, report_path_for
from training.histories.catalogue import (
    MODULE_MENTIONS,
    ROLE_MENTIONS,
    SKILL_MENTIONS,
    distinct,
    mentioned,
)
from training.histories.events import event_ids
from training.histories.folder import HistoryFolder, Progress
from training.histories.merge import write_described
from training.histories.report import ImportReport, TableReport
from training.histories.rows import Rows
from training.histories.schema import (
    ASSIGNMENTS,
    EVIDENCE,
    INTERACTIONS,
    LEARNERS,
    MODULE_SKILLS,
    MODULES,
    OUTCOMES,
    PREREQUISITES,
    ROLE_SKILLS,
    ROLES,
    SKILL_EDGES,
    SKILLS,
    SPLITS,
)

_CATALOGUE = (MODULES, SKILLS, SKILL_EDGES, MODULE_SKILLS, PREREQUISITES, ROLES, ROLE_SKILLS)


def import_folder(
    workspace: Workspace,
    folder: Path,
    *,
    now: datetime,
    skip_bad: bool = False,
    bad_rows_path: Path | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring a history folder into a workspace; doing so again changes nothing.

    All is written in one transaction. On SQLite other writers wait until it ends.

    Parameters
    ----------
    workspace
        Open.
    folder
        Any subset of the tables.
    now
        Aware UTC; nothing may have happened more than five minutes after it.
    skip_bad
        Take the good rows and write the bad ones to a file.
    bad_rows_path
        That file; by default FOLDER-bad-rows.csv in the current directory.
    progress
        Hears of every batch read.

    Raises
    ------
    HistoryFolderError
        If the folder cannot be taken as it is; nothing is stored then.
    StoreUnavailableError
        If the database fails; nothing is stored then.
    """
    started = perf_counter()
    report_path = report_path_for(folder, skip_bad=skip_bad, chosen=bad_rows_path)
    with BadRows(folder, report_path) as bad_rows:
        source = HistoryFolder(folder, now=now, bad_rows=bad_rows, progress=progress)
        described = source.read_described()
        with workspace.transaction() as repositories:
            sink = _Sink(repositories, source)
            sink.take_described(described)
            sink.take_interactions()
            bad_rows.require_acceptable()
            sink.finish()
            repositories.catalogue.record_versions(now)
        return sink.report(perf_counter() - started)


class _Sink:
    """Writes one folder within one transaction, counting what becomes of its rows."""

    def __init__(self, repositories: Repositories, source: HistoryFolder) -> None:
        self._repositories = repositories
        self._source = source
        self._n_new: Counter[str] = Counter()
        self._n_erased: Counter[str] = Counter()
        self._n_bare_modules = 0
        self._module_ids: set[str] = set()
        self._learner_ids: set[str] = set()

    def take_described(self, described: Mapping[str, Rows]) -> None:
        """Write every table but the interactions, unless bad rows rule that out already."""
        if self._source.bad_rows.is_refused:
            return
        self._repositories.catalogue.hold()
        for table in _CATALOGUE:
            self._n_new[table.name] = write_described(
                described[table.name], self._repositories.bulk
            )
        for table in (LEARNERS, ASSIGNMENTS):
            rows = self._without_erased(described[table.name])
            self._n_new[table.name] = write_described(rows, self._repositories.bulk)
        for table in (EVIDENCE, OUTCOMES):
            self._append(self._without_erased(described[table.name]))
        self._add_bare(tables.skills, mentioned(described, SKILL_MENTIONS))
        self._add_bare(tables.roles, mentioned(described, ROLE_MENTIONS))
        self._module_ids |= mentioned(described, MODULE_MENTIONS)

    def take_interactions(self) -> None:
        """Write the interactions, up to the first bad row that rules that out."""
        with closing(self._source.stream(INTERACTIONS.name)) as batches:
            for batch in batches:
                if self._source.bad_rows.is_refused:
                    continue  # but read on, to tell of all bad rows at once
                rows = self._without_erased(batch.with_column("event_id", event_ids(batch)))
                self._append(rows)
                self._module_ids.update(distinct(rows.values("module_id")))

    def finish(self) -> None:
        """Write what is only named, and check the catalogue as it is now."""
        catalogue = self._repositories.catalogue
        self._n_bare_modules = catalogue.add_bare_modules(self._module_ids)
        learners = ((learner_id,) for learner_id in sorted(self._learner_ids))
        self._repositories.bulk.insert_new(tables.learners, ("learner_id",), learners)
        try:
            catalogue.require_acyclic()
        except CycleError as error:
            raise HistoryFolderError(
                f"{self._source.folder} does not go with what is stored already, nothing was "
                f"taken: {error.detail}"
            ) from error

    def report(self, seconds: float) -> ImportReport:
        """Return what became of the rows."""
        files = self._source.files
        return ImportReport(
            tables={
                name: self._table_report(name) for name in files.path_of if name != SPLITS.name
            },
            n_bare_modules=self._n_bare_modules,
            unused_files=(
                *(path.name for name, path in files.path_of.items() if name == SPLITS.name),
                *files.ignored,
            ),
            bad_rows_path=self._source.bad_rows.written_path,
            seconds=seconds,
        )

    def _table_report(self, name: str) -> TableReport:
        n_read, n_bad = self._source.n_read[name], self._source.n_bad(name)
        n_new, n_erased = self._n_new[name], self._n_erased[name]
        return TableReport(
            n_read=n_read,
            n_new=n_new,
            n_duplicates=n_read - n_new - n_bad - n_erased,
            n_bad=n_bad,
            n_erased=n_erased,
        )

    def _without_erased(self, rows: Rows) -> Rows:
        """Leave out and count rows about learners who were erased; remember the others."""
        owners = rows.values("learner_id")
        named = set(distinct(owners))
        erased = self._repositories.learners.erased_among(named - self._learner_ids)
        self._learner_ids |= named - erased
        if not erased:
            return rows
        is_erased = np.asarray(pc.is_in(owners, value_set=pa.array(sorted(erased))))
        self._n_erased[rows.table.name] += int(is_erased.sum())
        return rows.take(~is_erased)

    def _append(self, rows: Rows) -> None:
        """Insert the rows of a journal that are new."""
        names = rows.table.column_names
        cells = [rows.values(name).to_pylist() for name in names]
        self._n_new[rows.table.name] += self._repositories.bulk.insert_new(
            tables.metadata.tables[rows.table.name], names, zip(*cells, strict=True)
        )

    def _add_bare(self, table: Table, ids: Iterable[str]) -> None:
        """Give what is only named a row, with its id as name."""
        (key,) = table.primary_key
        rows = [(name, name) for name in sorted(ids)]
        self._repositories.bulk.insert_new(table, (key.name, "name"), rows)
