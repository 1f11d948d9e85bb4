from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.domain.catalogue import Module
from features.encode.ability import sigmoid
from features.encode.attempts import EvidenceLog
from features.encode.ids import IdMap
from features.encode.words import index_words
from features.score.mastery import expected_mastery, mastery
from features.score.success import SuccessModel

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


def test_arrays_bring_back_the_same_model(model) -> None:
    arrays = model.to_arrays()
    assert all(array.dtype.kind in "fiU" for array in arrays.values())
    again = SuccessModel.from_arrays(arrays).to_arrays()
    assert arrays.keys() == again.keys()
    assert all(np.array_equal(arrays[name], again[name]) for name in arrays)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(drawn=histories, module=st.integers(0, 3))
def test_p_success_at_request_time_is_that_of_the_bulk(
    drawn, module, make_log, make_index, model
) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    now = T0 + 301 * DAY
    state = bound.learner_state(_log(drawn, make_log), now)
    whole = _log(drawn, make_log, [(0, module, "answered", now, 1)])
    bulk = sigmoid(bound.predict_attempts(whole)[-1:])
    np.testing.assert_allclose(bound.p_success(state)[module], bulk[0], rtol=0, atol=1e-12)


def test_rows_that_are_no_attempt_get_no_prediction(make_log, make_index, model) -> None:
    log = make_log([(0, 0, "viewed", T0, -1), (0, 0, "answered", T0 + 1, 1)])
    assert np.isnan(model.bind(make_index(SKILLS_OF)).predict_attempts(log)).tolist() == [
        True,
        False,
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(drawn=histories)
def test_a_module_as_hard_as_the_mastery_is_passed_three_times_in_four(
    drawn, make_log, make_index, model
) -> None:
    state_index = make_index(SKILLS_OF)
    log = _log(drawn, make_log)
    bound = model.bind(state_index)
    now = T0 + 301 * DAY
    standing = mastery(bound, bound.learner_state(log, now))
    # two modules nobody knows, about skill 0 and skill 1 alone, authored as hard as the mastery
    per_level, zero = model.scale[:2]
    prior = replace(
        model.prior,
        logits_per_level=per_level,
        mean_level=zero,
        intercept=0.0,
        skill_effect=-model.skill_offset,
        word_effect=np.zeros_like(model.prior.word_effect),
    )
    index = make_index([*SKILLS_OF, (0,), (1,)], difficulty=[np.nan] * 4 + [*standing.mastery[:2]])
    wider = replace(model, prior=prior).bind(index)
    p = wider.p_success(wider.learner_state(replace(log, module_ids=index.module_ids), now))
    inside = (standing.mastery[:2] > 0.0) & (standing.mastery[:2] < 1.0)
    np.testing.assert_allclose(p[4:][inside], 0.75, atol=1e-9)


def test_wins_raise_mastery_and_evidence_lowers_its_error(make_log, make_index, model) -> None:
    bound = model.bind(make_index(SKILLS_OF))
    rows = [(0, 1, "answered", T0 + day * DAY, 1) for day in range(8)]
    plain = replace(model, coefficient=np.where(model.coefficient == 0.9, 0.9, 0.0)).bind(
        make_index(SKILLS_OF)
    )
    new = mastery(plain, plain.learner_state(make_log([]), T0))
    able = mastery(plain, plain.learner_state(make_log(rows), T0 + 8 * DAY))
    assert able.mastery[1] > new.mastery[1]
    assert able.standard_error[1] < new.standard_error[1]
    assert able.n_evidence.tolist() == [0, 8, 0]
    assert able.last_evidence_at_seconds[1] == T0 + 7 * DAY
    assert np.isneginf(new.last_evidence_at_seconds).all()
    faded = mastery(bound, bound.learner_state(make_log(rows), T0 + 900 * DAY))
    fresh = mastery(bound, bound.learner_state(make_log(rows), T0 + 8 * DAY))
    assert faded.standard_error[1] > fresh.standard_error[1]


def test_a_judgement_moves_mastery_towards_its_level(make_log, make_index, model) -> None:
    plain = replace(
        model, coefficient=np.where(model.coefficient == 0.9, 0.9, 0.0), constant=0.0
    ).bind(make_index(SKILLS_OF))
    log = make_log([])
    judged = EvidenceLog(
        learner=np.array([0], dtype=np.int32),
        skill=np.array([2], dtype=np.int32),
        level=np.array([0.9]),
        standard_error=np.array([0.1]),
        at_seconds=np.array([T0]),
    )
    before = mastery(plain, plain.learner_state(log, T0))
    after = mastery(plain, plain.learner_state(log, T0, judged))
    assert before.mastery[2] < after.mastery[2] < 0.9
    assert after.n_evidence.tolist() == [0, 0, 1]


def test_expected_mastery_is_never_below_the_present_one(make_log, make_index, model) -> None:
    index = make_index(SKILLS_OF)
    bound = model.bind(index)
    standing = mastery(bound, bound.learner_state(make_log([]), T0))
    expected = expected_mastery(bound, standing)
    now = standing.mastery[index.skill]
    gains = np.array([0.1, 0.1, 0.0, 0.4, 0.4]) / 8.0  # module 1 has a negative estimate
    np.testing.assert_allclose(expected, np.minimum(now + gains, 1.0))


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
        results.append(bound.p_success(bound.learner_state(its, T0 + 2 * DAY)))
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
    p = bound.p_success(bound.learner_state(make_log([]), T0))
    assert p[0] > p[1]


def test_an_empty_catalogue_has_no_probabilities(make_log, make_index, model) -> None:
    bound = model.bind(make_index([], n_skills=0))
    state = bound.learner_state(make_log([], n_modules=0), T0)
    assert bound.p_success(state).shape == (0,)
    assert mastery(bound, state).mastery.shape == (0,)
