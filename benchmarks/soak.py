"""Whether one worker stays as it is for as long as it runs, and what a burst does to it.

Run `.venv/bin/python benchmarks/soak.py [--minutes 10] [--burst] [--learners 10000]
[--rows-per-learner 20] [--modules 5000] [--database sqlite|postgresql] [--cache FOLDER]`. It makes
up a workspace and starts one worker as `serving.py` does, finds saturation with a closed loop, and
then asks at half of that rate, 95 % recommendations and 5 % events that nobody has sent before,
minute by minute. The slope of memory is a straight line through the minutes after the first, which
fills caches.

With `--burst` it then asks for 20 seconds at ten times the rate of saturation, over more
connections than the worker takes requests, and again with the closed loop afterwards. Asking so
often takes the client more than its core can do: what was sent is printed beside what was meant.

| column | what it is |
| --- | --- |
| p50, p99 | ms of a recommendation, since it was due |
| failed | other answers than 200 |
| MB | resident memory of the worker at the end of the minute |
"""

import argparse
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from serving import CLIENT_CORE, Server, database, fill, mixed_shots, resident_mb, serving
from serving_load import Tally, drive

from features.settings import Settings
from service.serve import environment_of

BURST = 10  # times saturation
BURST_SECONDS = 20.0
BURST_CONNECTIONS = 500
MINUTE = 60.0
WIDTHS = (12, 9, 9, 8, 9)
FEWEST_POINTS = 2


def main() -> None:
    """Fill a workspace, soak a worker, and print what became of it."""
    chosen = _arguments()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(
            database_url=stack.enter_context(database(chosen.database, folder)),
            tracking_uri=f"sqlite:///{folder / 'mlflow.db'}",
            snapshot_dir=folder / "copies",
        )
        key = fill(settings, folder, chosen)
        environment = environment_of(settings)
        server = stack.enter_context(
            serving("service.worker:worker_app", environment, ready_at="/readyz")
        )
        rate = _saturation(server.port, key, chosen)
        print(
            f"{chosen.learners:,} learners, {chosen.modules:,} modules, {chosen.database}; "
            f"saturation at {rate:,.0f} requests/s\n"
        )
        if chosen.minutes:
            _soak(server, key, chosen, rate / 2)
        if chosen.burst:
            _burst(server, key, chosen, rate)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=10, help="0 leaves the soak out")
    parser.add_argument("--burst", action="store_true", help="ask at ten times saturation too")
    parser.add_argument("--learners", type=int, default=10_000)
    parser.add_argument("--rows-per-learner", type=int, default=20, help="events, on average")
    parser.add_argument("--modules", type=int, default=5_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--cache", type=Path, help="where the trained snapshot is kept")
    return parser.parse_args()


def _saturation(port: int, key: str, chosen: argparse.Namespace, seed: int = 10) -> float:
    """Return how many requests a second are answered where each follows another."""
    shots = list(mixed_shots(key, chosen, seed))
    drive(port, shots, connections=chosen.connections, seconds=2.0)
    closed = drive(port, shots, connections=chosen.connections, seconds=10.0)
    return sum(map(len, closed.latencies_ms.values())) / closed.seconds


def _soak(server: Server, key: str, chosen: argparse.Namespace, rate: float) -> None:
    _row("minute", ("requests/s", "p50 ms", "p99 ms", "failed", "MB"))
    megabytes = []
    for minute in range(1, chosen.minutes + 1):
        shots = list(mixed_shots(key, chosen, 100 + minute))
        tally = drive(
            server.port, shots, connections=4 * chosen.connections, seconds=MINUTE, rate=rate
        )
        megabytes.append(resident_mb(server.pid))
        _row(str(minute), (*_figures(tally), f"{megabytes[-1]:.1f}"))
    settled = megabytes[1:]
    if len(settled) >= FEWEST_POINTS:
        slope = np.polyfit(np.arange(len(settled)), settled, 1)[0]
        print(f"\nmemory after the first minute: {slope:+.2f} MB a minute\n")


def _figures(tally: Tally) -> tuple[str, ...]:
    rate = sum(map(len, tally.latencies_ms.values())) / tally.seconds
    p50, p99 = np.quantile(tally.latencies_ms["ask"], (0.5, 0.99))
    return f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{tally.n_failed}"


def _burst(server: Server, key: str, chosen: argparse.Namespace, before: float) -> None:
    tally = drive(
        server.port,
        list(mixed_shots(key, chosen, 20)),
        connections=BURST_CONNECTIONS,
        seconds=BURST_SECONDS,
        rate=BURST * before,
    )
    n_answered, n_refused = tally.statuses["200"], tally.statuses["503"]
    n_sent = tally.statuses.total() + tally.n_lost
    print(
        f"burst of {BURST} × saturation for {BURST_SECONDS:g} s: {n_sent:,} sent of "
        f"{BURST * before * BURST_SECONDS:,.0f} meant\n"
        f"  200: {n_answered:,}, {n_answered / tally.seconds:,.0f} a second, p99 "
        f"{np.quantile(tally.answered_ms, 0.99) if n_answered else np.nan:.1f} ms since sent\n"
        f"  503: {n_refused:,}, of which with Retry-After {tally.n_told_when:,}\n"
        f"  other: {tally.statuses.total() - n_answered - n_refused:,}, connections lost: "
        f"{tally.n_lost:,}\n"
        f"  memory: {resident_mb(server.pid):.1f} MB"
    )
    after = _saturation(server.port, key, chosen, seed=30)
    print(f"saturation afterwards: {after:,.0f} requests/s, {after / before:.2f} × before")


def _row(name: str, figures: tuple[str, ...]) -> None:
    print(
        f"{name:<10}" + "".join(f"{each:>{w}}" for each, w in zip(figures, WIDTHS, strict=True)),
        flush=True,
    )


if __name__ == "__main__":
    main()
