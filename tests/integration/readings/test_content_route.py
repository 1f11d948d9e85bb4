"""`GET /v1/reports/content`: what the command prints, read by a process beside the service."""

import shutil
from datetime import UTC, datetime

import orjson
import pytest
from service_runs import bearer, fill, make_key, running

from features.score.snapshot import Snapshot
from features.store.snapshots import write_snapshot
from features.store.workspace import Workspace
from service.champion import Champion, copies_folder, write_champion
from service.schemas.content import ContentReportView
from training.content.report import report_content
from training.histories.data import read_store_data

CONTENT = "/v1/reports/content"
NOW = datetime.now(UTC)
N_LEARNERS = 25
ENDED = {"module_id": "law", "mandatory": True, "active_until": "2026-01-01T00:00:00Z"}


@pytest.fixture
def begun(settings_on, database_url):
    """Settings of a service that waits long, on SQLite and on PostgreSQL."""
    return settings_on(database_url).model_copy(update={"reading_seconds": 600.0})


def tell(client):
    """Describe a small catalogue, and learners of whom nobody finishes one of the modules."""
    fill(client)
    events = [
        {"learner_id": f"u{who}", "module_id": module, "event": event, "at": f"{day}T09:00:00Z"}
        for who in range(N_LEARNERS)
        for module in ("counting-1", "counting-2", "counting-3", "judging-1")
        for event, day in (("started", "2026-02-01"), ("completed", "2026-02-02"))
        if event == "started" or module != "judging-1"
    ]
    events.append({**events[0], "event": "viewed", "at": "2026-06-01T09:00:00Z"})
    answer = client.post("/v1/events", json={"events": events})
    assert answer.json()["accepted"] == len(events), answer.text


def test_it_is_what_the_command_prints_and_follows_the_catalogue(begun):
    with running(begun) as client:
        client.headers.update(bearer(make_key(begun.database_url, "admin")))
        tell(client)
        client.headers.update(bearer(make_key(begun.database_url, "analytics")))
        answer = client.get(CONTENT)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        with Workspace.open(begun.database_url) as workspace:
            printed = report_content(read_store_data(workspace), None, NOW).to_document()
        document = answer.json()
        assert document == orjson.loads(orjson.dumps(printed))
        ContentReportView.model_validate(document)
        assert document.keys() == set(ContentReportView.model_fields)
        assert document["as_at"] == "2026-06-01T09:00:00Z"
        assert document["stale"] == []
        assert [one["skill_id"] for one in document["untaught"]] == ["counting", "judging"]
        client.headers.update(bearer(make_key(begun.database_url, "admin")))
        client.put("/v1/modules/law", json=ENDED)
        stale = client.get(CONTENT).json()["stale"]
        assert [(one["module_id"], one["why"]) for one in stale] == [("law", "ended")]


def test_it_goes_by_the_snapshot_in_service(settings):
    copies = copies_folder(settings)
    write_snapshot(Snapshot(manifest={"learned": {}}, arrays={}), copies / "copy")
    write_champion(copies, Champion(version="7", folder="copy", checked_at=NOW, error=None))
    with running(settings) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        tell(client)
        assert client.get(CONTENT).json()["snapshot_version"] == "7"
        shutil.rmtree(copies / "copy")
        client.put("/v1/modules/law", json=ENDED)
        lost = client.get(CONTENT)
        assert lost.status_code == 503
        assert lost.json()["type"] == "urn:waymark:problem:snapshot-invalid"


def test_a_report_that_takes_too_long_is_ended_and_names_the_command(settings):
    with running(settings.model_copy(update={"reading_seconds": 0.05})) as client:
        client.headers.update(bearer(make_key(settings.database_url, "admin")))
        tell(client)
        answer = client.get(CONTENT)
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:waymark:problem:reading-unavailable"
        assert "`waymark content`" in answer.json()["detail"]
        assert answer.headers["retry-after"].isdecimal()


def test_before_any_event_there_is_nothing_to_tell(client):
    answer = client.get(CONTENT)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:waymark:problem:cannot-tell"
    assert "/v1/events" in answer.json()["detail"]
