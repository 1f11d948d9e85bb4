"""A worker process: one app."""

from fastapi import FastAPI

from features.settings import Settings
from service.app import create_app
from service.logs import configure_logging
from service.processes import compute_alone, end_with_parent


def worker_app() -> FastAPI:
    """Build the app of one worker, which ends with the process that started it."""
    settings = Settings()
    configure_logging(settings.log_format)
    compute_alone()
    end_with_parent()
    return create_app(settings)
