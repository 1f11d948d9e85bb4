"""How many events one worker takes in, in batches of 100, acknowledged when they are on disk.

Run `.venv/bin/python benchmarks/events.py [--database sqlite|postgresql] [--seconds 10]
[--learners 100000] [--modules 5000]`. It starts one worker on the first core and, on PostgreSQL,
a server of its own with its usual settings; senders on the second core each post their next
batch when the last is acknowledged. The learners and modules are stored before. At the end the
rows in the database are compared with what was acknowledged.

| column | what it is |
| --- | --- |
| events/s | acknowledged |
| p50, p99 | ms of a batch |
| CPU | ms of the worker a batch; the database's own is not in it |
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import numpy as np
from serving import CLIENT_CORE, Server, cpu_seconds, database, serving
from serving_load import Shot, drive, post

from features.domain.history import Event, Interaction
from features.settings import Settings
from features.store.workspace import Workspace
from service.serve import environment_of

BATCH = 100
SENDERS = (1, 4, 16)
BATCHES_PER_SECOND = 300  # more than are taken: the shots must not come round again
ROWS_AT_A_TIME = 10_000


def main() -> None:
    """Fill a database, drive one worker and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seconds", type=float, default=10.0, help="for each number of senders")
    parser.add_argument("--learners", type=int, default=100_000)
    parser.add_argument("--modules", type=int, default=5_000)
    chosen = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(
            database_url=stack.enter_context(database(chosen.database, folder)),
            tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
            snapshot_dir=folder / "copies",
        )
        workspace = stack.enter_context(Workspace.open(settings.database_url))
        key = _fill(workspace, chosen.learners, chosen.modules)
        environment = environment_of(settings)
        print(f"{chosen.database}, batches of {BATCH}, one worker\n")
        print(f"{'senders':>8}{'events/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms':>9}{'failed':>8}")
        with serving("service.worker:worker_app", environment) as server:
            for n_senders in SENDERS:
                _measure(workspace, server, key, n_senders, chosen)
        print("\nevery acknowledged event is in the database once")


def _measure(
    workspace: Workspace, server: Server, key: str, n_senders: int, chosen: argparse.Namespace
) -> None:
    port = server.port
    drive(port, list(_shots(key, chosen)), connections=n_senders, seconds=1.0)
    shots, n_before, cpu_before = (
        list(_shots(key, chosen)),
        _n_events(workspace),
        cpu_seconds(server.pid),
    )
    tally = drive(port, shots, connections=n_senders, seconds=chosen.seconds)
    spent, latencies = cpu_seconds(server.pid) - cpu_before, tally.latencies_ms["events"]
    n_acknowledged = BATCH * (len(latencies) - tally.n_failed)
    n_kept = _n_events(workspace) - n_before
    if n_kept != n_acknowledged:
        raise SystemExit(f"{n_acknowledged:,} were acknowledged, {n_kept:,} are kept")
    p50, p99 = np.quantile(latencies, (0.5, 0.99))
    print(
        f"{n_senders:>8}{n_acknowledged / tally.seconds:>10,.0f}{p50:>9.1f}{p99:>9.1f}"
        f"{1e3 * spent / len(latencies):>9.2f}{tally.n_failed:>8}",
        flush=True,
    )


def _fill(workspace: Workspace, n_learners: int, n_modules: int) -> str:
    """Have learners and modules known, as after a while in use; return a key."""
    now = datetime.now(UTC)
    for first in range(0, n_learners, ROWS_AT_A_TIME):
        with workspace.transaction() as repositories:
            repositories.events.add(
                [
                    Interaction(
                        event_id=f"before-{k}",
                        learner_id=f"u{k}",
                        module_id=f"m{k % n_modules}",
                        event=Event.VIEWED,
                        at=now,
                    )
                    for k in range(first, min(first + ROWS_AT_A_TIME, n_learners))
                ]
            )
    with workspace.transaction() as repositories:
        return repositories.keys.create(["events"], now).key


def _shots(key: str, chosen: argparse.Namespace) -> Iterator[Shot]:
    """Make batches of events that no other call makes."""
    rng = np.random.default_rng(0)
    run, at = uuid4().hex, datetime.now(UTC).isoformat()
    for batch in range(int(chosen.seconds * BATCHES_PER_SECOND)):
        learners = rng.integers(chosen.learners, size=BATCH)
        modules = rng.integers(chosen.modules, size=BATCH)
        events = [
            {
                "event_id": f"{run}-{batch}-{k}",
                "learner_id": f"u{learners[k]}",
                "module_id": f"m{modules[k]}",
                "event": "scored",
                "at": at,
                "score": 0.8,
            }
            for k in range(BATCH)
        ]
        yield post("events", "/v1/events", json.dumps({"events": events}).encode(), key)


def _n_events(workspace: Workspace) -> int:
    with workspace.reading() as repositories:
        return sum(1 for _ in repositories.observations.interactions())


if __name__ == "__main__":
    main()
