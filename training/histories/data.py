"""Training data: histories as arrays, the same whether read from a folder or from the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.domain.catalogue import Catalogue
from features.domain.errors import HistoryFolderError, NotFoundError
from features.domain.instants import to_microseconds
from features.encode.ids import IdMap
from features.encode.log import InteractionLog
from features.store.workspace import Workspace
from training.histories.assemble import (
    EvidenceArrays,
    EvidenceColumns,
    InteractionColumns,
    ProfileColumns,
    align_attributes,
    align_evidence,
    pass_marks_of,
)
from training.histories.bad_rows import BadRows, report_path_for
from training.histories.catalogue import build_catalogue, canonical
from training.histories.fingerprint import fingerprint
from training.histories.folder import HistoryFolder, Progress
from training.histories.folder_columns import (
    evidence_in,
    parts_in,
    profiles_in,
    read_interactions,
)
from training.histories.schema import INTERACTIONS, SPLITS
from training.histories.store_columns import (
    stored_evidence,
    stored_interactions,
    stored_profiles,
)


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """What models are trained on and judged by.

    Attributes
    ----------
    log
        Interactions of the learners who have any, learners in order of their ids; its `module_ids`
        are those of `catalogue.modules`, in that order.
    catalogue
        Modules, skills and roles in order of their ids; every module of the log and every skill of
        the evidence is in it.
    learner_attributes
        Name → str, (n_learners,), "" where unknown: role, department, location, language, needs and
        free attributes.
    evidence
        Judgements of skills of the learners in the log.
    parts
        str, (n_learners,): train, valid, test or "" where not named; None without a splits table.
    data_hash
        SHA-256 of all this but the parts (see `fingerprint`).
    n_rows
        How many interactions, learners, modules, skills, roles and judgements (`evidence`).
    bad_rows_path
        Where the rows that were skipped are written, if there are any.
    """

    log: InteractionLog
    catalogue: Catalogue
    learner_attributes: Mapping[str, NDArray[np.str_]]
    evidence: EvidenceArrays
    parts: NDArray[np.str_] | None
    data_hash: str
    n_rows: Mapping[str, int]
    bad_rows_path: Path | None = None


def read_folder_data(
    folder: Path,
    *,
    now: datetime,
    skip_bad: bool = False,
    bad_rows_path: Path | None = None,
    progress: Progress | None = None,
) -> TrainingData:
    """Read a history folder for training, without a database.

    Parameters
    ----------
    folder
        Needs at least `interactions`, with a row.
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
        If the folder cannot be taken as it is, or has no interactions.
    """
    report_path = report_path_for(folder, skip_bad=skip_bad, chosen=bad_rows_path)
    with BadRows(folder, report_path) as bad_rows:
        source = HistoryFolder(folder, now=now, bad_rows=bad_rows, progress=progress)
        if INTERACTIONS.name not in source:
            raise HistoryFolderError(
                f"{folder} has no interactions: nothing can be learned from it."
            )
        described = source.read_described()
        interactions = read_interactions(source)
        bad_rows.require_acceptable()
        if len(interactions) == 0:
            raise HistoryFolderError(
                f"{source.path_of(INTERACTIONS.name)} has no rows to learn from."
            )
        return _build(
            interactions,
            catalogue=build_catalogue(described, interactions.module_ids()),
            profiles=profiles_in(described),
            evidence=evidence_in(described),
            parts_of=parts_in(described) if SPLITS.name in source else None,
            bad_rows_path=bad_rows.written_path,
        )


def read_store_data(workspace: Workspace, *, as_of: datetime | None = None) -> TrainingData:
    """Read everything in a workspace for training.

    Parameters
    ----------
    workspace
        Open.
    as_of
        Leave out what happened after this instant; None takes all.

    Raises
    ------
    NotFoundError
        If there are no interactions.
    StoreUnavailableError
        If the database does not answer.
    """
    latest = None if as_of is None else to_microseconds(as_of)
    with workspace.reading() as repositories:
        interactions = stored_interactions(repositories.bulk, latest)
        if len(interactions) == 0:
            raise NotFoundError(
                "The workspace has no interactions to learn from: import a history folder or "
                "send events first."
            )
        evidence = stored_evidence(repositories.bulk, latest)
        return _build(
            interactions,
            catalogue=canonical(
                repositories.catalogue.load(), interactions.module_ids(), evidence.skill_id
            ),
            profiles=stored_profiles(repositories.bulk),
            evidence=evidence,
        )


def _build(
    interactions: InteractionColumns,
    *,
    catalogue: Catalogue,
    profiles: ProfileColumns,
    evidence: EvidenceColumns,
    parts_of: Mapping[str, str] | None = None,
    bad_rows_path: Path | None = None,
) -> TrainingData:
    module_ids = IdMap(module.module_id for module in catalogue.modules)
    log = interactions.to_log(module_ids, pass_marks_of(catalogue))
    learner_attributes = align_attributes(log.learner_ids, profiles)
    evidence_arrays = align_evidence(evidence, log.learner_ids, catalogue)
    return TrainingData(
        log=log,
        catalogue=catalogue,
        learner_attributes=learner_attributes,
        evidence=evidence_arrays,
        parts=None
        if parts_of is None
        else np.array([parts_of.get(name, "") for name in log.learner_ids], np.str_),
        data_hash=fingerprint(log, catalogue, learner_attributes, evidence_arrays),
        n_rows={
            "interactions": len(log),
            "learners": log.n_learners,
            "modules": log.n_modules,
            "skills": len(catalogue.skills),
            "roles": len(catalogue.roles),
            "evidence": len(evidence_arrays.learner),
        },
        bad_rows_path=bad_rows_path,
    )
