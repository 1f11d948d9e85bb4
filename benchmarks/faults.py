"""Faults on purpose, over real processes: what was acknowledged is there, once, and answers go on.

Run `.venv/bin/python benchmarks/faults.py [--kills 20] [--promotions 50]`. Senders post batches of
events, each again until it is acknowledged, while

- a worker of two is killed (SIGKILL), on SQLite,
- PostgreSQL is killed, all its processes at once (SIGKILL), and started again,
- the disk is full (writes beyond a size fail), and has room again, on SQLite,

and askers compare every answer with the order of the one snapshot it names while the champion
changes. The table has one line for each: how often, how many events were acknowledged or answers
given, how many of those are lost, there twice or mixed, how many requests failed otherwise than
with 503 and Retry-After, and the longest time from a promotion until no worker served the former.
`tests/e2e/test_faults.py` runs the same with fewer repetitions.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

import httpx
import numpy as np
import psutil
from fault_services import (
    MODULE_IDS,
    N_MODULES,
    Running,
    postgresql,
    serving,
    settings_in,
    wait_until,
)
from sqlalchemy import text

from features.score.ranking.arrays import to_arrays
from features.score.ranking.model import RankingModel
from features.score.snapshot import Snapshot
from features.settings import Settings
from features.store.engine import open_engine
from features.store.registry import CHAMPION, Registry
from features.store.snapshots import write_snapshot

BATCH = 20
N_SENDERS = 3
FRESH_ANSWERS = 20  # so many new connections in a row tell that no worker serves the former
FULL_BYTES = 4_096
AT = "2026-03-01T09:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a fault led to.

    Attributes
    ----------
    n
        Events acknowledged, or answers given.
    lost, twice, mixed
        Of those; none is as it should be.
    failed
        Requests answered otherwise than with 200, or 503 and Retry-After.
    seconds
        The longest time a promotion took; 0 elsewhere.
    """

    name: str
    repetitions: int
    n: int
    lost: int = 0
    twice: int = 0
    mixed: int = 0
    failed: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(kw_only=True)
class Load:
    """Threads that ask or send, again and again, until the block ends."""

    service: Running
    act: Callable[["Load", httpx.Client, str], None]
    n: int = 0
    acknowledged: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopping: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for number in range(N_SENDERS):
            thread = Thread(target=self._repeat, args=(f"{time.time_ns()}-{number}",), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def progress(self, by: int) -> None:
        """Wait until so many more acts have succeeded."""
        goal = self.n + by
        wait_until(lambda: self.n >= goal)

    def _repeat(self, name: str) -> None:
        with self.service.client() as client:
            for number in count():
                if self.stopping.is_set():
                    return
                self.act(self, client, f"{name}-{number}")


def send(load: Load, client: httpx.Client, name: str) -> None:
    """Post a batch until it is acknowledged."""
    ids = [f"{name}-{number}" for number in range(BATCH)]
    rows = [
        {"event_id": each, "learner_id": "ada", "module_id": "m00", "event": "viewed", "at": AT}
        for each in ids
    ]
    while not load.stopping.is_set():
        answer = _ask(client, "/v1/events", {"events": rows})
        if answer is not None and answer.status_code == 200:
            load.acknowledged += ids
            load.n += 1
            return
        if answer is not None and not _is_busy(answer):
            load.failed.append(f"{answer.status_code} {answer.text}")
            return
        time.sleep(0.05)


def ask(load: Load, client: httpx.Client, _name: str) -> None:
    """Ask once; what comes must be in the order of the snapshot it names."""
    answer = _ask(client, "/v1/recommendations", {"learner_id": "grace", "limit": 5})
    if answer is None or answer.status_code != 200:
        load.failed.append("no answer" if answer is None else f"{answer.status_code}")
        return
    load.n += 1
    version, items = answer.json()["snapshot_version"], answer.json()["items"]
    if [each["module_id"] for each in items] != expected(version):
        load.mixed.append(answer.text)


def expected(version: str) -> list[str]:
    """Return the five modules that a version leads with: the first, or the last, for even ones."""
    order = MODULE_IDS if int(version) % 2 else MODULE_IDS[::-1]
    return list(order[:5])


def _ask(client: httpx.Client, path: str, body: Mapping[str, Any]) -> httpx.Response | None:
    try:
        return client.post(path, json=body)
    except httpx.TransportError:
        return None


def _is_busy(answer: httpx.Response) -> bool:
    return answer.status_code == 503 and "retry-after" in answer.headers


def judge(name: str, repetitions: int, load: Load) -> Found:
    """Compare what was acknowledged with what the database holds."""
    engine = open_engine(load.service.settings.database_url)
    with engine.connect() as connection:
        held = list(connection.scalars(text("SELECT event_id FROM interactions")))
    engine.dispose()
    return Found(
        name=name,
        repetitions=repetitions,
        n=len(load.acknowledged),
        lost=len(set(load.acknowledged) - set(held)),
        twice=len(held) - len(set(held)),
        failed=tuple(load.failed),
    )


def kill_workers(settings: Settings, repetitions: int) -> Found:
    """Kill one of two workers amid batches, again and again."""
    both = settings.model_copy(update={"workers": 2})
    with serving(both) as service, Load(service=service, act=send) as load:
        for _ in range(repetitions):
            load.progress(5)
            random.choice(service.workers()).kill()
            wait_until(lambda: len(service.workers()) == 2)
        load.progress(5)
    return judge("worker killed", repetitions, load)


def kill_postgresql(settings: Settings, server: Any, repetitions: int) -> Found:
    """Kill the database amid batches and start it again, again and again."""
    with serving(settings) as service, Load(service=service, act=send) as load:
        for _ in range(repetitions):
            load.progress(5)
            postmaster = psutil.Process(server.get_pid())
            for process in (postmaster, *postmaster.children(recursive=True)):
                process.kill()
            time.sleep(0.3)
            # Where nobody buries the dead, their number still looks like a running server's.
            for left in (server.pgdata / "postmaster.pid", *server.pgdata.glob(".s.PGSQL.*.lock")):
                left.unlink(missing_ok=True)
            server.ensure_postgres_running()
            load.progress(1)
    return judge("PostgreSQL killed", repetitions, load)


def fill_disk(settings: Settings, repetitions: int) -> Found:
    """Let every write fail as on a full disk, see answers go on, and make room again."""
    with (
        serving(settings) as service,
        service.client() as client,
        Load(service=service, act=send) as load,
    ):
        for _ in range(repetitions):
            load.progress(5)
            limit = service.process.rlimit(psutil.RLIMIT_FSIZE)
            service.process.rlimit(psutil.RLIMIT_FSIZE, (FULL_BYTES, limit[1]))
            wait_until(lambda: not _is_recorded(client, load))
            service.process.rlimit(psutil.RLIMIT_FSIZE, limit)
            load.progress(1)
    return judge("disk full", repetitions, load)


def _is_recorded(client: httpx.Client, load: Load) -> bool:
    answer = _ask(client, "/v1/recommendations", {"learner_id": "grace"})
    if answer is None or answer.status_code != 200:
        load.failed.append("no answer" if answer is None else answer.text)
        return False
    return bool(answer.json()["recorded"])


def promote_under_load(settings: Settings, registry: Registry, repetitions: int) -> Found:
    """Change the champion while two workers answer, again and again."""
    both = settings.model_copy(update={"workers": 2, "watch_seconds": 0.2})
    with tempfile.TemporaryDirectory() as scratch:
        versions = [register(registry, Path(scratch) / str(k), k) for k in (1, 2)]
    registry.set_alias(CHAMPION, versions[0])
    slowest = 0.0
    with serving(both) as service, Load(service=service, act=ask) as load:
        for number in range(repetitions):
            version = versions[(number + 1) % 2]
            registry.set_alias(CHAMPION, version)
            slowest = max(slowest, wait_until(lambda v=version: _is_everywhere(service, v)))
            load.progress(1)
    return Found(
        name="promotion",
        repetitions=repetitions,
        n=load.n,
        mixed=len(load.mixed),
        failed=tuple(load.failed),
        seconds=slowest,
    )


def register(registry: Registry, folder: Path, number: int) -> str:
    """Register a snapshot whose most popular modules are the first ones, or the last ones."""
    popularity = np.arange(N_MODULES, 0, -1.0) if number % 2 else np.arange(1.0, N_MODULES + 1)
    arrays = to_arrays(RankingModel(popularity=popularity)) | {
        "module_ids": np.array(MODULE_IDS),
        "role_ids": np.array(["any"]),
        "met_by_role": np.zeros((1, N_MODULES)),
    }
    named = {f"ranking.{name}": array for name, array in arrays.items()}
    write_snapshot(Snapshot(manifest={"learned": {}}, arrays=named), folder)
    run = registry.client.create_run(registry.experiment_id())
    return registry.register(run.info.run_id, folder, {})


def _is_everywhere(service: Running, version: str) -> bool:
    """Tell whether answers on new connections, which any worker may take, are of one version."""
    headers = {"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"}
    for _ in range(FRESH_ANSWERS):
        fresh = HTTPConnection("127.0.0.1", service.settings.port, timeout=30.0)
        with closing(fresh):
            fresh.request("POST", "/v1/recommendations", b'{"learner_id": "grace"}', headers)
            answer = json.loads(fresh.getresponse().read())
        if answer["snapshot_version"] != version:
            return False
    return True


def main() -> None:
    """Run every fault and print the table; exit 1 where anything was lost, mixed or failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--promotions", type=int, default=50)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(4)]
        server = stack.enter_context(postgresql())
        found = [_report(kill_workers(settings_in(folders[0]), chosen.kills))]
        on_server = settings_in(folders[1], server.get_uri())
        found.append(_report(kill_postgresql(on_server, server, chosen.kills)))
        found.append(_report(fill_disk(settings_in(folders[2]), chosen.kills)))
        settings = settings_in(folders[3])
        registry = Registry(settings.tracking_uri, settings.model_name)
        found.append(_report(promote_under_load(settings, registry, chosen.promotions)))
    sys.exit(any(each.lost or each.twice or each.mixed or each.failed for each in found))


def _report(found: Found) -> Found:
    print(
        f"{found.name:<18} ×{found.repetitions:<4}{found.n:>8,} acknowledged or answered, "
        f"{found.lost} lost, {found.twice} twice, {found.mixed} mixed, {len(found.failed)} failed"
        + (f", slowest {found.seconds:.1f} s" if found.seconds else ""),
        flush=True,
    )
    for each in found.failed[:5]:
        print(f"  {each}")
    return found


if __name__ == "__main__":
    main()
