"""What is told of requests: metrics, log lines and spans, and never whose they were."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from features.domain.instants import EPOCH
from features.domain.recommendation import (
    Candidates,
    Reason,
    Recommendation,
    RecommendedModule,
)
from features.score.snapshot import Snapshot
from service.coverage import Coverage
from service.logs import JsonFormatter, TextFormatter, request_id
from service.metrics import create_metrics

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def item(module_id, score, tier=1):
    return RecommendedModule(
        module_id=module_id,
        title=module_id,
        rank=1,
        tier=tier,
        score=score,
        propensity=1.0,
        p_success=0.5,
        contributions={},
        closes=(),
        unlocks=(),
        reasons=(Reason(code="gap", text="…"),),
    )


def answer(*items, best):
    return Recommendation(
        learner_id="ada",
        served_at=NOW,
        snapshot_version=None,
        policy_id="default",
        policy_version="1",
        items=items,
        candidates=Candidates(score=(best,)),
    )


def value(metrics, name, **labels):
    return metrics.registry.get_sample_value(name, labels)


def test_answers_are_counted_by_what_was_recommended_and_what_was_lacking():
    metrics = create_metrics()
    metrics.recommended(answer(item("a", 0.7), item("b", 0.9), best=0.9), "no_model")
    metrics.recommended(answer(item("a", 0.9), best=0.9), None)
    metrics.recommended(answer(item("c", 0.1, tier=0), best=0.9), None)
    assert value(metrics, "waymark_recommendations_total", degraded="no_model") == 1
    assert value(metrics, "waymark_recommendations_total", degraded="none") == 2
    assert value(metrics, "waymark_explored_total") == 1
    assert value(metrics, "waymark_items_total", tier="1", reason="gap") == 3
    assert value(metrics, "waymark_items_total", tier="0", reason="gap") == 1
    assert b"waymark_modules_recommended 3.0" in metrics.page()


def test_what_was_recommended_more_than_a_day_ago_is_forgotten():
    coverage = Coverage()
    coverage.add(["a", "b"], 0.0)
    coverage.add(["b"], 50_000.0)
    assert coverage.count(60_000.0) == 2
    assert coverage.count(90_000.0) == 1


def test_the_age_of_events_is_counted_where_they_have_one():
    metrics = create_metrics()
    metrics.arrived([NOW - timedelta(seconds=5), EPOCH + timedelta(seconds=7)], NOW)
    assert value(metrics, "waymark_event_lag_seconds_count") == 1
    assert value(metrics, "waymark_event_lag_seconds_sum") == 5


def test_an_event_from_ahead_of_the_clock_has_just_happened():
    metrics = create_metrics()
    metrics.arrived([NOW + timedelta(minutes=1)], NOW)
    assert value(metrics, "waymark_event_lag_seconds_sum") == 0


def test_the_snapshot_served_and_its_age_are_shown():
    metrics = create_metrics()
    manifest = {"learned": {}, "trained_at": NOW.isoformat()}
    metrics.serving(Snapshot(manifest=manifest, arrays={}, version="12"))
    assert value(metrics, "waymark_snapshot_version") == 12
    assert value(metrics, "waymark_snapshot_trained_at_seconds") == NOW.timestamp()


COUNTING = """
import sys
from service.metrics import create_metrics
metrics = create_metrics()
metrics.observe("GET", "/v1/skills", 200, 0.1)
metrics.snapshot_version.set(int(sys.argv[1]))
print(metrics.page().decode())
"""


def test_several_workers_count_together_and_those_that_ended_show_no_snapshot(tmp_path):
    """Whichever worker a scrape reaches, it tells of all."""
    pages = [
        subprocess.run(
            [sys.executable, "-c", COUNTING, version],
            env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for version in ("1", "2")
    ]
    total = 'waymark_requests_total{method="GET",route="/v1/skills",status="200"}'
    assert f"{total} 1.0" in pages[0]
    assert f"{total} 2.0" in pages[1]
    assert "waymark_snapshot_version 2.0" in pages[1]


@pytest.fixture
def failure():
    try:
        {}["ada@example.org"]
    except KeyError:
        return logging.LogRecord(
            "waymark", logging.ERROR, __file__, 1, "It failed", (), sys.exc_info()
        )


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_a_failure_is_logged_by_kind_and_place_and_not_by_what_was_sent(formatter, failure):
    request_id.set("0123456789abcdef")
    line = formatter.format(failure)
    request_id.set(None)
    for told in ("It failed", "KeyError", "test_observing.py", "0123456789abcdef"):
        assert told in line
    assert "ada" not in line


def test_a_line_of_json_has_what_the_record_adds():
    record = logging.LogRecord("waymark", logging.INFO, __file__, 1, "%s", ("done",), None)
    record.fields = {"status": 200}
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["message"], entry["status"], entry["level"]) == ("done", 200, "INFO")
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
