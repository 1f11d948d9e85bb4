"""`GET …/results`: read by a process beside the service, kept while nothing changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from lab import define_and_start, fill
from service_runs import bearer, make_key, running

from features.store.workspace import Workspace
from service import readings
from service.schemas.fields import View
from service.schemas.results import ResultsView

RESULTS = "/v1/experiments/x/results"


def prepare(database_url, write):
    with Workspace.open(database_url) as workspace, workspace.transaction() as repositories:
        write(repositories)


def views(kind):
    return [each for child in kind.__subclasses__() for each in (child, *views(child))]


def fields_of(name):
    return next(each.model_fields for each in views(View) if each.__name__ == name)


@pytest.fixture
def begun(client, settings):
    """A service with an experiment that has started and that nobody has met."""
    prepare(settings.database_url, define_and_start)
    return client


def test_results_are_json_and_markdown_and_are_kept_until_something_changes(client, settings):
    prepare(settings.database_url, fill)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: client.get(RESULTS), range(2)))
    document = answers[0].json()
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[1].json() == document
    assert answers[0].headers["content-type"] == "application/json"
    ResultsView.model_validate(document)
    assert document.keys() == set(ResultsView.model_fields)
    assert document["metrics"][0].keys() == set(fields_of("MetricResultView"))
    assert document["metrics"][0]["effects"][0].keys() == set(fields_of("ArmEffectView"))
    text = client.get(RESULTS, params={"format": "markdown"})
    assert text.headers["content-type"].startswith("text/markdown")
    assert text.text.startswith("# x: ")
    assert document["decision"]["text"] in text.text
    assert client.get(RESULTS, headers={"Accept": "text/markdown"}).text == text.text
    client.post("/v1/outcomes", json={"outcomes": [OUTCOME]})
    assert client.get(RESULTS).json()["read_at"] > document["read_at"]


OUTCOME = {"learner_id": "ada", "metric": "sales", "value": 1, "at": "2026-05-01T00:00:00Z"}


def test_refusals(client, settings):
    assert client.get(RESULTS).status_code == 404
    body = {"hypothesis": "h", "variants": [{"variant_id": "a", "weight": 1.0}]}
    client.put("/v1/policies/gaps", json={"weights": {"gap": 1}})
    body["variants"] = [
        {"variant_id": "a", "weight": 0.5},
        {"variant_id": "b", "weight": 0.5, "policy_id": "gaps"},
    ]
    assert client.put("/v1/experiments/x", json=body).status_code == 200
    early = client.get(RESULTS)
    assert early.status_code == 409
    assert early.json()["type"] == "urn:waymark:problem:experiment-not-running"
    assert client.get(RESULTS, params={"format": "pdf"}).status_code == 422


def test_a_reading_that_takes_too_long_is_ended_and_can_be_asked_for_again(settings):
    prepare(settings.database_url, define_and_start)
    hurried = settings.model_copy(update={"reading_seconds": 0.05})
    with running(hurried) as client:
        client.headers.update(bearer(make_key(settings.database_url, "analytics")))
        answer = client.get(RESULTS)
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:waymark:problem:reading-unavailable"
        assert answer.headers["retry-after"].isdecimal()


def test_a_reading_that_breaks_is_a_fault(begun, monkeypatch):
    monkeypatch.setattr(readings, "RUN", ("-c", "raise SystemExit(3)"))
    with pytest.raises(RuntimeError, match="ended with code 3"):
        begun.get(RESULTS)


def test_a_reading_without_its_database_says_so(begun, monkeypatch):
    program = 'print(\'{"code": "store_unavailable", "detail": "gone"}\'); raise SystemExit(1)'
    monkeypatch.setattr(readings, "RUN", ("-c", program))
    assert begun.get(RESULTS).status_code == 503
