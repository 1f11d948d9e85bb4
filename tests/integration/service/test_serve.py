"""The whole service as processes: watcher, workers, signals, promotions while running."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
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
def served(settings):
    return settings.model_copy(update={"port": free_port(), "watch_seconds": 0.2})


def free_port():
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def serving(settings: Settings):
    """Run `python -m service` and give its process; it is ended if the test did not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "service"], cwd=ROOT, env=environment(settings)
    )
    try:
        wait_until(lambda: answers(settings, "/healthz"), PATIENCE)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def environment(settings):
    return {**os.environ, **environment_of(settings)}


def answers(settings, path):
    try:
        return get(settings, path).status_code == 200
    except httpx.TransportError:
        return False


def get(settings, path, **options):
    return httpx.get(f"http://127.0.0.1:{settings.port}{path}", timeout=10, **options)


def readiness(settings):
    return get(settings, "/readyz").json()


def family(process):
    return psutil.Process(process.pid).children(recursive=True)


@pytest.fixture
def registry(served):
    """A registry with one run to hang versions on."""
    return Registry(served.tracking_uri, served.model_name)


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
def test_promotions_are_noticed_while_serving(served, registry, tmp_path):
    first = promote(registry, tmp_path, 1.0)
    headers = bearer(make_key(served.database_url, "recommend"))

    def served_version():
        answer = httpx.post(
            f"http://127.0.0.1:{served.port}/v1/recommendations",
            json={"learner_id": "ada"},
            headers=headers,
            timeout=10,
        )
        assert answer.status_code == 200
        return answer.json()["snapshot_version"]

    with serving(served):
        wait_until(lambda: answers(served, "/readyz"), PATIENCE)
        assert readiness(served)["snapshot_version"] == first  # ready means: it was looked for
        assert served_version() == first

        second = promote(registry, tmp_path, 2.0)
        wait_until(lambda: served_version() == second, 20)

        promote(registry, tmp_path, 3.0, spoil=True)
        wait_until(lambda: readiness(served)["snapshot_error"] is not None, 20)
        assert served_version() == second

        registry.set_alias(CHAMPION, first)
        wait_until(lambda: served_version() == first, 20)
        assert readiness(served)["snapshot_error"] is None

    # The next start takes the last good copy, also where the registry is gone.
    tracking = Path(served.tracking_uri.removeprefix("sqlite:///"))
    tracking.rename(tracking.with_suffix(".away"))
    with serving(served):
        wait_until(lambda: answers(served, "/readyz"), PATIENCE)
        assert served_version() == first


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 1), (signal.SIGINT, 2)])
def test_a_signal_ends_the_service_and_its_children(served, number, workers):
    with serving(served.model_copy(update={"workers": workers})) as process:
        wait_until(lambda: answers(served, "/readyz"), PATIENCE)
        children = family(process)
        assert len(children) >= (1 if workers == 1 else 3)  # the watcher, and workers
        process.send_signal(number)
        assert process.wait(30) == 0
        wait_until(lambda: not any(is_running(child) for child in children), 20)


def is_running(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_children_end_with_a_parent_that_was_killed(served):
    with serving(served.model_copy(update={"workers": 2})) as process:
        wait_until(lambda: answers(served, "/readyz"), PATIENCE)
        children = family(process)
        process.kill()
        process.wait(10)
        wait_until(lambda: not any(is_running(child) for child in children), 20)


def test_a_watcher_that_dies_is_started_again(served):
    with serving(served) as process:
        wait_until(lambda: answers(served, "/readyz"), PATIENCE)
        before = running_children(process)
        for child in before:  # the watcher, and Python's tracker of shared resources
            child.kill()
        wait_until(lambda: bool(running_children(process) - before), PATIENCE)
        assert get(served, "/readyz").status_code == 200


def running_children(process):
    return {child for child in family(process) if is_running(child)}


def test_a_folder_for_copies_that_cannot_be_written_ends_the_start(served, tmp_path):
    in_the_way = tmp_path / "occupied"
    in_the_way.write_text("a file")
    settings = served.model_copy(update={"snapshot_dir": in_the_way})
    done = subprocess.run(
        [sys.executable, "-m", "service"],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert re.search(r"WAYMARK_SNAPSHOT_DIR", done.stderr)
    assert "Traceback" not in done.stderr
