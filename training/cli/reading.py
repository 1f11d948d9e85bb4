"""Reading training data for a command: from a folder with bars, or from the database."""

from pathlib import Path

from features.settings import Settings
from training.cli.console import now, reading_bars, workspace_of
from training.histories.data import TrainingData, read_folder_data, read_store_data


def read_histories(folder: Path | None, settings: Settings, *, quiet: bool) -> TrainingData:
    """Read a history folder, or where there is none the database of the settings."""
    if folder is None:
        with workspace_of(settings) as workspace:
            return read_store_data(workspace)
    with reading_bars(quiet=quiet) as progress:
        return read_folder_data(folder, now=now(), progress=progress)
