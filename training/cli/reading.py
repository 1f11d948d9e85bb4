"""Reading training data for a command: from a folder with bars, or from the database."""

from pathlib import Path

from features.domain.errors import HistoryFolderError, StoreUnavailableError
from features.settings import Settings
from features.store.registry import sqlite_path
from features.store.tombstones import hash_of
from training.cli.console import err, now, reading_bars, workspace_of
from training.histories.data import TrainingData, read_folder_data, read_store_data


def read_histories(folder: Path | None, settings: Settings, *, quiet: bool) -> TrainingData:
    """Read a history folder, or where there is none the database of the settings.

    Raises
    ------
    HistoryFolderError
        If the folder cannot be taken, or is about learners who were erased.
    NotFoundError
        If there are no interactions.
    StoreUnavailableError
        If the database is asked and does not answer.
    """
    if folder is None:
        with workspace_of(settings) as workspace:
            return read_store_data(workspace)
    with reading_bars(quiet=quiet) as progress:
        data = read_folder_data(folder, now=now(), progress=progress)
    _require_none_erased(folder, data, settings)
    return data


def _require_none_erased(folder: Path, data: TrainingData, settings: Settings) -> None:
    """Refuse a folder about learners whom the workspace, where there is one, has erased."""
    database = sqlite_path(settings.database_url)
    if database is not None and not database.exists():
        return
    try:
        with workspace_of(settings) as workspace, workspace.reading() as repositories:
            hashes = repositories.learners.erased()
    except StoreUnavailableError as error:
        err.print(f"Whether {folder} names erased learners is not known: {error.detail}")
        return
    erased = [each for each in data.log.learner_ids if hashes and hash_of(each) in hashes]
    if erased:
        raise HistoryFolderError(
            f"{folder} is about {len(erased):,} learners who were erased, such as {erased[0]}: "
            "take their rows out"
        )
