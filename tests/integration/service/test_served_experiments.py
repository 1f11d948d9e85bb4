"""What an experiment does to answers, who is enrolled, and what is kept of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from service_runs import ask_about, bearer, fill, make_key, running

from features.domain.errors import StoreUnavailableError
from features.domain.experiment import Enrolment
from features.store.workspace import Workspace
from service.app import create_service
from service.arms import Arms, note

# Everybody to the other variant, so that it shows.
CONTROL = {"variant_id": "as-today", "weight": 0}
OTHER = {"variant_id": "other", "weight": 1, "policy_id": "gaps-only"}
SERVED = [{"experiment_id": "x1", "variant_id": "other"}]
BODY = {
    "hypothesis": "It does better.",
    "metrics": [{"metric_id": "completion_rate", "role": "goal"}],
}


@pytest.fixture
def lab(everywhere):
    """A service with a small catalogue and a policy beside the default."""
    fill(everywhere)
    everywhere.put("/v1/policies/gaps-only", json={"weights": {"gap": 1}})
    return everywhere


def start(client, experiment_id="x1", variants=(CONTROL, OTHER), **fields):
    body = BODY | {"variants": list(variants), **fields}
    for answer in (
        client.put(f"/v1/experiments/{experiment_id}", json=body),
        client.post(f"/v1/experiments/{experiment_id}/start"),
    ):
        assert answer.status_code == 200, answer.text


def change(client, experiment_id="x1", variants=(CONTROL, OTHER), **fields):
    body = BODY | {"variants": list(variants), **fields}
    answer = client.put(f"/v1/experiments/{experiment_id}", json=body)
    assert answer.status_code == 200, answer.text


def ask(client, learner_id="ada", **fields):
    answer = client.post("/v1/recommendations", json={"learner_id": learner_id, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def named(answer):
    return [item["module_id"] for item in answer["items"]]


def kept(database_url, experiment_id="x1"):
    """Give the enrolments and the exposures that are stored."""
    with Workspace.open(database_url) as workspace, workspace.reading() as repositories:
        found = repositories.experiments
        return [*found.enrolments(experiment_id)], [*found.exposures(experiment_id)]


def test_the_variants_policy_ranks_and_the_answer_says_so(lab, database_url):
    before = ask(lab)
    start(lab)
    answer = ask(lab)
    assert (before["policy_id"], before["experiments"]) == ("default", [])
    assert (answer["policy_id"], answer["experiments"]) == ("gaps-only", SERVED)
    read_back = lab.get(f"/v1/recommendations/{answer['recommendation_id']}").json()
    assert read_back["experiments"] == SERVED
    (enrolment,), (exposure,) = kept(database_url)
    assert (enrolment.learner_id, enrolment.variant_id, enrolment.phase) == ("ada", "other", 1)
    assert exposure.recommendation_id == answer["recommendation_id"]
    assert exposure.at == enrolment.at
    assert lab.get("/v1/experiments/x1").json()["enrolled"] == {"as-today": 0, "other": 1}


def test_every_answer_is_an_exposure_and_a_learner_is_enrolled_once(lab, database_url):
    start(lab)
    ids = [ask(lab)["recommendation_id"] for _ in range(3)]
    enrolments, exposures = kept(database_url)
    assert len(enrolments) == 1
    assert [each.recommendation_id for each in exposures] == ids


def test_the_policy_of_a_variant_is_the_one_of_the_start(lab):
    start(lab)
    lab.put("/v1/policies/gaps-only", json={"weights": {"fit": 1}})
    assert ask(lab)["policy_version"] == "1"


def test_a_control_that_names_nothing_keeps_the_default_of_the_start(lab):
    lab.put("/v1/learners/ada", json={"role_id": "clerk"})
    start(lab, variants=[CONTROL | {"weight": 1}, OTHER | {"weight": 0}])
    lab.put("/v1/policies/default", json={"weights": {"fit": 1}})
    answer = ask(lab)
    assert answer["experiments"] == [{"experiment_id": "x1", "variant_id": "as-today"}]
    assert answer["items"][0]["contributions"]["gap"] > 0
    change(lab, variants=[CONTROL | {"weight": 1}, OTHER | {"weight": 0}], coverage=0.5)
    assert ask(lab)["items"][0]["contributions"]["gap"] > 0
    lab.post("/v1/experiments/x1/stop")
    assert ask(lab)["items"][0]["contributions"]["gap"] == 0


def test_a_control_that_names_no_rule_keeps_those_of_the_start(lab):
    lab.put("/v1/rules/r1", json={"when": "true", "then": {"exclude": ["counting-1"]}})
    body = {"when": "true", "then": {"exclude": ["counting-2"]}, "active": False}
    lab.put("/v1/rules/r2", json=body)
    both = {"variant_id": "other", "weight": 0, "rules": ["r1", "r2"]}
    start(lab, variants=[CONTROL | {"weight": 1}, both])
    lab.put("/v1/rules/r2", json=body | {"active": True})
    assert set(named(ask(lab, limit=9))) == {"counting-2", "counting-3"}


def test_dry_runs_and_looks_back_are_outside(lab, database_url):
    start(lab)
    assert ask(lab, policy={"exploration": 0})["experiments"] == []
    looked_back = ask(lab, context={"as_of": "2026-01-01T00:00:00Z"})
    assert (looked_back["experiments"], looked_back["policy_id"]) == ([], "default")
    assert kept(database_url) == ([], [])


def test_a_stopped_experiment_serves_nobody(lab):
    start(lab)
    ask(lab)
    lab.post("/v1/experiments/x1/stop")
    assert (ask(lab)["experiments"], ask(lab)["policy_id"]) == ([], "default")


def test_an_experiment_serves_between_its_dates(lab):
    now = datetime.now(UTC)
    later = (now + timedelta(days=1)).isoformat()
    start(lab, starts_at=later)
    assert ask(lab)["experiments"] == []
    lab.post("/v1/experiments/x1/stop")
    start(lab, "x2", ends_at=later)
    assert ask(lab)["experiments"] == [{"experiment_id": "x2", "variant_id": "other"}]


def test_another_worker_sees_a_start_and_a_stop_at_the_next_request(settings_on, database_url):
    headers = bearer(make_key(database_url, "admin"))
    settings = settings_on(database_url)
    with running(settings) as one, running(settings) as other:
        one.headers.update(headers)
        other.headers.update(headers)
        fill(one)
        one.put("/v1/policies/gaps-only", json={"weights": {"gap": 1}})
        assert ask(other)["experiments"] == []
        start(one)
        assert ask(other)["experiments"] == SERVED
        change(one, variants=[CONTROL | {"weight": 1}, OTHER | {"weight": 0}])
        assert ask(other, "bob")["experiments"] == [SERVED[0] | {"variant_id": "as-today"}]
        one.post("/v1/experiments/x1/stop")
        assert ask(other)["experiments"] == []


def test_only_the_eligible_and_the_covered_take_part(lab, database_url):
    lab.put("/v1/learners/ada", json={"department": "Sales"})
    start(lab, eligible='learner.department == "Sales"', coverage=0)
    assert ask(lab)["experiments"] == []
    change(lab, eligible='learner.department == "Sales"', coverage=1)
    assert ask(lab)["experiments"] == SERVED
    assert ask(lab, "bob")["experiments"] == []
    assert [each.learner_id for each in kept(database_url)[0]] == ["ada"]


def test_new_weights_leave_the_enrolled_where_they_are(lab, database_url):
    start(lab)
    ask(lab)
    change(lab, variants=[CONTROL | {"weight": 1}, OTHER | {"weight": 0}])
    assert ask(lab)["experiments"] == SERVED
    ask(lab, "bob")
    phases = {each.learner_id: (each.variant_id, each.phase) for each in kept(database_url)[0]}
    assert phases == {"ada": ("other", 1), "bob": ("as-today", 2)}


def test_a_group_keeps_its_variant_and_so_does_who_leaves_it(lab, database_url):
    for learner_id in ("ada", "bob", "eve"):
        lab.put(f"/v1/learners/{learner_id}", json={"department": "Sales"})
    start(lab, unit="department")
    ask(lab)
    change(lab, unit="department", variants=[CONTROL | {"weight": 1}, OTHER | {"weight": 0}])
    assert ask(lab, "bob")["experiments"] == SERVED  # as the group's first
    lab.put("/v1/learners/ada", json={"department": "Audit"})
    assert ask(lab)["experiments"] == SERVED
    lab.put("/v1/learners/eve", json={"department": "Audit"})
    assert ask(lab, "eve")["experiments"] == [SERVED[0] | {"variant_id": "as-today"}]
    assert ask(lab, "stranger")["experiments"] == []
    enrolments, exposures = kept(database_url)
    units = {each.learner_id: each.unit_id for each in enrolments}
    assert units == {"ada": "Sales", "bob": "Sales", "eve": "Audit"}
    assert [each.unit_id for each in exposures if each.learner_id == "ada"] == ["Sales", "Audit"]


def test_a_preview_is_served_and_leaves_no_trace(lab, database_url):
    start(lab, variants=[CONTROL | {"weight": 1}, OTHER | {"weight": 0}], preview={"ada": "other"})
    answer = ask(lab)
    assert (answer["experiments"], answer["policy_id"]) == (SERVED, "gaps-only")
    assert kept(database_url) == ([], [])


def test_rules_of_the_variant_are_on_and_those_of_others_off(lab, database_url):
    for rule_id, module_id, active in (("r1", "counting-1", True), ("r2", "counting-2", False)):
        body = {"when": "true", "then": {"exclude": [module_id]}, "active": active}
        lab.put(f"/v1/rules/{rule_id}", json=body)
    assert "counting-1" not in named(ask(lab, limit=9))
    other = {"variant_id": "other", "weight": 1, "rules": ["r2"]}
    start(lab, variants=[CONTROL | {"rules": ["r1"]}, other])
    answer = ask(lab, limit=9)
    assert (answer["rules"], answer["experiments"]) == (["r2"], SERVED)
    assert set(named(answer)) == {"counting-1", "counting-3"}
    lab.put("/v1/rules/r2", json={"when": "true", "then": {"exclude": ["counting-3"]}})
    assert set(named(ask(lab, limit=9))) == {"counting-1", "counting-3"}  # as at the start
    assert len(kept(database_url)[1]) == 2


def test_a_pathway_of_the_variant_is_followed_by_those_it_is_for(lab, database_url):
    for pathway_id, first, active in (("p1", "counting-1", True), ("p2", "counting-2", False)):
        steps = [
            {"step_id": "first", "module_id": first},
            {"step_id": "then", "module_id": "counting-3", "requires": ["first"]},
        ]
        body = {"title": "To clerk", "goal": {"role_id": "clerk"}, "steps": steps}
        answer = lab.put(f"/v1/pathways/{pathway_id}", json=body | {"active": active})
        assert answer.status_code == 200, answer.text
    lab.put("/v1/learners/ada", json={"role_id": "clerk"})
    pulls = ask(lab)["items"][0]["contributions"]["continuity"]
    assert (named(ask(lab)), pulls > 0) == (["counting-1"], True)
    other = {"variant_id": "other", "weight": 1, "pathway_id": "p2"}
    start(lab, variants=[CONTROL | {"pathway_id": "p1"}, other])
    answer = ask(lab, limit=9)
    pulled = {item["module_id"] for item in answer["items"] if item["contributions"]["continuity"]}
    assert (answer["experiments"], pulled) == (SERVED, {"counting-2"})
    journey = lab.get("/v1/learners/ada/journey").json()
    assert [each["pathway_id"] for each in journey["pathways"]] == ["p2"]
    assert ask(lab, "bob")["experiments"] == []  # no clerk: no pathway was asked
    assert [each.learner_id for each in kept(database_url)[0]] == ["ada"]


def test_experiments_on_different_things_go_together(lab):
    body = {"when": "true", "then": {"exclude": ["counting-2"]}, "active": False}
    lab.put("/v1/rules/r2", json=body)
    start(lab)
    start(lab, "x2", variants=[CONTROL, {"variant_id": "v", "weight": 1, "rules": ["r2"]}])
    answer = ask(lab, limit=9)
    assert answer["experiments"] == [*SERVED, {"experiment_id": "x2", "variant_id": "v"}]
    assert (answer["policy_id"], answer["rules"]) == ("gaps-only", ["r2"])


def test_what_is_pressing_is_outside_randomisation(lab, database_url):
    for module_id in ("counting-2", "counting-3"):
        body = {"due_at": "2026-01-01T00:00:00Z"}
        lab.put(f"/v1/assignments/ada/{module_id}", json=body)
    lab.put("/v1/learners/ada", json={"role_id": "clerk"})
    usual = ask(lab, limit=2)
    start(lab)
    alone = ask(lab, limit=2)
    assert (named(alone), alone["policy_id"]) == (named(usual), "default")
    assert (alone["experiments"], kept(database_url)) == ([], ([], []))
    longer = ask(lab, limit=3)
    assert longer["experiments"] == SERVED
    assert named(longer)[:2] == named(usual)
    assert [item["tier"] for item in longer["items"]] == [0, 0, 1]
    assert [item["rank"] for item in longer["items"]] == [1, 2, 3]
    record = lab.get(f"/v1/recommendations/{longer['recommendation_id']}").json()
    candidates = {each["module_id"]: each["p_first"] for each in record["candidates"]}
    assert candidates.keys() >= set(named(longer))
    assert sum(candidates.values()) == candidates[named(longer)[0]] == 1


class Meddler(Arms):
    """Between reading and recording, another worker enrols the learner in another variant."""

    def __init__(self, database_url):
        super().__init__()
        self.database_url = database_url
        self.n_found = 0

    def find(self, repositories, revision, default, request):
        arm = super().find(repositories, revision, default, request)
        self.n_found += 1
        if self.n_found == 1:
            learner_id = request.history.learner.learner_id
            rival = Enrolment(
                experiment_id="x1",
                learner_id=learner_id,
                unit_id=learner_id,
                variant_id="as-today",
                phase=1,
                at=request.now,
            )
            with Workspace.open(self.database_url) as workspace, workspace.transaction() as others:
                assert others.experiments.enrol([rival])
        return arm


def test_what_another_worker_enrolled_first_is_what_is_served(lab, settings_on, database_url):
    start(lab)
    service = replace(create_service(settings_on(database_url)), arms=Meddler(database_url))
    service.database.open()
    (answer,) = ask_about(service, "ada")
    service.database.close()
    assert service.arms.n_found == 2
    assert answer.policy_id == "default"
    assert [each.variant_id for each in answer.experiments] == ["as-today"]
    (enrolment,), (exposure,) = kept(database_url)
    assert (enrolment.variant_id, exposure.variant_id) == ("as-today", "as-today")
    assert exposure.recommendation_id == answer.recommendation_id


def test_who_asks_twice_at_once_is_enrolled_once(settings_on, database_url):
    headers = bearer(make_key(database_url, "admin"))
    settings = settings_on(database_url)
    with running(settings) as client:
        client.headers.update(headers)
        fill(client)
        client.put("/v1/policies/gaps-only", json={"weights": {"gap": 1}})
        start(
            client, unit="department", variants=[CONTROL | {"weight": 0.5}, OTHER | {"weight": 0.5}]
        )
        learners = [f"l{k}" for k in range(8)]
        for learner_id in learners:
            client.put(f"/v1/learners/{learner_id}", json={"department": "Sales"})
    services = [create_service(settings) for _ in range(4)]
    for service in services:
        service.database.open()

    def serve(number):
        (answer,) = ask_about(services[number % len(services)], learners[number % len(learners)])
        return answer.experiments[0].variant_id

    with ThreadPoolExecutor(8) as threads:
        served = set(threads.map(serve, range(32)))
    for service in services:
        service.database.close()
    enrolments, exposures = kept(database_url)
    assert len(enrolments) == len(learners)
    assert len(exposures) == 32
    assert {each.variant_id for each in (*enrolments, *exposures)} == served
    assert len(served) == 1


@pytest.fixture
def service(lab, settings_on, database_url):
    """A service that answers several learners in an experiment, and one who opted out, at once."""
    start(lab)
    lab.put("/v1/learners/cora", json={"personalised": False})
    service = create_service(settings_on(database_url))
    service.database.open()
    yield service
    service.database.close()


def test_a_database_that_is_away_is_waited_for_once_by_all_who_ask_together(service):
    class CannotWrite:
        n_tried = 0
        reading = service.database.reading

        def transaction(self):
            self.n_tried += 1
            raise StoreUnavailableError("it is locked")

    database = CannotWrite()
    answers = ask_about(replace(service, database=database), "ada", "bob", "cora", "dan")
    assert database.n_tried == 1
    assert [each.recorded for each in answers] == [False] * 4
    assert [each.experiments for each in answers] == [[]] * 4


def test_a_fault_over_one_answer_leaves_the_others_on_disk_once(service, monkeypatch):
    def note_others(repositories, recommendation_id, placements, learner_id, at):
        if learner_id == "bob":
            raise ZeroDivisionError
        return note(repositories, recommendation_id, placements, learner_id, at)

    monkeypatch.setattr("service.recommend.note", note_others)
    ada, bob, cora, dan = ask_about(service, "ada", "bob", "cora", "dan")
    assert isinstance(bob, ZeroDivisionError)
    assert [len(each.experiments) for each in (ada, cora, dan)] == [1, 0, 1]
    with service.database.reading() as repositories:
        for answer in (ada, cora, dan):
            assert repositories.recommendations.get(answer.recommendation_id)
        exposures = repositories.experiments.exposures("x1")
        assert {each.learner_id for each in exposures} == {"ada", "dan"}
