from dataclasses import fields, replace

import numpy as np
import pytest

from features.encode.ability import sigmoid
from features.encode.ids import IdMap
from features.encode.words import no_words
from training.success.baselines import fit_baselines
from training.success.candidates import fit_candidates
from training.success.difficulty import ability_offset, fit_difficulty, out_of_fold
from training.success.evaluate import evaluate_success
from training.success.exposure import expose
from training.success.gain import PRIOR_GAIN, fit_gain
from training.success.labelled import Labelled
from training.success.responses import N_FOLDS, Responses, learner_folds, responses_of
from training.success.scale import fit_scale
from training.success.settings import SuccessSettings

T0, DAY = 1.7e9, 86_400.0


def _responses(truth: np.ndarray, n_learners: int, rng: np.random.Generator) -> Responses:
    learner = np.repeat(np.arange(n_learners), len(truth))
    module = np.tile(np.arange(len(truth)), n_learners)
    ability = rng.normal(0.0, 1.0, n_learners)
    success = (rng.random(len(learner)) < sigmoid(ability[learner] - truth[module])).astype(float)
    return Responses(
        learner=learner,
        module=module,
        success=success,
        grade=success,
        n_learners=n_learners,
        n_modules=len(truth) + 2,
    )


@pytest.fixture
def authored(make_index):
    """Return 22 modules of two skills; the last two were never tried."""
    rng = np.random.default_rng(2)
    level = np.append(rng.uniform(0.1, 0.9, 20), [0.5, np.nan])
    skill = np.append(np.arange(20) % 2, [0, 1])
    index = make_index([(int(s),) for s in skill], n_skills=2, difficulty=level)
    truth = 5.0 * (level[:20] - 0.5) + np.where(skill[:20] == 0, -0.6, 0.6)
    return index, truth


def test_difficulty_level_and_skill_are_told_apart(authored) -> None:
    index, truth = authored
    responses = _responses(truth, 800, np.random.default_rng(0))
    fit = fit_difficulty(responses, index, no_words(22))
    assert np.abs(fit.difficulty[:20] - truth).mean() < 0.15
    # never tried: authored .5 in the easy skill; nothing authored in the hard one
    assert fit.difficulty[20] == pytest.approx(-0.6, abs=0.25)
    assert fit.difficulty[21] > fit.difficulty[20]
    scale = fit_scale(fit, responses, index)
    assert scale.is_authored
    assert scale.logits_per_level == pytest.approx(5.0, abs=0.6)
    assert scale.skill_offset[0] - scale.skill_offset[1] == pytest.approx(1.2, abs=0.3)


def test_without_authored_levels_quantiles_span_the_scale(authored) -> None:
    index, truth = authored
    index = replace(index, difficulty=np.full(22, np.nan))
    responses = _responses(truth, 300, np.random.default_rng(0))
    fit = fit_difficulty(responses, index, no_words(22))
    scale = fit_scale(fit, responses, index)
    levels = scale.level_of_zero + fit.difficulty[:20] / scale.logits_per_level
    assert not scale.is_authored
    assert np.quantile(levels, 0.95) == pytest.approx(0.95, abs=0.02)
    assert levels.min() > 0.0


def test_difficulties_out_of_fold_ignore_the_folds_own_responses(authored) -> None:
    index, truth = authored
    rng = np.random.default_rng(0)
    responses = _responses(truth, 60, rng)
    fit = fit_difficulty(responses, index, no_words(22))
    fold = learner_folds(60, rng)[responses.learner]
    center = fit.prior.difficulty(index, no_words(22))
    offset = ability_offset(fit, responses)
    honest = out_of_fold(fit, responses, center, fold, offset)
    flipped = replace(
        responses, success=np.where(fold == 2, 1.0 - responses.success, responses.success)
    )
    again = out_of_fold(fit, flipped, center, fold, offset)
    assert np.array_equal(honest[2], again[2])
    assert not np.array_equal(honest[0], again[0])
    assert len(honest) == N_FOLDS


def test_baselines_are_smoothed_means(make_log, make_index) -> None:
    rows = [(i, 0, "answered", T0, int(i < 15)) for i in range(20)]
    rows += [(i, 1, "answered", T0 + DAY, 0) for i in range(20)]
    log = make_log(rows, n_learners=20)
    index = make_index([(0,), (0,), (1,), ()])
    models = fit_baselines(
        responses_of(log),
        index,
        learner_folds(20, np.random.default_rng(0))[responses_of(log).learner],
    )
    overall = 16 / 42
    item = sigmoid(models["item_mean"].logits)
    assert item[0] == pytest.approx((15 + 5 * overall) / 25)
    assert item[2] == pytest.approx(overall)
    skill = sigmoid(models["skill_mean"].logits)
    assert skill[0] == skill[1] == pytest.approx((15 + 5 * overall) / 45)
    metrics = evaluate_success(models, log, np.ones(len(log), dtype=bool))
    assert metrics["item_mean"]["auc"] > metrics["skill_mean"]["auc"]
    assert metrics["item_mean"]["n_attempts"] == 40


def test_a_completion_is_paired_with_later_attempts_on_its_skills(make_log, make_index) -> None:
    rows = [
        (0, 0, "answered", T0, 0),
        (0, 1, "completed", T0 + DAY, -1),
        (0, 1, "completed", T0 + 2 * DAY, -1),
        (0, 0, "answered", T0 + 3 * DAY, 1),
        (0, 2, "answered", T0 + 4 * DAY, 1),
        (0, 2, "answered", T0 + 4 * DAY, 1),
    ]
    index = make_index([(0,), (0,), (1,), ()])
    exposure = expose(make_log(rows), index, np.random.default_rng(0))
    assert exposure.completed.toarray().tolist() == [[0] * 4, [0, 1, 0, 0], [0] * 4, [0] * 4]
    assert exposure.taken == pytest.approx(np.log([3.0, 3.0, 2.0, 2.0]))
    assert exposure.n_completions.tolist() == [0, 1, 0, 0]
    assert exposure.is_test.tolist() == [True, False, True, False]


def test_a_module_that_teaches_gains_more_than_one_that_does_not(make_log, make_index) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for learner in range(600):
        level, at = rng.normal(0.0, 0.7), T0
        for phase in range(3):
            for _ in range(4):
                rows.append((learner, 0, "answered", at, int(rng.random() < sigmoid(level))))
                at += DAY
            if phase < 2:
                module = 1 + (phase + learner) % 2
                rows.append((learner, module, "completed", at, -1))
                level += 1.0 if module == 1 else 0.0
                at += DAY
    index = make_index([(0,), (0,), (0,), ()])
    log = make_log(rows, n_learners=600)
    role = np.zeros(600, dtype=np.int64)
    fit = fit_gain(log, index, np.zeros((1, 4)), role, 0.8, np.random.default_rng(0))
    assert fit.gain[1] - fit.gain[2] > 0.5
    assert abs(fit.gain[1] - 1.0) < 3.0 * fit.standard_error[1] + 0.15
    assert fit.n_completions.tolist() == [0, 600, 600, 0]


def test_content_without_any_attempt_has_the_prior_gain(make_log, make_index) -> None:
    log = make_log([(0, 1, "completed", T0, -1), (0, 0, "answered", T0 - DAY, 1)])
    index = make_index([(0,), (0,), (1,), ()])
    role = np.zeros(1, dtype=np.int64)
    fit = fit_gain(log, index, np.zeros((1, 4)), role, 1.0, np.random.default_rng(0))
    assert fit.gain == pytest.approx([PRIOR_GAIN] * 4)
    assert (fit.standard_error > 0.1).all()


def test_log_odds_fall_with_difficulty_even_where_data_say_otherwise(model) -> None:
    rng = np.random.default_rng(0)
    columns = np.zeros((400, len(model.coefficient)))
    columns[:, -2] = rng.normal(size=400)
    columns[:, -1] = -columns[:, -2]
    success = (rng.random(400) < sigmoid(2.0 * columns[:, -2])).astype(float)
    train = Labelled(
        columns=columns,
        module=np.zeros(400, dtype=np.int64),
        previous=np.full(400, -1),
        previous_succeeded=np.zeros(400, dtype=bool),
        success=success,
    )
    nobody = Labelled(**{field.name: getattr(train, field.name)[:0] for field in fields(train)})
    fitted = fit_candidates(model, train, nobody, 0, SuccessSettings())
    assert list(fitted) == ["logistic"]
    coefficient = fitted["logistic"].coefficient
    assert 0.3 * coefficient[-1] - coefficient[-2] > 0.0


def test_responses_take_the_score_as_grade_where_there_is_one(make_log) -> None:
    log = make_log([(0, 0, "answered", T0, 1), (0, 1, "viewed", T0, -1)])
    log = replace(log, score=np.array([0.8, np.nan]), learner_ids=IdMap(["l0"]))
    responses = responses_of(log)
    assert responses.grade.tolist() == [0.8]
    assert len(responses) == 1
