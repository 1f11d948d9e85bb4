"""What the service answers under load, beside MLflow's server and a bare endpoint.

Run `.venv/bin/python benchmarks/serving.py [--learners 10000] [--rows-per-learner 20]
[--modules 5000] [--seconds 10] [--database sqlite|postgresql] [--cache FOLDER] [--only waymark]`.
It makes up a workspace as `decide.py` does, imports the histories, and starts, one after the other
and each with uvicorn on the first core: one worker; MLflow's scoring server, what `mlflow models
serve` runs, with the same scorer on the same database, which records nothing; and an endpoint that
returns the first's body. Each is driven from the second core, the worker with 95 % recommendations
and 5 % events. A closed loop finds saturation; an open loop at half of it gives the latencies. Then
100 answers are read back by id and compared with what was given.

| column | what it is |
| --- | --- |
| requests/s | of the closed loop, recommendations and events |
| p50, p99 | ms of a recommendation, open loop at half of that rate |
| CPU | ms of the worker a request, closed loop; the database's own is not in it |
| MB | resident memory of the worker at the end |
| ready s | from its start to its first answer |
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
from fault_services import postgresql
from histories_at_scale import Size, write_histories
from large_workspace import furnish, make_workspace
from serving_load import Shot, Tally, drive, post

from features.settings import Settings
from features.store.snapshots import write_snapshot
from features.store.workspace import Workspace
from service.champion import Champion, copies_folder, write_champion
from service.serve import environment_of
from training.histories.importing import import_folder

SERVER_CORE, CLIENT_CORE = 0, 1
EVENTS_EVERY = 20
N_READ_BACK = 100
WAIT_SECONDS = 60.0
N_SHOTS = 20_000
WIDTHS = (12, 9, 9, 9, 7, 8, 9)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Server:
    """A worker that answers on a port of this machine, and how long it took to be ready."""

    port: int
    pid: int
    ready_seconds: float


def main() -> None:
    """Fill a workspace, drive both servers and print the table."""
    chosen = _arguments()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(database(chosen.database, folder))
        settings = Settings(
            database_url=url,
            tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
            snapshot_dir=folder / "copies",
        )
        key = fill(settings, folder, chosen)
        print(
            f"{chosen.learners:,} learners, {chosen.modules:,} modules, "
            f"{chosen.rows_per_learner * chosen.learners:,} events, {chosen.database}; "
            f"{chosen.connections} connections\n"
        )
        titles = ("requests/s", "p50 ms", "p99 ms", "CPU ms", "MB", "failed", "ready s")
        print(
            f"{'':<10}"
            + "".join(f"{title:>{width}}" for title, width in zip(titles, WIDTHS, strict=True))
        )
        answers = _measure_service(settings, key, chosen)
        if chosen.only == "waymark":
            return
        _measure_mlflow(settings, folder, chosen)
        (folder / "body.json").write_bytes(answers[0])
        shots = [post("ask", "/v1/recommendations", b'{"learner_id": "u"}')]
        environment = {"BARE_BODY": str(folder / "body.json")}
        with serving("bare_endpoint:create_bare", environment) as server:
            _measure("bare", server, shots, chosen)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--modules", type=int, default=5_000)
    parser.add_argument("--rows-per-learner", type=int, default=20, help="events, on average")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the two loops")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--cache", type=Path, help="where the trained snapshot is kept")
    parser.add_argument("--only", choices=("waymark",), help="leave the other two out")
    return parser.parse_args()


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database of its own, with the settings its server comes with."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'waymark.db'}"
        return
    with postgresql() as server:
        yield server.get_uri()


def fill(settings: Settings, folder: Path, chosen: argparse.Namespace) -> str:
    """Put histories, catalogue and snapshot in place and return a key."""
    (folder / "histories").mkdir()
    size = Size(
        n_rows=chosen.rows_per_learner * chosen.learners,
        n_modules=chosen.modules,
        rows_per_learner=chosen.rows_per_learner,
    )
    write_histories(folder / "histories", size)
    now = datetime.now(UTC)
    with Workspace.open(settings.database_url) as workspace:
        import_folder(workspace, folder / "histories", now=now)
        with workspace.reading() as repositories:
            bare = repositories.catalogue.load()
        whole = furnish(bare, np.random.default_rng(0))
        with workspace.transaction() as repositories:
            for module in whole.modules:
                repositories.catalogue.put_module(module)
            for role in whole.roles:
                repositories.catalogue.put_role(role)
            for rule in whole.rules:
                repositories.catalogue.put_rule(rule)
            for pathway in whole.pathways:
                repositories.catalogue.put_pathway(pathway)
            key = repositories.keys.create(["recommend", "events"], now).key
    copies = copies_folder(settings)
    snapshot = make_workspace(chosen.modules, 1, 1, 0, chosen.cache).snapshot
    write_snapshot(snapshot, copies / "v1")
    write_champion(copies, Champion(version="1", folder="v1", checked_at=now, error=None))
    return key


def _measure_service(settings: Settings, key: str, chosen: argparse.Namespace) -> list[bytes]:
    environment = environment_of(settings)
    with serving("service.worker:worker_app", environment, ready_at="/readyz") as server:
        answers = _measure("waymark", server, list(mixed_shots(key, chosen)), chosen).bodies["ask"]
        _read_back(server.port, key, answers[-N_READ_BACK:])
    return answers


def _measure_mlflow(settings: Settings, folder: Path, chosen: argparse.Namespace) -> None:
    """Serve the same scorer as MLflow serves models."""
    from mlflow_scorer import save  # noqa: PLC0415 - MLflow takes seconds to import

    save(folder / "model", copies_folder(settings) / "v1", settings.database_url)
    records = [
        {"dataframe_records": [{"learner_id": learner_id}]} for learner_id in _learner_ids(chosen)
    ]
    shots = [post("ask", "/invocations", json.dumps(each).encode()) for each in records]
    environment = {"__pyfunc_model_path__": f"file://{folder / 'model'}"}
    with serving("mlflow.pyfunc.scoring_server.app:app", environment, ready_at="/ping") as server:
        _measure("mlflow", server, shots, chosen)


def _learner_ids(chosen: argparse.Namespace, seed: int = 1) -> Iterator[str]:
    """Name random learners."""
    rng, width = np.random.default_rng(seed), len(str(chosen.learners - 1))
    return (f"u{rng.integers(chosen.learners):0{width}}" for _ in range(N_SHOTS))


def mixed_shots(key: str, chosen: argparse.Namespace, seed: int = 1) -> Iterator[Shot]:
    """Ask for random learners, and send a learner's event every so often.

    Another seed gives other learners and other events.
    """
    rng = np.random.default_rng([seed, 1])
    now = datetime.now(UTC).isoformat()
    n_modules, width = chosen.modules, len(str(chosen.modules - 1))
    for k, learner_id in enumerate(_learner_ids(chosen, seed)):
        if k % EVENTS_EVERY:
            asked = {"learner_id": learner_id, "limit": 3, "context": {"available_minutes": 30}}
            yield post("ask", "/v1/recommendations", json.dumps(asked).encode(), key)
        else:
            event = {"learner_id": learner_id, "module_id": f"m{rng.integers(n_modules):0{width}}"}
            event |= {"event": "viewed", "at": now, "event_id": f"load-{k}-{rng.integers(2**60)}"}
            yield post("event", "/v1/events", json.dumps({"events": [event]}).encode(), key)


def _measure(name: str, server: Server, shots: list[Shot], chosen: argparse.Namespace) -> Tally:
    port, pid = server.port, server.pid
    drive(port, shots, connections=chosen.connections, seconds=2.0)
    before = cpu_seconds(pid)
    closed = drive(port, shots, connections=chosen.connections, seconds=chosen.seconds)
    spent = cpu_seconds(pid) - before
    n = sum(map(len, closed.latencies_ms.values()))
    rate = n / closed.seconds
    half = drive(
        port, shots, connections=4 * chosen.connections, seconds=chosen.seconds, rate=rate / 2
    )
    p50, p99 = np.quantile(half.latencies_ms["ask"], (0.5, 0.99))
    failed = closed.n_failed + half.n_failed
    figures = (
        *(f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{1e3 * spent / n:.2f}"),
        *(f"{resident_mb(pid):.0f}", f"{failed}", f"{server.ready_seconds:.1f}"),
    )
    print(
        f"{name:<10}"
        + "".join(f"{figure:>{w}}" for figure, w in zip(figures, WIDTHS, strict=True)),
        flush=True,
    )
    return half


@contextmanager
def serving(
    app: str, environment: Mapping[str, str], ready_at: str = "/openapi.json"
) -> Iterator[Server]:
    """Start one uvicorn worker on the first core; give it once `ready_at` is answered."""
    port, started = _free_port(), time.monotonic()
    is_factory = not app.startswith("mlflow")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", app, "--port", str(port)),
            *(("--factory",) if is_factory else ()),
            *("--log-level", "warning", "--no-access-log", "--timeout-keep-alive", "60"),
        ],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(__file__).parent)},
    )
    os.sched_setaffinity(process.pid, {SERVER_CORE})
    try:
        _wait_for(port, ready_at)
        yield Server(port=port, pid=process.pid, ready_seconds=time.monotonic() - started)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(port: int, path: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}"):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _read_back(port: int, key: str, answers: list[bytes]) -> None:
    for answer in map(json.loads, answers):
        request = Request(
            f"http://127.0.0.1:{port}/v1/recommendations/{answer['recommendation_id']}",
            headers={"Authorization": f"Bearer {key}"},
        )
        with urlopen(request) as found:
            record = json.load(found)
        if record["items"] != answer["items"]:
            raise SystemExit(f"{answer['recommendation_id']} was not recorded as it was given")
    print(f"{len(answers)} answers read back by id are as they were given")


def cpu_seconds(pid: int) -> float:
    """Return what a process has used of processors."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds, in MB of 2^20 bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


if __name__ == "__main__":
    main()
