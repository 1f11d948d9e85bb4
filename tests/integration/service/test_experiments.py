"""Experiments: defined, started once, frozen, stopped once, and refused by what is wrong."""

import pytest

from features.domain.experiment import METRIC_IDS

CONTROL = {"variant_id": "as-today", "weight": 0.5}
GAPS = {"variant_id": "gaps", "weight": 0.5, "policy_id": "gaps-only"}
METRICS = [
    {"metric_id": "completion_rate", "role": "goal", "window_days": 30},
    {"metric_id": "outcome:errors", "role": "guardrail", "margin": 0.5, "higher_is_better": False},
]
LATER = "2126-01-01T00:00:00Z"
BODY = {"hypothesis": "Gaps alone do better.", "variants": [CONTROL, GAPS], "metrics": METRICS}


@pytest.fixture
def lab(everywhere):
    """A service that knows a policy beside the default, on each kind of database."""
    everywhere.put("/v1/policies/gaps-only", json={"weights": {"gap": 1}})
    return everywhere


@pytest.fixture
def desk(client):
    """The same on SQLite alone, for what never gets as far as the database."""
    client.put("/v1/policies/gaps-only", json={"weights": {"gap": 1}})
    return client


def put(client, experiment_id="x1", **changes):
    return client.put(f"/v1/experiments/{experiment_id}", json=BODY | changes)


def act(client, what, experiment_id="x1"):
    return client.post(f"/v1/experiments/{experiment_id}/{what}")


def running(client, experiment_id="x1", **changes):
    assert put(client, experiment_id, **changes).status_code == 200
    answer = act(client, "start", experiment_id)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer, status, slug):
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:waymark:problem:{slug}"
    return answer.json()["detail"]


def test_an_experiment_is_defined_started_and_stopped(lab):
    drafted = put(lab, unit="department", coverage=0.2, preview={"ada": "gaps"}).json()
    assert drafted["state"] == "draft"
    assert lab.get("/v1/experiments/x1").json() == drafted
    assert drafted["variants"][1] == {
        **GAPS,
        "snapshot": None,
        "pathway_id": None,
        "rules": None,
        "pinned": {},
    }
    started = act(lab, "start").json()
    assert (started["state"], started["enrolled"]) == ("running", {"as-today": 0, "gaps": 0})
    (phase,) = started["phases"]
    assert (phase["number"], phase["weights"]) == (1, {"as-today": 0.5, "gaps": 0.5})
    assert phase["coverages"] == [{"coverage": 0.2, "at": started["started_at"]}]
    stopped = act(lab, "stop").json()
    assert stopped["state"] == "stopped"
    assert stopped["stopped_at"] > stopped["started_at"]
    (listed,) = lab.get("/v1/experiments").json()["items"]
    assert listed == {name: value for name, value in stopped.items() if name != "enrolled"}


def test_lists_come_in_pages(lab):
    for name in ("b", "a", "c"):
        put(lab, name)
    page = lab.get("/v1/experiments?limit=2").json()
    assert [each["experiment_id"] for each in page["items"]] == ["a", "b"]
    after = lab.get(f"/v1/experiments?after={page['next']}").json()
    assert [each["experiment_id"] for each in after["items"]] == ["c"]


def test_a_policy_is_pinned_at_the_start(lab):
    put(lab)
    lab.put("/v1/policies/gaps-only", json={"weights": {"gap": 1}, "exploration": 0.5})
    pinned = act(lab, "start").json()["variants"][1]["pinned"]
    assert (pinned["policy"]["version"], pinned["policy"]["exploration"]) == ("2", 0.5)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"hypothesis": "Another."}, "hypothesis"),
        ({"variants": [CONTROL, GAPS | {"variant_id": "other"}]}, "variants"),
        ({"eligible": "learner.mentor"}, "eligible"),
        ({"metrics": METRICS[:1]}, "metrics"),
        ({"unit": "location", "planned_n": 9}, "planned_n, unit"),
    ],
)
def test_what_is_compared_is_frozen_from_the_start_on(desk, changes, what):
    running(desk)
    said = refused(put(desk, **changes), 409, "experiment-started")
    assert f": {what} cannot change any more" in said
    assert put(desk).status_code == 200  # the same again is no change
    act(desk, "stop")
    assert "coverage cannot change" in refused(put(desk, coverage=0.1), 409, "experiment-started")


def test_a_higher_coverage_belongs_to_the_phase_and_new_weights_open_one(lab):
    running(lab, coverage=0.1)
    raised = put(lab, coverage=0.5).json()
    assert [[each["coverage"] for each in one["coverages"]] for one in raised["phases"]] == [
        [0.1, 0.5]
    ]
    variants = [CONTROL | {"weight": 0.2}, GAPS | {"weight": 0.8}]
    moved = put(lab, coverage=0.5, variants=variants).json()
    assert [one["number"] for one in moved["phases"]] == [1, 2]
    assert moved["phases"][1]["weights"] == {"as-today": 0.2, "gaps": 0.8}
    assert [each["weight"] for each in moved["variants"]] == [0.2, 0.8]
    assert moved["variants"][1]["pinned"] == raised["variants"][1]["pinned"]


def test_starting_and_stopping_are_done_once_and_in_order(lab):
    assert (
        "has not started" in (put(lab), refused(act(lab, "stop"), 409, "experiment-not-running"))[1]
    )
    for what in ("start", "stop"):
        first = act(lab, what)
        assert first.status_code == 200
        assert act(lab, what).json() == first.json()
    assert "was stopped" in refused(act(lab, "start"), 409, "experiment-started")
    for what in ("start", "stop"):
        refused(act(lab, what, "nowhere"), 404, "not-found")
    refused(lab.get("/v1/experiments/nowhere"), 404, "not-found")


@pytest.mark.parametrize(
    ("component", "culprit"),
    [
        ({"policy_id": "luck"}, "variant 'v' names policy_id 'luck'"),
        ({"snapshot": "99"}, "variant 'v' names snapshot '99'"),
        ({"pathway_id": "nowhere"}, "variant 'v' names pathway_id 'nowhere'"),
        ({"rules": ["r1", "r2"]}, "names rules 'r1'; variant 'v' names rules 'r2'"),
    ],
)
def test_variants_that_name_what_does_not_exist_are_refused_by_name(desk, component, culprit):
    variants = [CONTROL, {"variant_id": "v", "weight": 0.5, **component}]
    assert culprit in refused(put(desk, variants=variants), 404, "experiment-names-unknown")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"variants": [CONTROL, GAPS | {"weight": 0.6}]}, "variants.weight", "they must sum to 1"),
        ({"variants": [CONTROL]}, "variants", "a comparison takes a control and another"),
        ({"variants": [CONTROL, GAPS | {"variant_id": "as-today"}]}, "variants.variant_id", "once"),
        ({"variants": [CONTROL, GAPS | {"rules": []}]}, "variants.1", "name one"),
        ({"variants": [GAPS, CONTROL]}, "variants.1", "only the control"),
        ({"variants": [CONTROL | {"weight": 1.5}, GAPS]}, "variants.0.weight", "equal to 1"),
        ({"variants": [CONTROL, GAPS | {"luck": 1}]}, "variants.1.luck", "not permitted"),
        ({"eligible": "learner.department =="}, "eligible", "cannot be read as CEL"),
        ({"eligible": "luck && mastery['x'] > 0.5"}, "eligible", "unknown facts: luck, mastery"),
        ({"unit": "needs"}, "unit", "makes no groups"),
        ({"preview": {"ada": "nobody"}}, "preview.ada", "no variant 'nobody'"),
        ({"namespace": "n", "namespace_range": [0.5, 0.5]}, "namespace_range", "no range"),
        ({"namespace_range": [0.0, 0.5]}, "namespace_range", "goes with a namespace"),
        ({"metrics": [{"metric_id": "luck", "role": "goal"}]}, "metrics.0.metric_id", "is unknown"),
        ({"metrics": [{"metric_id": "minutes", "role": "guardrail"}]}, "metrics.0.margin", "needs"),
        ({"metrics": [METRICS[1] | {"margin": -1}]}, "metrics.0.margin", "negative"),
        ({"metrics": [METRICS[0] | {"window_days": 0}]}, "metrics.0.window_days", "not above 0"),
        ({"metrics": [METRICS[0] | {"window_days": 1e300}]}, "metrics.0.window_days", "at most"),
        ({"metrics": METRICS[:1] * 2}, "metrics", "completion_rate is a goal 2 times"),
        ({"starts_at": LATER, "ends_at": LATER}, "ends_at", "not after"),
        ({"starts_at": []}, "starts_at", "it must be ISO 8601 with a zone"),
        ({"ends_at": True}, "ends_at", "it must be ISO 8601 with a zone"),
        ({"coverage": 1.2}, "coverage", "equal to 1"),
        ({"planned_n": 0}, "planned_n", "equal to 1"),
    ],
)  # fmt: skip
def test_an_experiment_that_contradicts_itself_is_refused_by_field(desk, changes, field, words):
    answer = put(desk, **changes)
    assert answer.status_code == 422
    details = {each["field"]: each["detail"] for each in answer.json()["errors"]}
    assert words in details[field], details


def test_every_metric_of_the_list_is_taken(desk):
    metrics = [{"metric_id": metric_id, "role": "goal"} for metric_id in METRIC_IDS]
    assert put(desk, metrics=metrics).status_code == 200


def test_two_running_experiments_never_own_one_component_of_a_learner(lab):
    running(lab, "first", namespace="ranker", namespace_range=[0, 0.5])
    put(lab, "second")
    said = refused(act(lab, "start", "second"), 409, "experiment-overlap")
    assert "'first' owns policy_id of learners too" in said
    put(lab, "second", namespace="ranker", namespace_range=[0.4, 1])
    said = refused(act(lab, "start", "second"), 409, "experiment-overlap")
    assert "range [0.0, 0.5] of namespace 'ranker', which overlaps [0.4, 1.0]" in said
    put(lab, "second", namespace="ranker", namespace_range=[0.5, 1], unit="department")
    said = refused(act(lab, "start", "second"), 409, "experiment-overlap")
    assert "'first' assigns learner and not department in namespace 'ranker'" in said
    put(lab, "second", namespace="ranker", namespace_range=[0.5, 1])
    assert act(lab, "start", "second").status_code == 200


def test_an_experiment_that_was_stopped_is_in_nobodys_way(lab):
    running(lab, "first")
    act(lab, "stop", "first")
    running(lab, "second")
    put(lab, "third", starts_at=LATER)
    refused(act(lab, "start", "third"), 409, "experiment-overlap")
    act(lab, "stop", "second")
    assert act(lab, "start", "third").json()["state"] == "scheduled"


def test_an_experiment_without_a_goal_does_not_start(desk):
    put(desk, metrics=METRICS[1:])
    said = refused(act(desk, "start"), 422, "experiment-invalid")
    assert "metrics: none of them is a goal" in said


def test_a_unit_that_no_learner_has_does_not_start(lab):
    lab.put("/v1/learners/ada", json={"department": "Sales", "contract": "temporary"})
    put(lab, unit="departmnet")
    said = refused(act(lab, "start"), 422, "experiment-invalid")
    assert "unit: none of 1 learners has the attribute 'departmnet'" in said
    running(lab, unit="contract")


def test_an_experiment_whose_end_has_passed_does_not_start(desk):
    put(desk, ends_at="2026-01-01T00:00:00Z")
    assert "ends_at: it has passed" in refused(act(desk, "start"), 422, "experiment-invalid")


def test_acts_are_audited(lab):
    running(lab)
    act(lab, "stop")
    acts = [each for each in lab.get("/v1/audit").json()["items"] if each["subject"] == "x1"]
    assert [each["action"] for each in acts] == [
        "experiment.put",
        "experiment.start",
        "experiment.stop",
    ]
    assert acts[1]["detail"]["weights"] == {"as-today": 0.5, "gaps": 0.5}


def test_an_erased_learner_is_in_no_preview(lab):
    lab.put("/v1/learners/ada", json={})
    put(lab, preview={"ada": "gaps", "bob": "gaps"})
    assert lab.delete("/v1/learners/ada").status_code == 200
    assert lab.get("/v1/experiments/x1").json()["preview"] == {"bob": "gaps"}
    assert put(lab, preview={"ada": "gaps"}).status_code == 410
