"""Traces of requests, sent by OpenTelemetry to WAYMARK_TRACES_URL; else no exporter is loaded."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from features.domain.errors import InvalidValueError

SERVICE_NAME = "waymark"


class Tracing:
    """Spans of one provider.

    Parameters
    ----------
    provider
        Of `opentelemetry.sdk.trace`.
    """

    def __init__(self, provider: Any) -> None:
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415 - an extra

        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE_NAME)
        self._propagator = tracecontext.TraceContextTextMapPropagator()

    @contextmanager
    def span(self, name: str, headers: Mapping[str, str] | None = None) -> Iterator[Any]:
        """Open a span; what its block raises is noted by its kind, not by its message."""
        context = None if headers is None else self._propagator.extract(headers)
        with self._tracer.start_as_current_span(
            name, context=context, record_exception=False, set_status_on_exception=False
        ) as opened:
            try:
                yield opened
            except Exception as error:  # any failure at all is noted, and goes on as it was
                opened.set_attribute("error.type", type(error).__qualname__)
                raise

    def close(self) -> None:
        """Send what has not been sent."""
        self._provider.shutdown()


def open_tracing(traces_url: str) -> Tracing | None:
    """Return what sends spans to an OTLP/HTTP collector, None where no URL is given.

    Raises
    ------
    InvalidValueError
        If OpenTelemetry's exporter is not installed.
    """
    if not traces_url:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise InvalidValueError(
            "WAYMARK_TRACES_URL is set, and OpenTelemetry is not installed: install "
            "`waymark[tracing]`"
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE_NAME}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=traces_url)))
    return Tracing(provider)
