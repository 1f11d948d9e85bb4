"""A worker process: one app."""

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI


def worker_app() -> "FastAPI":
    """Build the app of one worker, which ends with the process that started it.

    What is imported stays to the end. To look for garbage in it is an eighth of the work of a
    start, and then a part of every look for garbage: so nobody looks.
    """
    gc.disable()
    try:
        return _build()
    finally:
        gc.freeze()
        gc.enable()


def _build() -> "FastAPI":
    from features.settings import Settings  # noqa: PLC0415 - not before garbage is left alone
    from service.app import create_app  # noqa: PLC0415
    from service.logs import configure_logging  # noqa: PLC0415
    from service.processes import compute_alone, end_with_parent  # noqa: PLC0415

    settings = Settings()
    configure_logging(settings.log_format)
    compute_alone()
    end_with_parent()
    return create_app(settings)
