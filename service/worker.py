"""A worker process: one app."""

from fastapi import FastAPI

from service.app import from_environment
from service.processes import compute_alone, configure_logging, end_with_parent


def worker_app() -> FastAPI:
    """Build the app of one worker, which ends with the process that started it."""
    configure_logging()
    compute_alone()
    end_with_parent()
    return from_environment()
