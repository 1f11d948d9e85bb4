"""What the content report finds, planted in small catalogues and histories."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from features.domain.catalogue import (
    Catalogue,
    Module,
    ModuleSkill,
    Pathway,
    PathwayStep,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
)
from features.domain.errors import SnapshotError
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, build_log
from features.score.snapshot import Snapshot
from training.content.rates import shrunken_means, shrunken_rates
from training.content.report import report_content

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = 86_400.0
T0 = NOW.timestamp() - 400 * DAY


def report(make_data, events, *modules, n_learners=60, learners=None, roles=(), pathways=()):
    """Report on events (learner, module, event, days since T0, score)."""
    skills = {tag.skill_id for one in modules for tag in one.skills}
    skills |= {asked.skill_id for role in roles for asked in role.requirements}
    catalogue = Catalogue(
        modules=tuple(modules),
        skills=tuple(Skill(skill_id=one, name=one.title()) for one in sorted(skills)),
        roles=tuple(roles),
        pathways=tuple(pathways),
    )
    place = {one.module_id: row for row, one in enumerate(modules)}
    # Somebody comes back a year later: the present of the data.
    events = [*events, (0, modules[0].module_id, "viewed", 400.0, np.nan)]
    learner, module, event, days, score = zip(*events, strict=True)
    log = build_log(
        ArrivedEvents(
            learner=np.array(learner, dtype=np.int32),
            module=np.array([place[one] for one in module], dtype=np.int32),
            event=np.array([EVENT_CODES[one] for one in event], dtype=np.int8),
            at_seconds=T0 + DAY * np.array(days),
            score=np.array(score, dtype=np.float64),
            reported_success=np.full(len(events), -1, dtype=np.int8),
            duration_seconds=np.full(len(events), np.nan),
        ),
        learner_ids=IdMap(f"u{k:03}" for k in range(n_learners)),
        module_ids=IdMap(place),
        pass_marks=np.full(len(modules), 0.5),
    )
    role = np.array([learners or ""] * n_learners)
    data = replace(make_data(), log=log, catalogue=catalogue, learner_attributes={"role_id": role})
    return report_content(data, None, NOW)


def module(module_id, skill=None, **fields):
    tags = () if skill is None else (ModuleSkill(skill_id=skill),)
    return Module(module_id=module_id, title=module_id.title(), skills=tags, **fields)


def modules(n=12, **fields):
    return [module(f"m{k:02}", **fields) for k in range(n)]


def takes(module_id, learners, *steps):
    """Events of some learners: (event, days after T0, score)."""
    return [(who, module_id, *step) for who in learners for step in steps]


STARTED = ("started", 1.0, np.nan)
ENDED = ("completed", 3.0, np.nan)


def test_a_module_that_most_give_up_is_losing_them(make_data):
    events = [row for k in range(11) for row in takes(f"m{k:02}", range(60), STARTED, ENDED)]
    events += takes("m11", range(60), STARTED) + takes("m11", range(12), ENDED)
    found = report(make_data, events, *modules())
    assert [one.module_id for one in found.losing] == ["m11"]
    (sign,) = found.losing[0].signs
    assert (sign.name, sign.n_learners) == ("gave up", 60)
    assert sign.usual < sign.low < sign.value < sign.high < 0.9
    assert found.boring == ()


def test_who_began_a_few_days_ago_has_not_given_up(make_data):
    late = ("started", 390.0, np.nan)
    events = [row for k in range(11) for row in takes(f"m{k:02}", range(60), STARTED, ENDED)]
    found = report(make_data, events + takes("m11", range(60), late), *modules())
    assert found.losing == ()


def test_few_learners_prove_nothing(make_data):
    events = [row for k in range(11) for row in takes(f"m{k:02}", range(60), STARTED, ENDED)]
    found = report(make_data, events + takes("m11", range(19), STARTED), *modules())
    assert found.losing == ()


def test_what_is_failed_or_disliked_more_than_usual_is_losing(make_data):
    good, bad = ("scored", 2.0, 0.7), ("scored", 2.0, 0.2)
    liked, disliked = ("rated", 4.0, 0.8), ("rated", 4.0, 0.1)
    events = []
    for k in range(10):
        events += takes(f"m{k:02}", range(20), good) + takes(f"m{k:02}", range(20, 40), bad)
        events += takes(f"m{k:02}", range(20), liked) + takes(f"m{k:02}", [20], ("rated", 4, 0.6))
    events += takes("m10", range(40), bad)
    events += takes("m11", range(40), good, disliked)
    found = report(make_data, events, *modules())
    signs = {one.module_id: [sign.name for sign in one.signs] for one in found.losing}
    assert "failed" in signs["m10"]
    assert signs["m11"] == ["rating"]


def test_only_the_first_try_tells_how_hard_a_module_is(make_data):
    events = []
    for k in range(12):
        events += takes(f"m{k:02}", range(30), ("scored", 2.0, 0.9))
        events += takes(f"m{k:02}", range(30, 60), ("scored", 2.0, 0.1))
    again = takes("m11", range(30, 60), ("scored", 3.0, 1.0))
    assert report(make_data, events + again, *modules()).boring == ()


def test_what_nearly_all_pass_at_once_or_rush_through_bores(make_data):
    events = []
    for k in range(12):
        slow = ("completed", 1.0 + 50 / 1_440, np.nan)
        events += takes(f"m{k:02}", range(60), STARTED, slow)
    rushed = takes("m12", range(60), STARTED, ("completed", 1.0 + 5 / 1_440, np.nan))
    easy = takes("m13", range(60), ("scored", 2.0, 1.0))
    found = report(make_data, events + rushed + easy, *modules(14, duration_minutes=60.0))
    signs = {one.module_id: [sign.name for sign in one.signs] for one in found.boring}
    assert signs == {"m12": ["quick"], "m13": ["easy"]}


def test_questions_are_no_modules(make_data):
    events = takes("m00", range(60), ("scored", 2.0, 1.0))
    found = report(make_data, events, *modules(2, kind="question"))
    assert (found.boring, found.n_modules) == ((), 0)


def test_what_is_far_older_than_the_rest_is_stale(make_data):
    ages = [100, 120, 140, 160, 1_500]
    aged = [module(f"m{k}", updated_at=NOW - timedelta(days=age + 1)) for k, age in enumerate(ages)]
    retired = module("gone", updated_at=NOW - timedelta(days=4_000), active_until=NOW)
    unknown = module("unknown")
    found = report(make_data, [], *aged, retired, unknown)
    # The present of the data is a day before NOW at most.
    assert [(one.module_id, one.why) for one in found.stale] == [("m4", "old")]
    assert found.stale[0].age_days == pytest.approx(1_501, abs=1)


def test_what_ended_but_is_still_asked_for_is_stale(make_data):
    past = NOW - timedelta(days=50)
    ended = [
        module("forgotten", active_until=past),
        module("mandatory", active_until=past, mandatory=True),
        module("needed", active_until=past),
        module("step", active_until=past),
    ]
    needs = module("next", prerequisites=(Prerequisite(requires_module_id="needed"),))
    pathway = Pathway(
        pathway_id="p", title="P", steps=(PathwayStep(step_id="a", any_of=("step",)),)
    )
    found = report(make_data, [], *ended, needs, pathways=[pathway])
    assert [(one.module_id, one.why) for one in found.stale] == [
        ("mandatory", "ended"),
        ("needed", "ended"),
        ("step", "ended"),
    ]
    assert found.stale[0].age_days is None


def role(role_id, **targets):
    asked = tuple(RoleRequirement(skill_id=s, target=t) for s, t in targets.items())
    return Role(role_id=role_id, name=role_id.title(), requirements=asked)


def test_skills_asked_for_above_what_any_module_teaches_are_told(make_data):
    taught = [
        module("basics", "sql", difficulty=0.3),
        module("retired", "sql", difficulty=0.9, active_until=NOW - timedelta(days=9)),
        module("quiz", "law", difficulty=0.9, kind="question"),
        module("enough", "chess", difficulty=0.6),
    ]
    roles = [role("analyst", sql=0.8, law=0.2, chess=0.6), role("clerk", sql=0.35, law=0.1)]
    found = report(make_data, [], *taught, roles=roles, learners="analyst")
    by_skill = {one.skill_id: one for one in found.untaught}
    assert set(by_skill) == {"law", "sql"}
    assert by_skill["law"].taught is None
    assert by_skill["law"].role_ids == ("analyst", "clerk")
    assert by_skill["sql"].role_ids == ("analyst",)
    assert 0.3 < by_skill["sql"].taught < 0.45
    assert (by_skill["sql"].n_modules, by_skill["sql"].n_learners) == (1, 60)


def test_a_report_is_ready_for_json(make_data):
    events = takes("m00", range(60), STARTED, ENDED)
    document = report(make_data, events, *modules(2)).to_document()
    assert document["as_at"] == "2026-11-01T00:00:00Z"
    assert document["fewest_learners"] == 20
    assert document["stale"] == []


def test_levels_are_the_champions_where_there_is_one(make_data):
    champion = Snapshot(manifest={}, arrays={}, version="3")
    assert report_content(make_data(), champion, NOW).snapshot_version == "3"
    broken = replace(champion, arrays={"success.module_ids": np.array(["m00"])})
    with pytest.raises(SnapshotError, match="Train again"):
        report_content(make_data(), broken, NOW)


def test_rates_of_few_are_drawn_to_what_is_usual():
    happened = np.array([2, 20, 200, 1, 0])
    n_learners = np.array([2, 200, 1_000, 10, 0])
    found = shrunken_rates(happened, n_learners)
    assert found.value[0] < 0.9
    assert found.value[1] == pytest.approx(0.1, abs=0.03)
    assert found.value[2] == pytest.approx(0.2, abs=0.01)
    assert found.value[4] == pytest.approx(found.usual)
    assert (found.low < found.value).all()
    assert (found.value < found.high).all()
    assert found.is_told.tolist() == [False, True, True, False, False]


def test_an_interval_holds_the_planted_rate_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = rng.beta(3.0, 12.0, 2_000)
    n_learners = rng.integers(20, 80, 2_000)
    found = shrunken_rates(rng.binomial(n_learners, truth), n_learners)
    assert np.mean((found.low <= truth) & (truth <= found.high)) == pytest.approx(0.95, abs=0.02)
    assert found.usual == pytest.approx(0.2, abs=0.01)
    assert found.spread == pytest.approx(0.1, abs=0.015)


def test_means_of_few_are_drawn_to_what_is_usual():
    rng = np.random.default_rng(0)
    truth, n = rng.normal(0.7, 0.1, 500), rng.integers(1, 60, 500)
    values = [rng.normal(mean, 0.2, size) for mean, size in zip(truth, n, strict=True)]
    found = shrunken_means(
        np.array([one.sum() for one in values]), np.array([np.sum(one**2) for one in values]), n
    )
    assert np.mean((found.low <= truth) & (truth <= found.high)) == pytest.approx(0.95, abs=0.025)
    assert found.spread == pytest.approx(0.1, abs=0.015)
    nothing = shrunken_means(np.zeros(2), np.zeros(2), np.zeros(2, dtype=np.int64))
    assert np.isfinite(nothing.value).all()
    assert not nothing.is_low.any()
