"""The whole service as processes: watcher, workers, signals, promotions while service."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from service_runs import bearer, make_key, wait_until

from features.score.snapshot import Snapshot
from features.settings import Settings
from features.store.registry import CHAMPION, Registry
from features.store.snapshots import ARRAYS, write_snapshot
from service.serve import environment_of

PATIENCE = 120  # seconds; a busy machine imports slowly
ROOT = Path(__file__).parents[3]


@pytest.fixture
def settings(settings):
    """Give settings of a service on a free port."""
    return settings.model_copy(update={"port": free_port(), "watch_seconds": 0.2})


def free_port():
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@dataclass(frozen=True)
class Running:
    """A service that runs as `python -m service`, and a client that talks to it."""

    process: subprocess.Popen
    client: httpx.Client

    def answers(self, path):
        try:
            return self.client.get(path).status_code == 200
        except httpx.TransportError:
            return False

    def readiness(self):
        return self.client.get("/readyz").json()

    def children(self):
        """Return the watcher, workers, and Python's tracker of shared resources, if running."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return {child for child in found if is_running(child)}

    def require_end(self, number):
        """Require that a signal ends the service without an error, and every child with it."""
        children = self.children()
        self.process.send_signal(number)
        assert self.process.wait(30) == 0
        require_ended(children)


@contextmanager
def serving(settings: Settings):
    """Run a service until it is ready; afterwards SIGTERM must end it, if the test did not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service"], cwd=ROOT, env=environment(settings)
    )
    # One client for all questions: each new one reads the system's certificates.
    with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}", timeout=10) as client:
        service = Running(process, client)
        try:
            wait_until(lambda: service.answers("/readyz"), PATIENCE)
            yield service
            if process.poll() is None:
                service.require_end(signal.SIGTERM)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(30)


def environment(settings):
    return {**os.environ, **environment_of(settings)}


def refused_start(settings):
    """Start a service that ends at once; return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def is_running(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def require_ended(processes):
    wait_until(lambda: not any(is_running(process) for process in processes), 20)


@pytest.fixture
def registry(settings, prepare_tracking, tmp_path):
    """A registry with one run to hang versions on."""
    prepare_tracking(tmp_path)
    return Registry(settings.tracking_uri, settings.model_name)


def promote(registry, tmp_path, content, spoil=False):
    """Register a snapshot and make it the champion; return its version."""
    run = registry.client.create_run(registry.experiment_id())
    folder = tmp_path / f"trained-{content}"
    snapshot = Snapshot(manifest={"learned": {}}, arrays={"none.x": np.full(3, content)})
    write_snapshot(snapshot, folder)
    if spoil:
        (folder / ARRAYS).write_bytes(b"")
    version = registry.register(run.info.run_id, folder, {})
    registry.set_alias(CHAMPION, version)
    return version


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_promotions_are_noticed_while_serving(settings, registry, tmp_path):
    first = promote(registry, tmp_path, 1.0)
    headers = bearer(make_key(settings.database_url, "recommend"))

    def served_version(service):
        answer = service.client.post(
            "/v1/recommendations", json={"learner_id": "ada"}, headers=headers
        )
        assert answer.status_code == 200
        return answer.json()["snapshot_version"]

    with serving(settings) as service:
        assert service.readiness()["snapshot_version"] == first  # ready means: it was looked for
        assert served_version(service) == first

        second = promote(registry, tmp_path, 2.0)
        wait_until(lambda: served_version(service) == second, 20)

        promote(registry, tmp_path, 3.0, spoil=True)
        wait_until(lambda: service.readiness()["snapshot_error"] is not None, 20)
        assert served_version(service) == second

        registry.set_alias(CHAMPION, first)
        wait_until(lambda: served_version(service) == first, 20)
        assert service.readiness()["snapshot_error"] is None

    # The next start takes the last good copy, also where the registry is gone.
    tracking = Path(settings.tracking_uri.removeprefix("sqlite:///"))
    tracking.rename(tracking.with_suffix(".away"))
    with serving(settings) as service:
        assert served_version(service) == first


def test_an_interrupt_ends_every_worker_and_the_watcher(settings):
    with serving(settings.model_copy(update={"workers": 2})) as service:
        assert len(service.children()) >= 3
        service.require_end(signal.SIGINT)


def test_children_end_with_a_parent_that_was_killed(settings):
    with serving(settings.model_copy(update={"workers": 2})) as service:
        children = service.children()
        assert len(children) >= 3
        service.process.kill()
        service.process.wait(10)
        require_ended(children)


def test_a_watcher_that_dies_is_started_again(settings):
    with serving(settings) as service:
        before = service.children()
        for child in before:
            child.kill()
        wait_until(lambda: bool(service.children() - before), PATIENCE)
        assert service.answers("/readyz")


def test_a_folder_for_copies_that_cannot_be_written_ends_the_start(settings, tmp_path):
    in_the_way = tmp_path / "occupied"
    in_the_way.write_text("a file")
    spoiled = settings.model_copy(update={"snapshot_dir": in_the_way})
    done = refused_start(spoiled)
    assert done.returncode == 1
    assert re.search(r"WAYMARK_SNAPSHOT_DIR", done.stderr)


def test_an_address_in_use_ends_the_start_and_names_its_settings(settings):
    with socket.socket() as taken:
        taken.bind((settings.host, 0))
        taken.listen()
        busy = settings.model_copy(update={"port": taken.getsockname()[1]})
        done = refused_start(busy)
    assert done.returncode == 1
    assert "WAYMARK_PORT" in done.stderr


def test_golden_learners_that_name_the_unknown_end_the_start(settings, tmp_path):
    file = tmp_path / "golden.json"
    file.write_text('{"learners": [{"name": "Ada", "expect": [{"any_of": ["m9"]}]}]}')
    done = refused_start(settings.model_copy(update={"golden_learners": file}))
    assert done.returncode == 1
    assert "golden.json: Ada: there is no module m9. Correct the file, or unset" in done.stderr
