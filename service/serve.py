"""`waymark serve`: the watcher and the workers, started and ended together."""

import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.context import SpawnProcess
from tempfile import TemporaryDirectory
from threading import Event, Thread
from types import FrameType

import uvicorn

from features.domain.errors import InvalidValueError, SnapshotError
from features.settings import Settings
from service.logs import configure_logging
from service.metrics import SHARED_FOLDER
from service.watcher import run_watcher, watcher_of

GRACE_SECONDS = 10
RESTART_AFTER_SECONDS = 2.0

log = logging.getLogger("waymark.serve")


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was taken and end every child.

    Parameters
    ----------
    settings
        Host, port, number of workers, and where everything is. Workers get them through the
        environment.

    Raises
    ------
    SnapshotError
        If the folder for copies of snapshots cannot be written.
    InvalidValueError
        If the address cannot be listened on, or the file of golden learners cannot be used.
    """
    configure_logging(settings.log_format)
    _require_address(settings)
    _require_golden(settings)
    os.environ.update(environment_of(settings))
    signal.signal(signal.SIGTERM, _exit)
    _announce_watcher(settings)
    with watching(settings), shared_metrics(settings.workers):
        uvicorn.run(
            "service.worker:worker_app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=settings.workers,
            http="service.protocol:BoundedProtocol",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )


@contextmanager
def shared_metrics(n_workers: int) -> Iterator[None]:
    """Give several workers a folder to count in together; one counts in its memory."""
    if n_workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="waymark-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[SHARED_FOLDER] = folder
        yield


def _require_address(settings: Settings) -> None:
    """Refuse an address in use before anything is loaded."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise InvalidValueError(
                f"{settings.host} port {settings.port} cannot be listened on: {error.strerror}. "
                "Set WAYMARK_HOST or WAYMARK_PORT to a free address."
            ) from error


def _require_golden(settings: Settings) -> None:
    if settings.golden_learners is not None:
        from service.golden import require_golden  # noqa: PLC0415 - see _jury_of in the watcher

        require_golden(settings.golden_learners, settings, datetime.now(UTC))


def environment_of(settings: Settings) -> dict[str, str]:
    """Return settings as the environment variables they are read from."""
    return {f"WAYMARK_{name.upper()}": str(value) for name, value in settings if value is not None}


@contextmanager
def watching(settings: Settings) -> Iterator[None]:
    """Keep a watcher process running; a watcher that ends is started again."""
    stopping = Event()
    supervisor = Thread(target=_supervise, args=(settings, stopping), daemon=True)
    supervisor.start()
    try:
        yield
    finally:
        stopping.set()
        supervisor.join()


def _announce_watcher(settings: Settings) -> None:
    try:
        watcher_of(settings).announce()
    except OSError as error:
        raise SnapshotError(
            f"copies of snapshots cannot be kept in {settings.snapshot_dir}: {error}. "
            "Set WAYMARK_SNAPSHOT_DIR to a folder that can be written."
        ) from error


def _supervise(settings: Settings, stopping: Event) -> None:
    process = _start_watcher(settings)
    started = time.monotonic()
    while not stopping.wait(0.2):
        if process.is_alive() or time.monotonic() - started < RESTART_AFTER_SECONDS:
            continue
        _report_end(settings, process.exitcode)
        process = _start_watcher(settings)
        started = time.monotonic()
    _end(process)


def _report_end(settings: Settings, exit_code: int | None) -> None:
    """Log that the watcher ended, and let workers that wait for its first check go on."""
    ending = f"the watcher ended with exit code {exit_code} and is started again"
    log.error(ending)
    try:
        watcher_of(settings).report(ending, datetime.now(UTC))
    except OSError as error:
        log.error("the folder of copies cannot be written: %s", error)  # noqa: TRY400 - words


def _start_watcher(settings: Settings) -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(
        target=run_watcher, args=(settings,), name="waymark-watcher", daemon=True
    )
    process.start()
    return process


def _end(process: SpawnProcess) -> None:
    process.terminate()
    process.join(GRACE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def _exit(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)
