"""A running service tells of its requests: ids, log lines, stages, and spans to a collector."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from service_runs import bearer, fill, make_key, running

from service.logs import JsonFormatter

ASKED = {"learner_id": "somebody-in-particular"}


def test_every_answer_has_an_id_the_callers_own_where_it_names_nobody(client):
    own = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert client.get("/healthz", headers={"X-Request-Id": own}).headers["x-request-id"] == own
    given = client.get("/v1/skills", headers={"X-Request-Id": "ada@example.org"})
    assert len(given.headers["x-request-id"]) == 32


def test_stages_events_and_coverage_are_measured(academy):
    row = {"module_id": "counting-1", "event": "viewed", "at": "2026-03-01T09:00:00Z", **ASKED}
    academy.post("/v1/events", json={"events": [row]})
    academy.post("/v1/recommendations", json=ASKED)
    lines = academy.get("/metrics").text.splitlines()
    for stage in ("know", "decide", "record"):
        assert f'waymark_stage_seconds_count{{stage="{stage}"}} 1.0' in lines
    assert 'waymark_recommendations_total{degraded="no_model"} 1.0' in lines
    assert "waymark_event_lag_seconds_count 1.0" in lines
    assert "waymark_modules 4.0" in lines
    assert "waymark_modules_recommended 1.0" in lines


def test_the_log_tells_of_a_request_and_not_of_whom(settings, caplog):
    caplog.set_level(logging.INFO, "waymark.access")
    with running(settings.model_copy(update={"access_log": True})) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        client.put("/v1/learners/somebody-in-particular", json={})
    (record,) = [each for each in caplog.records if each.name == "waymark.access"]
    line = JsonFormatter().format(record)
    entry = json.loads(line)
    assert (entry["method"], entry["route"]) == ("PUT", "/v1/learners/{learner_id}")
    assert (entry["status"], entry["key_id"][:4]) == (200, "key_")
    assert "somebody" not in line


@pytest.fixture
def collector():
    """An OTLP/HTTP collector on a free port: its URL, and the spans it was sent."""
    spans = []

    class Take(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            sent = ExportTraceServiceRequest.FromString(body)
            spans.extend(
                span for each in sent.resource_spans for s in each.scope_spans for span in s.spans
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Take) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces", spans
        server.shutdown()


def test_requests_are_traced_with_their_stages_below_the_callers_span(settings, collector):
    url, spans = collector
    trace_id, caller = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    with running(settings.model_copy(update={"traces_url": url})) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        fill(client)
        headers = {"traceparent": f"00-{trace_id}-{caller}-01"}
        client.post("/v1/recommendations", json=ASKED, headers=headers)
    of_request = [span for span in spans if span.trace_id.hex() == trace_id]
    names = {span.name: span for span in of_request}
    assert set(names) == {"POST /v1/recommendations", "know", "decide", "record"}
    whole = names["POST /v1/recommendations"]
    assert whole.parent_span_id.hex() == caller
    assert {names[each].parent_span_id for each in ("know", "decide", "record")} == {whole.span_id}
    assert "somebody" not in str(spans)
