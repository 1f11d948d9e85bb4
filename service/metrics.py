"""What is measured while serving; one registry an app, so that apps do not add up."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

LATENCY_BUCKETS_SECONDS = (
    0.0005,
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """The counters of one app."""

    registry: CollectorRegistry
    latency_seconds: Histogram
    requests: Counter
    recommendations: Counter
    events: Counter
    snapshot: Info

    media_type: str = CONTENT_TYPE_LATEST

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

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)


def create_metrics() -> Metrics:
    """Make an empty set of counters."""
    registry = CollectorRegistry()
    return Metrics(
        registry=registry,
        latency_seconds=Histogram(
            "waymark_request_seconds",
            "Time to answer, by route.",
            ("method", "route"),
            buckets=LATENCY_BUCKETS_SECONDS,
            registry=registry,
        ),
        requests=Counter(
            "waymark_requests",
            "Answered requests, by route and status.",
            ("method", "route", "status"),
            registry=registry,
        ),
        recommendations=Counter(
            "waymark_recommendations",
            "Answers given, by what the system lacked (none: nothing).",
            ("degraded",),
            registry=registry,
        ),
        events=Counter(
            "waymark_events",
            "Rows taken in, by kind and what became of them.",
            ("kind", "result"),
            registry=registry,
        ),
        snapshot=Info("waymark_snapshot", "The snapshot being served.", registry=registry),
    )
