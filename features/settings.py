"""Settings: every one is an environment variable that starts with WAYMARK_."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from features.domain.errors import InvalidValueError


class Settings(BaseSettings):
    """Where a workspace's parts are. Read once, at the edge (command line or `create_app`)."""

    model_config = SettingsConfigDict(env_prefix="WAYMARK_", frozen=True, extra="ignore")

    database_url: str = Field(
        "sqlite:///waymark.db", description="SQLite or PostgreSQL; plain postgresql:// works."
    )
    tracking_uri: str = Field(
        "sqlite:///mlruns/mlflow.db", description="The MLflow tracking store and registry."
    )
    model_name: str = Field("waymark", description="The registered model's name.")
    host: str = Field("127.0.0.1", description="The address the service listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The port the service listens on.")
    workers: int = Field(1, ge=1, le=64, description="How many worker processes serve.")
    snapshot_dir: Path = Field(
        Path("mlruns/serving"), description="Where the service keeps its own copies of snapshots."
    )
    settings_file: Path | None = Field(
        None, description="Hyper-parameters to train with, as `waymark tune` writes them."
    )
    statement_seconds: float = Field(
        5.0, gt=0, description="How long the service waits for a statement, or a writer on SQLite."
    )
    queue_seconds: float = Field(
        5.0, gt=0, description="How long what is asked waits for its turn, until it gets 503."
    )
    reading_seconds: float = Field(
        60.0, gt=0, description="How long results or a report may take the service."
    )
    watch_seconds: float = Field(
        1.0, gt=0, description="How often the registry is asked for a new champion."
    )
    golden_learners: Path | None = Field(
        None, description="Made-up learners whom a new champion may answer no worse, a JSON file."
    )
    rate_limit: int = Field(
        0, ge=0, description="Requests a minute that each key may make; 0 for any number."
    )
    max_in_flight: int = Field(
        100, ge=1, description="How many requests a worker takes at a time; others get 503."
    )
    log_format: Literal["text", "json"] = Field("text", description="Of the service's log.")
    access_log: bool = Field(False, description="Log a line for every request.")
    traces_url: str = Field(
        "", description="Where spans are sent by OTLP over HTTP; nowhere where empty."
    )
    keep_events_days: int = Field(
        0, ge=0, description="How long `waymark retention` keeps events; 0 for ever."
    )
    keep_recommendations_days: int = Field(
        0, ge=0, description="How long `waymark retention` keeps answers; 0 for ever."
    )
    allow_email_ids: bool = Field(
        False, description="Take learner ids that look like email addresses."
    )


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises
    ------
    InvalidValueError
        Naming each variable that cannot be used, and why.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = [
            f"WAYMARK_{str(fault['loc'][0]).upper()} is {fault['input']!r}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise InvalidValueError("; ".join(faults) + ". docs/settings.md lists them.") from error
