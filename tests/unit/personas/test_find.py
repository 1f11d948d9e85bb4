import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from features.encode.behaviour import measure_behaviours
from features.encode.ids import IdMap
from features.score.personas import PersonaModel, bind_personas
from features.score.snapshot import Snapshot
from training.personas.account import figures_of, rows_of, said_of
from training.personas.find import find_personas
from training.personas.former import divide_as_before, succeed
from training.personas.plot import plot_personas
from training.personas.segments import HARDLY_LESS, Trial, choose, try_former
from training.personas.words import Statement, as_document, name_all, still_true


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def log(make_log):
    return make_log(300)


@pytest.fixture(scope="module")
def found(log, index):
    return find_personas(log, index, None, rng())


def snapshot_of(found, version="1"):
    return Snapshot(manifest={"personas": found}, arrays={}, version=version)


def labels_of(found, log, index):
    model = PersonaModel.from_lists(found["model"])
    measured = measure_behaviours(log, model.facets(index))
    return np.argmax(model.p_personas(model.coordinates(measured)), axis=1)


def test_planted_types_are_found_again(found, log, index):
    planted = np.arange(log.n_learners) % 3
    assert adjusted_rand_score(planted, labels_of(found, log, index)) > 0.9
    assert found["stability"] > 0.9
    assert found["reason"] is None


def test_planted_habits_are_told(found, log, index):
    planted = np.arange(log.n_learners) % 3
    by_type = {
        kind: found["personas"][np.bincount(labels_of(found, log, index)[planted == kind]).argmax()]
        for kind in range(3)
    }
    told = {
        kind: {each["behaviour"]: each for each in persona["statements"] if each["is_clear"]}
        for kind, persona in by_type.items()
    }
    assert told[0]["format:video"]["effect"] > 0 > told[1]["format:video"]["effect"]
    assert told[2]["completion"]["effect"] < 0 < told[2]["failure_in:figures"]["effect"]
    assert told[1]["gap_days"]["value"] > told[0]["gap_days"]["value"]
    low, high = told[2]["completion"]["interval"]
    assert low < told[2]["completion"]["value"] < high
    assert "failure_in:words" not in told[2]


def test_figures_are_those_of_the_learners_themselves(found, log, index):
    persona = found["personas"][0]
    video = next(s for s in persona["statements"] if s["behaviour"] == "format:video")
    inside = labels_of(found, log, index) == 0
    rows = inside[log.learner]
    met = np.unique(log.learner[rows].astype(np.int64) * 100 + log.module[rows]) % 100
    assert video["value"] == pytest.approx(np.mean(met % 2 == 1))
    assert f"{video['value']:.0%} of what they begin is video" in video["text"]


def test_names_differ_and_sizes_add_up(found, log):
    personas = found["personas"]
    assert len({each["name"] for each in personas}) == len(personas) == 3
    assert sum(each["n_learners"] for each in personas) == log.n_learners
    assert [each["persona_id"] for each in personas] == ["p1", "p2", "p3"]


def test_the_same_data_and_seed_give_the_same_personas(found, log, index):
    again = find_personas(log, index, None, rng())
    assert again == found


def test_a_retraining_on_other_learners_keeps_ids_and_names(found, make_log, index):
    later = make_log(360, seed=7, first=1000)
    again = find_personas(later, index, snapshot_of(found), rng(9))
    assert again["former"]["agreement"] > 0.9
    assert again["former"]["n_kept"] == 3
    assert again["next_number"] == 4
    before = {each["persona_id"]: each["name"] for each in found["personas"]}
    after = {each["persona_id"]: each["name"] for each in again["personas"]}
    assert before == after


def test_ids_follow_the_learners_and_not_the_sizes(found, make_log, index):
    kinds = [(0.85, 0.9, 2.0, 0.1), (0.2, 0.9, 9.0, 0.1), (0.5, 0.45, 4.0, 0.7)]
    uneven = make_log(400, seed=5, types=[kinds[2], kinds[2], kinds[1], kinds[0]])
    again = find_personas(uneven, index, snapshot_of(found), rng())
    names = {each["persona_id"]: each["name"] for each in found["personas"]}
    unfinished = next(name for name in names.values() if "unfinished" in name)
    largest = again["personas"][0]
    assert "unfinished" in largest["name"]
    assert names[largest["persona_id"]] == unfinished


def test_a_persona_without_a_former_one_gets_a_number_never_used(found, log, index):
    labels = np.arange(log.n_learners) % 2  # has nothing to do with the planted types
    before = divide_as_before(snapshot_of(found), log, index)
    succession = succeed(snapshot_of(found), before, labels, 2)
    assert succession.agreement < 0.1
    assert succession.continues == (None, None)
    assert succession.next_number == 4


def test_without_a_former_snapshot_numbers_begin_at_one(log, index):
    before = divide_as_before(None, log, index)
    succession = succeed(None, before, np.zeros(log.n_learners, dtype=np.int64), 1)
    assert (succession.agreement, succession.next_number) == (None, 1)


def test_too_few_learners_have_no_personas(make_log, index, found):
    few = find_personas(make_log(60), index, snapshot_of(found), rng())
    assert few["model"] is None
    assert few["personas"] == []
    assert "60 learners have begun 5 modules or more" in few["reason"]
    assert few["next_number"] == 4


def test_learners_without_habits_have_no_personas(make_log, index):
    alike = find_personas(make_log(300, types=[(0.5, 0.8, 4.0, 0.2)]), index, None, rng())
    assert alike["personas"] == []
    assert "hardly foretells" in alike["reason"]


def test_learners_who_all_do_one_of_a_few_things_have_no_personas(make_log, index):
    log = make_log(12)
    many = np.tile(np.arange(12), 20)  # the same twelve histories twenty times
    rows = np.concatenate([np.arange(log.starts[k], log.starts[k + 1]) for k in many])
    counts = np.diff(log.starts)[many]
    copies = replace(
        log,
        learner_ids=IdMap(f"u{k}" for k in range(len(many))),
        learner=np.repeat(np.arange(len(many)), counts).astype(np.int32),
        module=log.module[rows],
        event=log.event[rows],
        at_seconds=log.at_seconds[rows],
        score=log.score[rows],
        success=log.success[rows],
        duration_seconds=log.duration_seconds[rows],
        starts=np.concatenate([[0], np.cumsum(counts)]),
    )
    alike = find_personas(copies, index, None, rng())
    assert alike["reason"] == "nearly all learners go about learning in the same ways"


def test_a_division_that_is_not_found_again_is_not_taken():
    shared = {"n_in_smallest": 100, "places": np.zeros((2, 1))}
    steady = Trial(n_personas=2, stability=0.8, silhouette=0.2, **shared)
    vivid = Trial(n_personas=3, stability=0.7, silhouette=0.9, **shared)
    lonely = replace(steady, n_in_smallest=29, silhouette=0.5)
    assert choose([steady, vivid, lonely], 200) is steady
    assert choose([vivid, lonely], 200) is None


def test_a_former_division_stays_while_it_is_hardly_less_distinct():
    shared = {"n_in_smallest": 100, "places": np.zeros((2, 1)), "stability": 0.9}
    best = Trial(n_personas=4, silhouette=0.3, **shared)
    close = Trial(n_personas=3, silhouette=0.3 - HARDLY_LESS / 2, **shared)
    assert choose([best], 200, close) is close
    assert choose([best], 200, replace(close, silhouette=0.2)) is best
    assert choose([best], 200, replace(close, stability=0.5)) is best


def test_a_former_division_of_which_one_is_empty_is_not_tried_again():
    points = rng().normal(size=(60, 2))
    assert try_former(points, np.repeat([0, 2], 30), rng()) is None
    assert try_former(points, np.full(60, -1), rng()) is None
    assert try_former(points, np.repeat([0, 1], 30), rng()).n_personas == 2


def test_without_a_steady_division_there_are_no_personas(log, index, monkeypatch):
    monkeypatch.setattr("training.personas.segments.LEAST_STABILITY", 1.01)
    none = find_personas(log, index, None, rng())
    assert none["model"] is None
    assert "found again in resampled learners" in none["reason"]
    assert len(none["trials"]) == 6


def test_the_day_of_the_week_has_no_part(found, log, index):
    later = replace(log, at_seconds=log.at_seconds + 3 * 86_400.0)
    again = find_personas(later, index, None, rng())
    assert again == found


def test_a_learner_alone_gets_the_persona_of_their_type(found, log, index):
    bound = bind_personas(found, index)
    one = log.take_learners(np.arange(log.n_learners) == 0)
    persona = bound.persona_of(one)
    expected = found["personas"][labels_of(found, log, index)[0]]
    assert (persona.persona_id, persona.name) == (expected["persona_id"], expected["name"])
    assert 0.5 < persona.p <= 1.0


def test_probabilities_sum_to_one_and_the_nearest_place_is_most_likely(found):
    model = PersonaModel.from_lists(found["model"])
    points = rng(3).normal(size=(50, len(model.behaviours)))
    p_personas = model.p_personas(points)
    apart = np.linalg.norm(points[:, None] - model.places[None], axis=2)
    np.testing.assert_allclose(p_personas.sum(axis=1), 1.0)
    np.testing.assert_array_equal(p_personas.argmax(axis=1), apart.argmin(axis=1))


def test_who_has_done_little_has_no_persona(found, make_log, index):
    bound = bind_personas(found, index)
    assert bound.persona_of(make_log(1, n_modules=4)) is None
    assert bound.persona_of(make_log(1, n_modules=5)) is not None


def test_a_retraining_on_the_same_learners_changes_nobodys_persona(found, log, index):
    again = find_personas(log, index, snapshot_of(found), rng(4))
    assert again["former"]["agreement"] == 1.0
    assert [p["persona_id"] for p in again["personas"]] == ["p1", "p2", "p3"]


def test_a_snapshot_without_personas_binds_to_none(index):
    assert bind_personas({}, index) is None


def test_the_document_is_plain_json(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_account_says_how_far_to_rely_on_it(found, make_log, index):
    words = " ".join(said_of(found))
    assert "3 personas of 300 learners" in words
    assert "never from who they are" in words
    assert figures_of(found).keys() >= {"n_personas", "stability", "silhouette"}
    assert all("(all: " in text for text, _ in rows_of(found["personas"][0]))
    again = find_personas(make_log(seed=2), index, snapshot_of(found, "12"), rng())
    assert "Beside version 12" in " ".join(said_of(again))
    assert figures_of(again)["agreement"] > 0.9
    none = find_personas(make_log(60), index, None, rng())
    assert next(iter(said_of(none))).startswith("No personas: 60 learners")
    assert figures_of(none) == {"n_personas": 0, "n_learners": 60}


def test_the_picture_is_drawn(found, tmp_path):
    plot_personas(found["personas"], tmp_path / "personas.png")
    assert (tmp_path / "personas.png").read_bytes().startswith(b"\x89PNG")


def statement(behaviour, effect, *, is_clear=True):
    return Statement(
        behaviour=behaviour,
        text=behaviour,
        value=0.5,
        interval=(0.4, 0.6),
        overall=0.4,
        effect=effect,
        is_clear=is_clear,
    )


def test_names_take_one_difference_of_each_kind():
    said = [
        statement("failure_in:figures", 2.0),
        statement("failure", 1.0),
        statement("format:video", -0.8),
        statement("format:article", 0.7),
        statement("completion", -0.3),
    ]
    assert name_all([said], {}) == ["Fails more at first, less video content"]


def test_small_and_unclear_differences_are_not_named():
    said = [statement("completion", 1.0, is_clear=False), statement("retries", 0.25)]
    assert name_all([said], {}) == ["Tries again more"]
    assert name_all([[]], {}) == ["Like most"]


def test_small_shares_and_intervals_have_a_decimal():
    told = as_document(replace(statement("failure", 1.0), value=0.034, interval=(0.129, 0.2)))
    assert (told["value_text"], told["interval_text"]) == ("3.4%", "12.9% to 20.0%")
    days = as_document(replace(statement("gap_days", 1.0), value=12.34, interval=(12.0, 13.0)))
    assert (days["value_text"], days["interval_text"]) == ("12.3", "12.0 to 13.0")


def test_two_personas_never_share_a_name():
    same = [statement("completion", 1.0), statement("gap_days", 0.9)]
    third = [*same, statement("retries", 0.8)]
    names = name_all([same, third, same], {})
    assert names == [
        "Finishes more, longer breaks",
        "Finishes more, longer breaks, tries again more",
        "Finishes more, longer breaks (3)",
    ]


def test_branches_are_called_by_their_names():
    said = [statement("failure_in:figures", 2.0)]
    assert name_all([said], {"figures": "Figures"}) == ["Fails more in Figures"]


def test_a_name_is_kept_only_while_it_is_true():
    said = [statement("completion", 1.0), statement("gap_days", -0.9)]
    assert still_true(["+completion"], said)
    assert not still_true(["-completion"], said)
    assert not still_true(["+completion", "-gap_days"], [replace(s, is_clear=False) for s in said])
    assert not still_true([], said)
