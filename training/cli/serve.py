"""`waymark serve`: the service, in a process of its own."""

import os
import sys
from typing import Annotated

import typer

from features.settings import read_settings
from training.cli.console import named_failures


def serve(
    workers: Annotated[
        int | None, typer.Option(help="Worker processes; WAYMARK_WORKERS otherwise.", min=1)
    ] = None,
) -> None:
    """Run the service until it is stopped; it loads the champion and notices promotions."""
    environment = dict(os.environ)
    # Requests are too small to share between threads: with two, they wait for each other.
    environment.setdefault("OPENBLAS_NUM_THREADS", "1")
    with named_failures():
        environment["WAYMARK_WORKERS"] = str(workers or read_settings().workers)
    # Training and service share no imports: this process becomes the service.
    os.execve(sys.executable, [sys.executable, "-m", "service"], environment)  # noqa: S606 - own interpreter, fixed arguments
