"""Plans from what learners did, and other policies on what was logged."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from lab import BEGUN, N, fill

from features.decide.decide import decide
from features.decide.leading import leads_under
from features.domain.catalogue import (
    TERMS,
    Module,
    ModuleSkill,
    Policy,
    Role,
    RoleRequirement,
    Skill,
)
from features.domain.errors import CannotTellError, NotFoundError, ReplayRefusedError
from features.domain.history import Event, Interaction, Learner
from features.domain.recommendation import Candidates, DecisionRequest, RequestContext
from features.encode.catalogue import index_catalogue
from features.score.scorer import bind
from features.store import tables
from features.store.candidates import pack
from features.store.registry import Registry
from features.store.workspace import Workspace
from training.experiments.off_policy import replay
from training.readings.deciding_again import Again, scorer_of
from training.readings.planning import PlanRequest, plan_experiment
from training.readings.replaying import Answered, OtherPolicy, Reward, replay_log

MINUTES = PlanRequest(metric_id="minutes", effect=2.0)
LOGGING = Policy(weights={"gap": 0.5, "affinity": 0.5}, exploration=0.3)
OTHER = Policy(policy_id="other", weights={"gap": 1.0}, exploration=0.3)


def test_a_plan_rests_on_what_learners_did_of_late(workspace):
    with workspace.transaction() as repositories:
        fill(repositories)
    found = plan_experiment(workspace, MINUTES, BEGUN + timedelta(days=29))
    assert found.n_learners == N
    assert found.narrowed_by < 1.0
    assert found.planned_n > found.fixed_n > 2
    assert found.planned_units == found.planned_n > found.n_reachable == N + 2  # two did nothing
    assert found.days is None  # there are not so many
    assert found.found[-1].n == N + 2
    large = plan_experiment(workspace, replace(MINUTES, effect=9.0), BEGUN + timedelta(days=29))
    assert large.days > 28
    assert found.arrivals_per_day == pytest.approx(N / 28)
    assert [each.weeks for each in found.found] == [4, 8, 13, 26, 52]
    effects = [each.effect for each in found.found if each.effect is not None]
    assert effects == sorted(effects, reverse=True)
    three = plan_experiment(workspace, replace(MINUTES, n_arms=3), BEGUN + timedelta(days=29))
    assert three.planned_n == pytest.approx(1.5 * found.planned_n, abs=1)


def test_groups_take_more_learners(workspace):
    with workspace.transaction() as repositories:
        fill(repositories)
        for learner in repositories.learners.list(None, 100):
            odd = learner.learner_id[-1] in "13579"
            repositories.learners.put(replace(learner, location="odd" if odd else "even"))
    grouped = replace(MINUTES, unit="location")
    found = plan_experiment(workspace, grouped, BEGUN + timedelta(days=29))
    assert found.n_groups == 2
    assert found.design_effect >= 1.0
    alone = plan_experiment(workspace, MINUTES, BEGUN + timedelta(days=29))
    assert found.planned_n > 40 * alone.planned_n  # two groups leave one degree of freedom
    assert found.planned_units == pytest.approx(found.planned_n / (N / 2), abs=1)


def test_no_history_cannot_be_planned_from(workspace):
    with pytest.raises(CannotTellError, match="known of 0 learners"):
        plan_experiment(workspace, MINUTES, BEGUN)


def log(database_url, n=3_000, policy=LOGGING, **told):
    """Log what a policy leads with among three modules, of which the first two are followed."""
    rng = np.random.default_rng(5)
    followed, rows = [], []
    modules = ("m0", "m1", "m2")
    for k in range(n):
        gap, affinity = rng.random(3), rng.random(3)
        terms = dict.fromkeys(TERMS, (0.0,) * 3)
        terms |= {"gap": tuple(gap), "affinity": tuple(affinity)}
        listed = Candidates(
            module_ids=modules,
            tier=(1, 1, 1),
            score=tuple(0.5 * gap + 0.5 * affinity),
            p_success=(0.75,) * 3,
            ready=(1.0,) * 3,
            terms=terms,
            p_first=(0.0,) * 3,
        )
        p_first = leads_under(listed, policy)
        chosen = int(rng.choice(3, p=p_first))
        listed = replace(listed, p_first=tuple(p_first.tolist()))
        at = BEGUN + timedelta(minutes=k)
        answer = {"items": [{"module_id": modules[chosen]}], **told}
        rows.append((f"r{k}", f"l{k % 300}", at, "p", "1", {}, answer, pack(listed)))
        if rng.random() < gap[chosen]:
            followed.append((f"r{k}", modules[chosen], "followed", at))
    columns = ("recommendation_id", "learner_id", "served_at", "policy_id", "policy_version")
    with Workspace.open(database_url) as workspace, workspace.transaction() as repositories:
        repositories.bulk.insert_new(
            tables.recommendations, (*columns, "context", "answer", "candidates"), rows
        )
        given = ("recommendation_id", "module_id", "outcome", "at")
        repositories.bulk.insert_new(tables.feedback, given, followed)


def replay_policy(workspace, policy, *rest):
    with workspace.reading() as repositories:
        return replay_log(repositories, OtherPolicy(policy=policy), *rest)


def test_a_policy_replayed_on_its_own_log_is_what_was_logged(database_url):
    log(database_url, n=1_200)
    with Workspace.open(database_url) as workspace:
        found = replay_policy(workspace, LOGGING, Reward.FOLLOW_RATE, 14.0, 10_000)
        few = replay_policy(workspace, LOGGING, Reward.COMPLETION_RATE, 14.0, 100)
    assert (found.n_read, found.n_without_choice) == (1_200, 0)
    np.testing.assert_allclose(found.logged.weight, 1.0)
    assert few.n_read == 100
    assert not few.logged.reward.any()


def test_another_policy_is_estimated_from_the_log(sqlite_url):
    log(sqlite_url)
    with Workspace.open(sqlite_url) as workspace:
        replayed = replay_policy(workspace, OTHER, Reward.FOLLOW_RATE, 14.0, 10_000)
        sure = replay_policy(
            workspace, replace(OTHER, exploration=0.001), Reward.FOLLOW_RATE, 14.0, 10_000
        )
    found = replay(replayed.logged, np.random.default_rng(0), 200)
    # It leads more with what closes gaps, and that is what is followed.
    assert found.values["dr"].gain_low > 0.0
    assert found.values["dr"].value == pytest.approx(found.values["ips"].value, abs=0.02)
    with pytest.raises(ReplayRefusedError):
        replay(replace(sure.logged, target=sure.logged.target * 0.5), np.random.default_rng(0), 50)


def test_a_snapshot_that_is_asked_again_knows_what_was_known_then(workspace):
    with workspace.transaction() as repositories:
        for k in range(4):
            module = Module(module_id=f"m{k}", title=f"M{k}", difficulty=0.2 * k)
            repositories.catalogue.put_module(
                replace(module, skills=(ModuleSkill(skill_id="s", weight=1.0),))
            )
        needed = (RoleRequirement(skill_id="s", target=0.6),)
        repositories.catalogue.put_skill(Skill(skill_id="s", name="S"))
        repositories.catalogue.put_role(Role(role_id="r", name="R", requirements=needed))
        repositories.learners.put(Learner(learner_id="ada", role_id="r"))
        scorer = bind(index_catalogue(repositories.catalogue.load()), None)
        history = repositories.learners.history("ada")
        request = DecisionRequest(
            history=history, context=RequestContext(exclude=frozenset({"m3"})), now=BEGUN
        )
        served = decide(request, scorer, LOGGING, np.random.default_rng(1))
        passed = Interaction(
            event_id="e",
            learner_id="ada",
            module_id=served.items[0].module_id,
            event=Event.PASSED,
            at=BEGUN + timedelta(days=1),
        )
        repositories.events.add([passed])
        answered = Answered(
            learner_id="ada",
            at=BEGUN,
            context={"limit": 1, "exclude": ["m3"], "goal": None},
            candidates=served.candidates,
            n_items=1,
        )
        again = Again(repositories, scorer, LOGGING)
        np.testing.assert_array_equal(again.leads(answered), served.candidates.p_first)
        # A day on it is done, so the snapshot leads with something else.
        later = again.leads(replace(answered, at=BEGUN + timedelta(days=2)))
        assert later[served.candidates.module_ids.index(passed.module_id)] == 0.0


def test_answers_to_those_who_opted_out_are_not_replayed(database_url):
    log(database_url, n=20, policy_id="impersonal")
    with Workspace.open(database_url) as workspace, pytest.raises(CannotTellError, match="choice"):
        replay_policy(workspace, OTHER, Reward.FOLLOW_RATE, 14.0, 100)


def test_a_log_without_choices_cannot_be_replayed(workspace):
    with pytest.raises(CannotTellError, match="left a choice"):
        replay_policy(workspace, OTHER, Reward.FOLLOW_RATE, 14.0, 10)


def test_commands_read_and_refuse(sqlite_url, monkeypatch, tmp_path):
    from typer.testing import CliRunner  # noqa: PLC0415 - one test needs it

    from training.cli.main import app  # noqa: PLC0415 - it loads every command

    monkeypatch.setenv("WAYMARK_DATABASE_URL", sqlite_url)
    run = CliRunner().invoke
    with Workspace.open(sqlite_url) as workspace, workspace.transaction() as repositories:
        fill(repositories)
    picture = tmp_path / "results.png"
    answer = run(app, ["experiment", "results", "x", "--json", "--picture", str(picture)])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["experiment_id"] == "x"
    assert picture.stat().st_size > 10_000
    assert run(app, ["experiment", "results", "x", "--markdown"]).stdout.startswith("# x: ")
    assert "x: " in run(app, ["experiment", "results", "x"]).stdout
    assert run(app, ["experiment", "results", "nope"]).exit_code == 1
    assert run(app, ["experiment", "power", "--metric", "luck"]).exit_code == 1
    assert run(app, ["experiment", "power", "--metric", "minutes"]).exit_code == 1
    assert run(app, ["experiment", "replay", "--policy", "gaps"]).exit_code == 1
    assert run(app, ["experiment", "replay"]).exit_code == 2
    bad = tmp_path / "policy.json"
    bad.write_text('{"weights": {"gap": 0.5}}')
    refused = run(app, ["experiment", "replay", "--policy", str(bad)])
    assert refused.exit_code == 1
    assert "they must sum to 1" in refused.stderr


def describe_what_is_logged(repositories, *modules):
    for k, module_id in enumerate(modules):
        module = Module(module_id=module_id, title=module_id, difficulty=0.1 * k)
        repositories.catalogue.put_module(module)
    return bind(index_catalogue(repositories.catalogue.load()), None)


def test_another_snapshot_is_asked_while_the_log_is_read(database_url):
    log(database_url, n=600)
    with Workspace.open(database_url) as workspace, workspace.transaction() as repositories:
        scorer = describe_what_is_logged(repositories, "m0", "m1", "m2")
        again = Again(repositories, scorer, LOGGING)
        found = replay_log(repositories, again, Reward.FOLLOW_RATE, 14.0, 600)
    assert (found.n_read, found.n_without_choice) == (600, 0)
    # Without model and skills all three look alike to it.
    assert found.logged.target == pytest.approx(np.full(600, 1 / 3))
    assert found.logged.weight.mean() == pytest.approx(1.0, abs=0.1)


def test_a_snapshot_that_leads_with_what_was_no_candidate_is_refused(database_url):
    log(database_url, n=60)
    with Workspace.open(database_url) as workspace, workspace.transaction() as repositories:
        scorer = describe_what_is_logged(repositories, "m0", "m1", "new")
        again = Again(repositories, scorer, LOGGING)
        with pytest.raises(CannotTellError, match=r"33% of the time .* no candidate"):
            replay_log(repositories, again, Reward.FOLLOW_RATE, 14.0, 60)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")
def test_a_snapshot_nobody_registered_cannot_be_replayed(workspace, prepare_tracking, tmp_path):
    registry = Registry(prepare_tracking(tmp_path), "waymark")
    with workspace.reading() as repositories:
        with pytest.raises(NotFoundError, match="challenger"):
            scorer_of(repositories, registry, "challenger")
        with pytest.raises(NotFoundError, match="7"):
            scorer_of(repositories, registry, "7")
