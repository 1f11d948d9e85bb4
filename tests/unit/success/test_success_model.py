from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.domain.catalogue import Module
from features.encode.ability import sigmoid
from features.encode.attempts import EvidenceLog
from features.encode.gains import match
from features.encode.ids import IdMap
from features.encode.words import index_words
from features.score.mastery import (
    FURTHEST,
    expected_mastery,
    log_odds_by_level,
    mastery,
    mastery_shown,
    p_success,
)
from features.score.success import SuccessModel
from features.score.untrained import untrained_success

T0, DAY = 1.7e9, 86_400.0
SKILLS_OF = [(0, 1), (1,), (), (2, 0)]

histories = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(["answered", "completed"]),
        st.integers(0, 300),
        st.integers(0, 1),
    ),
    max_size=20,
)


def _log(drawn, make_log, extra=()):
    rows = [
        (0, module, event, T0 + DAY * day, -1 if event == "completed" else win)
        for module, event, day, win in drawn
    ]
    return make_log([*rows, *extra])


def state_at(bound, log, at_seconds, evidence=None, role_id=None, goal_role_id=None):
    roles = bound.levels.roles([role_id], [goal_role_id])
    return bound.learner_states(log, np.array([at_seconds]), evidence, roles)


def mastery_of(bound, states):
    (standing,) = mastery(bound, states)
    return standing


def served(bound):
    return partial(p_success, bound, is_trained=True)


@given(drawn=histories)
def test_what_is_served_lies_between_record_and_levels_and_near_the_levels(
    drawn, make_log, make_index, model
) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    state = state_at(bound, _log(drawn, make_log), T0 + 301 * DAY)
    by_level, by_record = log_odds_by_level(bound, state), bound.log_odds(state)
    p = served(bound)(state)
    apart = np.log(p / (1.0 - p)) - by_level
    expected = np.clip(0.5 * (by_record - by_level), -FURTHEST, FURTHEST)
    np.testing.assert_allclose(apart, expected, rtol=0, atol=1e-9)
    untrained = p_success(bound, state, is_trained=False)
    np.testing.assert_allclose(untrained, sigmoid(by_level), rtol=0, atol=1e-12)


def test_arrays_bring_back_the_same_model(model) -> None:
    arrays = model.to_arrays()
    assert all(array.dtype.kind in "fibU" for array in arrays.values())
    again = SuccessModel.from_arrays(arrays).to_arrays()
    assert arrays.keys() == again.keys()
    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)


@given(drawn=histories, module=st.integers(0, 3))
def test_the_record_says_at_request_time_what_it_says_in_bulk(
    drawn, module, make_log, make_index, model
) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    now = T0 + 301 * DAY
    state = state_at(bound, _log(drawn, make_log), now)
    whole = _log(drawn, make_log, [(0, module, "answered", now, 1)])
    bulk = bound.predict_attempts(whole)[-1]
    np.testing.assert_allclose(bound.log_odds(state)[0, module], bulk, rtol=1e-12, atol=1e-11)


@settings(max_examples=25)
@given(several=st.lists(histories, min_size=2, max_size=4), data=st.data())
def test_learners_read_together_are_as_each_alone(
    several, data, make_log, make_index, model
) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    at = np.array([T0 + DAY * data.draw(st.integers(300, 400)) for _ in several])
    alone = [
        bound.learner_states(_log(drawn, make_log), at[k : k + 1])
        for k, drawn in enumerate(several)
    ]
    rows = [
        (k, module, event, T0 + DAY * day, -1 if event == "completed" else win)
        for k, drawn in enumerate(several)
        for module, event, day, win in drawn
    ]
    together = bound.learner_states(make_log(rows, n_learners=len(several)), at)
    for read in (served(bound), bound.log_odds, partial(expected_mastery, bound)):
        expected = np.concatenate([read(each) for each in alone])
        np.testing.assert_allclose(read(together), expected, rtol=0, atol=1e-9)
    for own, one in zip(mastery(bound, together), alone, strict=True):
        np.testing.assert_allclose(own.mastery, mastery_of(bound, one).mastery, rtol=0, atol=1e-9)
        error = mastery_of(bound, one).standard_error
        np.testing.assert_allclose(own.standard_error, error, rtol=0, atol=1e-9)


def test_rows_that_are_no_attempt_get_no_prediction(make_log, make_index, model) -> None:
    log = make_log([(0, 0, "viewed", T0, -1), (0, 0, "answered", T0 + 1, 1)])
    assert np.isnan(model.bind(make_index(SKILLS_OF)).predict_attempts(log)).tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize("trained", [True, False])
@given(drawn=histories, module=st.integers(0, 3))
def test_a_success_lowers_no_mastery(drawn, module, trained, make_log, make_index, model) -> None:
    index = make_index(SKILLS_OF, difficulty=[0.3, 0.5, 0.7, 0.6])
    bound = (model if trained else untrained_success()).bind(index)
    now = T0 + 301 * DAY
    before = mastery_of(bound, state_at(bound, _log(drawn, make_log), now, None, "analyst"))
    passed = _log(drawn, make_log, [(0, module, "passed", now, 1)])
    after = mastery_of(bound, state_at(bound, passed, now, None, "analyst"))
    assert (after.mastery >= before.mastery - 1e-12).all()
    failed = _log(drawn, make_log, [(0, module, "failed", now, 0)])
    worse = mastery_of(bound, state_at(bound, failed, now, None, "analyst"))
    assert (worse.mastery <= before.mastery + 1e-12).all()


@pytest.mark.parametrize("trained", [True, False])
@given(drawn=histories)
@example(drawn=[(0, "answered", 0, 0)] * 6)  # beneath the scale
def test_a_completion_brings_the_expected_mastery(
    drawn, trained, make_log, make_index, model
) -> None:
    index = make_index(SKILLS_OF)
    bound = (model if trained else untrained_success()).bind(index)
    now = T0 + 301 * DAY
    state = state_at(bound, _log(drawn, make_log), now)
    (expected,) = expected_mastery(bound, state)
    assert (expected >= mastery_of(bound, state).mastery[index.skill]).all()
    done = _log(drawn, make_log, [(0, 0, "completed", now, -1)])
    after = mastery_of(bound, state_at(bound, done, now)).mastery
    np.testing.assert_allclose(expected[index.module == 0], after[[0, 1]], rtol=0, atol=1e-12)


def test_evidence_raises_mastery_and_lowers_its_error(make_log, make_index, model) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    rows = [(0, 1, "answered", T0 + day * DAY, 1) for day in range(8)]
    new = mastery_of(bound, state_at(bound, make_log([]), T0))
    able = mastery_of(bound, state_at(bound, make_log(rows), T0 + 8 * DAY))
    assert able.mastery[1] > new.mastery[1]
    assert able.standard_error[1] < new.standard_error[1]
    assert able.n_evidence.tolist() == [0, 8, 0]
    assert able.last_evidence_at_seconds[1] == T0 + 7 * DAY
    assert np.isneginf(new.last_evidence_at_seconds).all()


def taken_up(level: float, bound) -> float:
    """Return the share of the gain of module 3, whose difficulty is .6, at a level."""
    return float(match(np.array(level), np.array(0.6), bound.levels.scale))


def test_what_was_gained_fades_to_what_stays_and_no_further(make_log, make_index, model) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    log = make_log([(0, 3, "completed", T0, -1)])  # gains .2 in skills 2 and 0
    gain = 0.2 * taken_up(0.3, bound)

    def level(days: float) -> float:
        return float(mastery_of(bound, state_at(bound, log, T0 + days * DAY)).mastery[2])

    assert level(0.0) == pytest.approx(0.3 + 1.0 - np.exp(-gain))
    assert level(90.0) == pytest.approx(0.3 + 1.0 - np.exp(-gain * (0.35 + 0.65 / 2)))
    assert level(90_000.0) == pytest.approx(0.3 + 1.0 - np.exp(-gain * 0.35))
    (shown,) = mastery_shown(bound, state_at(bound, log, T0 + 90 * DAY))
    assert shown[2] == pytest.approx(level(0.0))


def test_completing_again_brings_back_what_faded_as_far_as_the_challenge_is_right(
    make_log, make_index, model
) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    once = (0, 3, "completed", T0, -1)

    def level(*rows: tuple, days: float) -> float:
        state = state_at(bound, make_log([*rows]), T0 + days * DAY)
        return float(mastery_of(bound, state).mastery[2])

    first = 0.2 * taken_up(0.3, bound)
    faded, later = level(once, days=90.0), (0, 3, "completed", T0 + 90 * DAY, -1)
    # Half of what fades of a gain is gone by then, and of it the learner takes up a share again.
    again = first * (0.35 + 0.65 / 2) + 0.2 * (0.65 / 2) * taken_up(faded, bound)
    assert level(once, later, days=90.0) == pytest.approx(0.3 + 1.0 - np.exp(-again))
    assert level(once, once, days=90.0) == pytest.approx(faded)


def test_without_evidence_mastery_is_what_is_usual_in_the_role(make_log, make_index, model) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    nobody = mastery_of(bound, state_at(bound, make_log([]), T0))
    analyst = mastery_of(bound, state_at(bound, make_log([]), T0, None, "analyst"))
    other = mastery_of(bound, state_at(bound, make_log([]), T0, None, "astronaut"))
    assert analyst.mastery == pytest.approx([0.6, 0.5, 0.4])
    assert nobody.mastery == pytest.approx([0.4, 0.4, 0.3])
    assert np.array_equal(other.mastery, nobody.mastery)
    asked, other_skill = np.sqrt(0.05 + 0.2 + 0.1 + 0.4) / 6.0, np.sqrt(0.05 + 0.2 + 0.3) / 6.0
    assert analyst.standard_error == pytest.approx([asked, other_skill, asked])


def test_a_goal_counts_for_what_it_asks_and_the_role_does_not(make_log, make_index, model) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    aiming = mastery_of(bound, state_at(bound, make_log([]), T0, None, None, "analyst"))
    there = mastery_of(bound, state_at(bound, make_log([]), T0, None, "analyst", "analyst"))
    assert aiming.mastery == pytest.approx([0.5, 0.4, 0.35])
    assert there.mastery == pytest.approx([0.6, 0.5, 0.4])


def test_a_lead_in_one_skill_of_the_role_counts_more_in_its_other_skills(
    make_log, make_index, model
) -> None:
    bound = model.bind(make_index([(0,), (0,), (0,), (0,)]))
    rows = [(0, module, "answered", T0, 1) for module in range(4)]
    new = mastery_of(bound, state_at(bound, make_log([]), T0, None, "analyst"))
    able = mastery_of(bound, state_at(bound, make_log(rows), T0, None, "analyst"))
    tried, elsewhere, of_role = able.mastery - new.mastery
    assert tried > of_role > elsewhere > 0.0
    assert (able.standard_error < new.standard_error).all()


def test_a_judgement_moves_mastery_towards_its_level(make_log, make_index, model) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    log = make_log([])
    judged = EvidenceLog(
        learner=np.array([0], dtype=np.int32),
        skill=np.array([2], dtype=np.int32),
        source=np.array(["assessment"]),
        level=np.array([0.9]),
        at_seconds=np.array([T0]),
    )
    before = mastery_of(bound, state_at(bound, log, T0))
    after = mastery_of(bound, state_at(bound, log, T0, judged))
    assert before.mastery[2] < after.mastery[2] < 0.9
    assert after.n_evidence.tolist() == [0, 0, 1]
    assert (after.mastery[:2] > before.mastery[:2]).all()


def test_the_order_of_the_catalogue_does_not_matter(make_log, make_index, model) -> None:
    log = make_log([(0, 0, "answered", T0, 1), (0, 3, "answered", T0 + DAY, 0)])
    index = make_index(SKILLS_OF)
    turned = replace(
        make_index([SKILLS_OF[i] for i in (3, 2, 1, 0)]), module_ids=IdMap(["m3", "m2", "m1", "m0"])
    )
    other = replace(log, module_ids=turned.module_ids, module=(3 - log.module).astype(np.int32))
    results = []
    for one, its in ((index, log), (turned, other)):
        bound = model.bind(one)
        results.append(served(bound)(state_at(bound, its, T0 + 2 * DAY))[0])
    np.testing.assert_allclose(results[0], results[1][::-1], atol=1e-12)


def test_unknown_modules_and_skills_rest_on_what_is_authored(make_log, make_index, model) -> None:
    index = replace(
        make_index([(0,), (0,), (1,), ()], n_skills=2, difficulty=[0.2, 0.8, np.nan, np.nan]),
        module_ids=IdMap(["new0", "new1", "new2", "new3"]),
        skill_ids=IdMap(["new skill", "s1"]),
    )
    words = index_words([Module(module_id=name, title="") for name in index.module_ids])
    bound = model.bind(index, words)
    assert bound.yardstick.difficulty == pytest.approx(
        [0.2 + 5.0 * (0.2 - 0.4), 0.2 + 5.0 * (0.8 - 0.4), 0.2 + 0.5, 0.2 + 0.1]
    )
    (p,) = served(bound)(state_at(bound, make_log([]), T0))
    assert p[0] > p[1]


def test_an_empty_catalogue_has_no_probabilities(make_log, make_index, model) -> None:
    bound = model.bind(make_index([], n_skills=0))
    state = state_at(bound, make_log([], n_modules=0), T0)
    assert served(bound)(state).shape == (1, 0)
    assert mastery_of(bound, state).mastery.shape == (0,)
