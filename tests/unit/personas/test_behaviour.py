import numpy as np
import pytest

from features.domain.catalogue import QUESTION, Catalogue, Module, ModuleSkill, Skill
from features.encode.behaviour import PLAIN, find_facets, measure_behaviours, name_behaviours
from features.encode.catalogue import index_catalogue
from features.encode.ids import IdMap
from features.encode.log import EVENT_CODES, ArrivedEvents, build_log

DAY = 86_400.0
NOON = 20_000 * DAY + 43_200.0
MODULES = (
    Module(module_id="a", title="A", format="video", difficulty=0.2, mandatory=True),
    Module(
        module_id="b",
        title="B",
        format="video",
        difficulty=0.8,
        skills=(ModuleSkill(skill_id="sums"),),
    ),
    Module(
        module_id="c",
        title="C",
        format="article",
        difficulty=0.9,
        skills=(ModuleSkill(skill_id="verbs"),),
    ),
    Module(module_id="d", title="D"),
    Module(module_id="q", title="Q", kind=QUESTION, format="question"),
)
SKILLS = (
    Skill(skill_id="maths", name="Mathematics"),
    Skill(skill_id="sums", name="Sums", parent_id="maths"),
    Skill(skill_id="verbs", name="Verbs"),
)
INDEX = index_catalogue(Catalogue(modules=MODULES, skills=SKILLS))
NAMES = (*PLAIN, "format:article", "format:video", "failure_in:maths", "failure_in:verbs")
# Learner, module, event, days after noon of the first day, success.
EVENTS = (
    (0, "a", "registered", -3, None),
    (0, "a", "started", 0, None),
    (0, "a", "completed", 0.01, None),
    (0, "b", "started", 0.1, None),
    (0, "b", "failed", 2, None),
    (0, "b", "passed", 6, None),
    (0, "c", "failed", 6.01, None),
    (0, "q", "answered", 9, True),
    (1, "d", "viewed", 0, None),
)


def log_of(events=EVENTS, n_learners=2, start=NOON):
    return build_log(
        ArrivedEvents(
            learner=np.array([e[0] for e in events], dtype=np.int32),
            module=INDEX.module_ids.positions(e[1] for e in events),
            event=np.array([EVENT_CODES[e[2]] for e in events], dtype=np.int8),
            at_seconds=np.array([start + e[3] * DAY for e in events]),
            score=np.full(len(events), np.nan),
            reported_success=np.array([-1 if e[4] is None else e[4] for e in events], np.int8),
            duration_seconds=np.full(len(events), np.nan),
        ),
        learner_ids=IdMap(f"u{k}" for k in range(n_learners)),
        module_ids=INDEX.module_ids,
        pass_marks=INDEX.pass_marks,
    )


def measured(log, names=NAMES, hard_from=0.5):
    found = measure_behaviours(log, find_facets(INDEX, names, hard_from))
    pairs = zip(found.total[0].tolist(), found.count[0].tolist(), strict=True)
    return dict(zip(names, pairs, strict=True)), found


@pytest.mark.parametrize(
    ("name", "total", "count"),
    [
        ("completion", 2, 2),  # c was never on record before its end
        ("optional", 2, 3),
        ("failure", 2, 2),
        ("failure:easy", 0, 0),
        ("failure:hard", 2, 2),
        ("retries", 1, 2),
        ("gap_days", np.log(2) + np.log(4), 2),
        ("modules_a_day", 2 + 1 + 2, 3),
        ("sitting_minutes", 2 * np.log1p(0.01 * 1440), 2),
        ("format:article", 1, 3),
        ("format:video", 2, 3),
        ("failure_in:maths", 1, 1),
        ("failure_in:verbs", 1, 1),
    ],
)
def test_behaviours_are_counted_by_hand(name, total, count):
    assert measured(log_of())[0][name] == pytest.approx((total, count))


def test_what_is_only_looked_at_is_not_begun_and_questions_do_not_count():
    assert measured(log_of())[1].n_begun.tolist() == [3, 0]


def test_order_without_time_tells_no_pace():
    paces, _ = measured(log_of(start=0.0))
    assert {paces[name] for name in ("gap_days", "modules_a_day", "sitting_minutes")} == {(0, 0)}


def test_nothing_is_optional_where_nothing_is_mandatory():
    plain = index_catalogue(Catalogue(modules=MODULES[1:]))
    facets = find_facets(plain, ["optional"], 0.5)
    assert not facets.is_optional.any()


def test_nothing_done_gives_counts_of_nothing():
    none = measured(log_of(EVENTS[-1:], n_learners=2))[1]
    assert none.count.sum() == 0
    assert none.total.sum() == 0


def test_formats_and_branches_are_named_as_they_are_met():
    assert set(name_behaviours(log_of(), INDEX)) == set(NAMES) | {"format:question"}


def test_formats_and_branches_the_catalogue_lacks_are_not_known():
    lost, _ = measured(log_of(), names=("format:hologram", "failure_in:alchemy"))
    assert lost["format:hologram"] == (0, 3)
    assert lost["failure_in:alchemy"] == (0, 0)


def test_a_loop_of_parents_ends():
    skills = (
        Skill(skill_id="x", name="X", parent_id="y"),
        Skill(skill_id="y", name="Y", parent_id="x"),
    )
    module = Module(module_id="m", title="M", skills=(ModuleSkill(skill_id="x"),))
    looped = index_catalogue(Catalogue(modules=(module,), skills=skills))
    assert find_facets(looped, ["failure_in:y"], 0.5).of["failure_in:y"].tolist() == [True]


def test_one_learner_alone_is_measured_as_among_many(make_log, index):
    log = make_log(30)
    facets = find_facets(index, name_behaviours(log, index), 0.5)
    many = measure_behaviours(log, facets)
    for learner in range(log.n_learners):
        alone = log.take_learners(np.arange(log.n_learners) == learner)
        one = measure_behaviours(alone, facets)
        np.testing.assert_array_equal(one.total[0], many.total[learner])
        np.testing.assert_array_equal(one.count[0], many.count[learner])
