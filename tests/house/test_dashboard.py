"""The dashboard and the operator's guide speak of metrics that exist, and of all of them."""

import json
import re
from pathlib import Path

import pytest

from service.metrics import create_metrics

DOCS = Path(__file__).parents[2] / "docs"
SUFFIXES = ("_bucket", "_count", "_sum", "_total", "_created")


@pytest.fixture(scope="module")
def metrics():
    return {family.name for family in create_metrics().registry.collect()}


def named_in(text):
    found = set(re.findall(r"waymark_[a-z_]+", text))
    return {re.sub(f"({'|'.join(SUFFIXES)})$", "", name) for name in found}


def test_every_metric_of_the_dashboard_exists_and_each_is_shown(metrics):
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text())
    expressions = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    assert named_in(" ".join(expressions)) == metrics
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)


def test_labels_of_the_dashboard_are_those_of_the_metrics():
    metrics = create_metrics()
    labels = {name for each in vars(metrics).values() for name in getattr(each, "_labelnames", ())}
    text = (DOCS / "grafana-dashboard.json").read_text()
    used = {name for group in re.findall(r"by \(([^)]*)\)", text) for name in group.split(", ")}
    assert used - {"le"} <= labels


def test_every_metric_of_the_guide_exists(metrics):
    assert named_in((DOCS / "operations.md").read_text()) <= metrics
