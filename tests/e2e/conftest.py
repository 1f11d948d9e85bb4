"""A home folder of its own for a story, the command line in it, and the service on a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from training.cli.main import app
from training.model_settings import to_document


@dataclass
class Home:
    """Runs `waymark` as a user would, with every setting pointing into one folder."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str, code: int = 0) -> str:
        done = self.attempt(*words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def attempt(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "training.cli", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *words: str) -> dict:
        return json.loads(self.run(*words, "--json"))

    def again(self, *words: str) -> dict:
        """Run a command that has been a process before, in this one: starting takes seconds."""
        done = CliRunner().invoke(app, [*words, "--json"], env=self.environment)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def key(self, *scopes: str) -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        return self.json("keys", "create", *words)["key"]


def home_of(folder: Path, **settings: str) -> Home:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("WAYMARK_")}
    environment = kept | {
        "WAYMARK_DATABASE_URL": f"sqlite:///{folder / 'waymark.db'}",
        "WAYMARK_TRACKING_URI": f"sqlite:///{folder / 'mlruns' / 'mlflow.db'}",
        "WAYMARK_SNAPSHOT_DIR": str(folder / "mlruns" / "serving"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        **settings,
    }
    return Home(folder=folder, environment=environment)


@pytest.fixture
def home(tmp_path: Path, prepare_tracking, rough_settings) -> Home:
    prepare_tracking(tmp_path / "mlruns")
    rough = tmp_path / "rough.json"
    rough.write_text(json.dumps(to_document(rough_settings)))
    return home_of(tmp_path, WAYMARK_SETTINGS_FILE=str(rough))


@pytest.fixture
def serve():
    """Start `waymark serve` for a home; give an HTTP client; stop it at the end of the test."""
    with ExitStack() as stack:
        yield lambda home, key: stack.enter_context(serving(home, key))


@contextmanager
def serving(home: Home, key: str):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (home.folder / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "training.cli", "serve"],
            cwd=home.folder,
            env=home.environment | {"WAYMARK_PORT": str(port)},
            stdout=log,
            stderr=log,
        )
        address = f"http://127.0.0.1:{port}"
        headers = {"Authorization": f"Bearer {key}"}
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
                wait_until(lambda: ready(client), home)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def eventually():
    return wait_until


def wait_until(condition, home: Home, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, (home.folder / "service.log").read_text()
        time.sleep(0.2)
