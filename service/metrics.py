"""What is measured while serving; one registry an app, so that apps do not add up.

Where several workers serve, they write to files of one folder (`PROMETHEUS_MULTIPROC_DIR`, which
`service.serve` sets), and any of them gives the sum: a scrape reaches whichever worker takes it.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from features.domain.instants import is_ordinal
from features.domain.recommendation import Recommendation
from features.score.snapshot import Snapshot
from service.coverage import Coverage

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
LATENCY_BUCKETS_SECONDS = (5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LAG_BUCKETS_SECONDS = (1.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0, 604_800.0)
NO_REASON = "none"


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What one app has counted."""

    registry: CollectorRegistry
    latency_seconds: Histogram
    stage_seconds: Histogram
    requests: Counter
    recommendations: Counter
    explored: Counter
    items: Counter
    events: Counter
    event_lag_seconds: Histogram
    snapshot_version: Gauge
    snapshot_trained_at: Gauge
    modules: Gauge
    modules_recommended: Gauge
    coverage: Coverage

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request.

        Parameters
        ----------
        method, route
            The route's template, never the path asked for: paths hold ids.
        status
            HTTP status.
        seconds
            From the first byte of the request to the last of the answer.
        """
        self.requests.labels(method, route, status).inc()
        self.latency_seconds.labels(method, route).observe(seconds)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage of an answer."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.stage_seconds.labels(name).observe(time.perf_counter() - started)

    def recommended(self, given: Recommendation, lacks: str | None) -> None:
        """Count an answer: what the system lacked, and what was recommended and why.

        Parameters
        ----------
        given
            What was decided.
        lacks
            A word for what the system lacked first, None where nothing.
        """
        self.recommendations.labels(lacks or NO_REASON).inc()
        if _was_explored(given):
            self.explored.inc()
        for item in given.items:
            reason = item.reasons[0].code if item.reasons else NO_REASON
            self.items.labels(item.tier, reason).inc()
        self.coverage.add((item.module_id for item in given.items), time.monotonic())

    def arrived(self, at: Iterable[datetime], now: datetime) -> None:
        """Note how old events were as they arrived; ordinals have no age."""
        for each in at:
            if not is_ordinal(each):
                self.event_lag_seconds.observe(max((now - each).total_seconds(), 0.0))

    def serving(self, snapshot: Snapshot) -> None:
        """Note which snapshot is served from now on, and when it was trained."""
        version, trained_at = snapshot.version or "", snapshot.manifest.get("trained_at")
        self.snapshot_version.set(int(version) if version.isdecimal() else 0)
        at = 0.0 if trained_at is None else datetime.fromisoformat(trained_at).timestamp()
        self.snapshot_trained_at.set(at)

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        self.modules_recommended.set(self.coverage.count(time.monotonic()))
        folder = os.environ.get(SHARED_FOLDER)
        if folder is None:
            return generate_latest(self.registry)
        _forget_dead(Path(folder))
        shared = CollectorRegistry()
        MultiProcessCollector(shared, folder)  # type: ignore[no-untyped-call]
        return generate_latest(shared)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes what counts, all in one registry."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def gauge(self, name: str, text: str, mode: Literal["livemin", "livemax"]) -> Gauge:
        return Gauge(name, text, multiprocess_mode=mode, registry=self.registry)


def create_metrics() -> Metrics:
    """Make an empty set of counters; of several workers, the snapshot of the last one is shown."""
    new, latency = _Maker(CollectorRegistry()), LATENCY_BUCKETS_SECONDS
    answered = "Answered requests, by route and status."
    taken_in = "Rows taken in, by kind and what became of them."
    what_lacked = "Answers given, by what the system lacked first (none: nothing)."
    what_for = "Recommended modules, by tier and the first reason given."
    trained_at = "When it was trained, in Unix time; 0 without a model."
    of_late = "Different modules a worker recommended within the last day."
    stages = "Time of a stage of recommendations made together: know, decide, record."
    return Metrics(
        registry=new.registry,
        latency_seconds=new.histogram(
            "waymark_request_seconds", "Time to answer, by route.", latency, "method", "route"
        ),
        stage_seconds=new.histogram("waymark_stage_seconds", stages, latency, "stage"),
        requests=new.counter("waymark_requests", answered, "method", "route", "status"),
        recommendations=new.counter("waymark_recommendations", what_lacked, "degraded"),
        explored=new.counter("waymark_explored", "Answers not led by the best score."),
        items=new.counter("waymark_items", what_for, "tier", "reason"),
        events=new.counter("waymark_events", taken_in, "kind", "result"),
        event_lag_seconds=new.histogram(
            "waymark_event_lag_seconds", "Age of events as they arrive.", LAG_BUCKETS_SECONDS
        ),
        snapshot_version=new.gauge(
            "waymark_snapshot_version", "The version served; 0 without a model.", "livemin"
        ),
        snapshot_trained_at=new.gauge("waymark_snapshot_trained_at_seconds", trained_at, "livemin"),
        modules=new.gauge("waymark_modules", "Modules that can be recommended.", "livemax"),
        modules_recommended=new.gauge("waymark_modules_recommended", of_late, "livemax"),
        coverage=Coverage(),
    )


def _was_explored(given: Recommendation) -> bool:
    """Tell whether a module of a higher score could have led; only tier 1 is explored."""
    if not given.items or given.items[0].tier == 0:
        return False
    return given.items[0].score < max(given.candidates.score, default=0.0)


def _forget_dead(folder: Path) -> None:
    """Take what workers show at the moment away with them, however they ended."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rsplit("_", 1)[1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
