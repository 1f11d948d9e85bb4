"""The hyper-parameters that commands train with."""

from pathlib import Path
from typing import Annotated

import typer

from features.settings import Settings
from training.model_settings import ModelSettings, read_model_settings

SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", help="Hyper-parameters: a JSON file that `waymark tune` wrote."),
]


def model_settings(path: Path | None, settings: Settings) -> ModelSettings:
    """Read the hyper-parameters from the file named, else from that of WAYMARK_SETTINGS_FILE."""
    chosen = path or settings.settings_file
    return ModelSettings() if chosen is None else read_model_settings(chosen)
