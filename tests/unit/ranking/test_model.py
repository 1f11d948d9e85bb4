"""Ranking models as a whole: fallbacks, blends, snapshots, and the fit's promises."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.encode.sequences import hold_out_last
from features.score.ranking.arrays import from_arrays, to_arrays
from features.score.ranking.blend import best_candidates, describe_candidates
from features.score.ranking.model import RankingModel
from training.evaluation.protocols import Question
from training.evaluation.ranking import ask, sequences_from
from training.evaluation.ranking_metrics import (
    RankedTargets,
    bootstrap_interval,
    rank_of_target,
    summarise_ranking,
)
from training.ranking import lists
from training.ranking.baselines import fit_baselines
from training.ranking.components import Settings
from training.ranking.fit import BLEND, RankingHistories, draw_learners, fit_ranking
from training.ranking.lists import divide_known, divide_strangers
from training.ranking.network import NetworkSettings
from training.ranking.unmet import lay_out

N_MODULES = 30


def chains(n_learners: int, seed: int):
    """Learners who mostly go from module m to m + 1, from a random start."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_learners):
        start, length = rng.integers(0, N_MODULES - 8), rng.integers(3, 8)
        row = list(range(start, start + length))
        if rng.random() < 0.3:
            row[-1] = int(rng.integers(0, N_MODULES))
        rows.append(list(dict.fromkeys(row)))
    return sequences_from(rows)


def question_of(sequences):
    history, target = hold_out_last(sequences)
    return Question(learner=np.arange(len(target)), history=history, target=target)


def strangers(sequences, n_modules):
    """Histories of which every fifth learner chooses."""
    return RankingHistories(
        sequences=sequences,
        n_modules=n_modules,
        valid=np.arange(len(sequences)) % 5 == 0,
        knows_learners=False,
    )


@pytest.fixture(scope="module")
def fitted():
    sequences = chains(300, seed=0)
    return fit_ranking(strangers(sequences, N_MODULES), seed=0)


@pytest.fixture(scope="module")
def roughly_fitted(rough_settings):
    sequences = chains(300, seed=0)
    return fit_ranking(strangers(sequences, N_MODULES), seed=0, settings=rough_settings.ranking)


def test_the_blend_stands_beside_every_baseline(fitted):
    expected = {"popularity", "item_knn", "als", "als_tuned", "ease", "markov"}
    assert set(fitted.models) == set(fitted.validation) == expected | {BLEND}
    assert fitted.validation[fitted.chosen] == max(fitted.validation.values())


def test_order_is_learned(fitted):
    asked = question_of(chains(100, seed=1))
    gains = {name: ask(model, asked).ndcg_at_10.mean() for name, model in fitted.models.items()}
    assert gains[BLEND] > gains["item_knn"] > gains["popularity"]


def test_without_history_popularity_ranks(fitted):
    model = fitted.models[BLEND]
    assert model.scores(sequences_from([[]]))[0].tolist() == model.popularity.tolist()


def test_a_model_survives_the_way_through_arrays(fitted):
    asked = chains(20, seed=2)
    for model in fitted.models.values():
        again = from_arrays(to_arrays(model))
        assert np.array_equal(again.scores(asked), model.scores(asked))


def test_the_same_seed_gives_the_same_arrays(roughly_fitted):
    given = strangers(chains(300, seed=0), N_MODULES)
    again = fit_ranking(given, seed=0, settings=roughly_fitted.settings)
    for name, array in to_arrays(roughly_fitted.models[BLEND]).items():
        assert np.array_equal(array, to_arrays(again.models[BLEND])[name]), name


@settings(max_examples=20)
@given(row=st.lists(st.integers(0, N_MODULES - 1), unique=True, max_size=8))
def test_one_learner_scores_as_among_many(fitted, row):
    model = fitted.models[BLEND]
    many = sequences_from([[1, 2, 3], row, [7]])
    alone = model.scores(sequences_from([row]))[0]
    assert model.scores(many)[1] == pytest.approx(alone, rel=1e-5, abs=1e-5)


def test_given_settings_are_taken_as_they_are():
    network = NetworkSettings(n_hidden=3, n_networks=1, fewest_steps=5)
    given = Settings(ease_regularization=7.0, network=network)
    fitted = fit_ranking(strangers(chains(300, seed=0), N_MODULES), seed=0, settings=given)
    assert fitted.settings == given
    assert fitted.models[BLEND].blend.hidden_bias.shape == (3,)


def test_large_logs_are_cut_by_learner():
    given = strangers(chains(300, seed=0), N_MODULES)
    drawn = draw_learners(given, 500, seed=1)
    assert 490 < len(drawn.sequences.module) <= 500
    assert len(drawn.valid) == len(drawn.sequences)
    whole = {tuple(given.sequences.of(row)) for row in range(300)}
    assert {tuple(drawn.sequences.of(row)) for row in range(len(drawn.sequences))} <= whole
    assert draw_learners(given, 10_000, seed=1) is given


def test_known_learners_give_their_last_module_as_a_list():
    sequences = chains(300, seed=0)
    (fold,) = divide_known(sequences, np.arange(300) % 5 == 0, seed=0)
    assert (fold.train.lengths == sequences.lengths - 1).all()
    assert (fold.judged.sum(), fold.n_back) == (60, 1)


def test_many_strangers_make_two_folds_that_share_no_learner(monkeypatch):
    monkeypatch.setattr(lists, "FEW_LEARNERS", 100)
    sequences = sequences_from([[learner, learner + 1] for learner in range(200)])
    first, second = divide_strangers(sequences, np.arange(200) % 10 == 0, seed=0)
    assert (len(first.blend), len(first.train), len(second.blend)) == (20, 180, 40)
    assert not set(first.blend.module[::2]) & set(second.blend.module[::2])
    assert not set(second.blend.module[::2]) & set(second.train.module[::2])


def test_modules_nobody_met_change_nothing_for_the_others(roughly_fitted):
    met, n_modules = np.arange(N_MODULES) * 3 + 1, 3 * N_MODULES + 2
    sequences = chains(300, seed=0)
    apart = replace(sequences, module=met[sequences.module].astype(np.int32))
    given = strangers(apart, n_modules)
    spread = fit_ranking(given, seed=0, settings=roughly_fitted.settings)
    for name, model in roughly_fitted.models.items():
        expected = to_arrays(lay_out(model, met, n_modules))
        for part, array in to_arrays(spread.models[name]).items():
            assert np.array_equal(array, expected[part]), (name, part)


def test_a_model_laid_out_scores_what_was_met_as_before(fitted):
    met, n_modules = np.arange(N_MODULES) * 3 + 1, 3 * N_MODULES + 2
    asked = chains(20, seed=2)
    apart = replace(asked, module=met[asked.module].astype(np.int32))
    model = fitted.models[BLEND]
    wide = lay_out(model, met, n_modules).components(apart)
    for part, spread in zip(model.components(asked), wide, strict=True):
        assert np.array_equal(spread[:, met], part)
        assert not np.delete(spread, met, axis=1).any()
    als = fitted.models["als"]
    laid_out = lay_out(als, met, n_modules).scores(apart)[:, met]
    assert laid_out == pytest.approx(als.scores(asked), abs=1e-6)  # float32, summed in other orders


def test_two_learners_are_too_few_for_a_blend_but_not_for_a_ranking():
    sequences = sequences_from([[0, 1, 2], [1, 2, 0]])
    fitted = fit_ranking(strangers(sequences, 3), seed=0)
    assert BLEND not in fitted.models
    assert fitted.models[fitted.chosen].scores(sequences).shape == (2, 3)


def test_a_popularity_model_ranks_by_how_many_met_a_module():
    models = dict(fit_baselines(sequences_from([[0, 1], [1, 2], [1]]), 4, seed=0))
    assert models["popularity"].popularity.tolist() == [1, 3, 1, 0]


def test_candidates_are_the_best_unseen():
    base = np.array([[5.0, 4.0, 3.0, 2.0]])
    seen = np.array([[True, False, False, False]])
    assert sorted(best_candidates(base, seen, 2)[0].tolist()) == [1, 2]


def test_candidate_features_say_score_share_and_rank():
    parts = np.array([[[4.0], [2.0], [0.0]]], dtype=np.float32)
    own = np.array([[[7.0], [8.0], [9.0]]], dtype=np.float32)
    features = describe_candidates(parts, own, np.array([3]))
    assert features[0, :, 0].tolist() == [4.0, 2.0, 0.0]
    assert features[0, :, 2].tolist() == [1.0, 0.5, 0.0]
    assert features[0, :, 3].tolist() == pytest.approx([1 / 2, 1 / 3, 0.0])
    assert features[0, :, 5].tolist() == [7.0, 8.0, 9.0]
    assert features[0, :, 6].tolist() == pytest.approx([np.log(4)] * 3)


def test_the_rank_counts_unseen_modules_above_and_half_of_the_ties():
    scores = np.array([[9.0, 1.0, 5.0, 5.0, 5.0]])
    seen = np.array([[True, False, False, False, False]])
    assert rank_of_target(scores, np.array([3]), seen).tolist() == [2]
    assert rank_of_target(scores, np.array([1]), seen).tolist() == [4]


def test_metrics_of_known_ranks():
    ranked = RankedTargets(
        rank=np.array([1, 3, 11, 40]), top=np.array([[0] * 10] * 4, dtype=np.int32), n_modules=50
    )
    summary = summarise_ranking(ranked, np.random.default_rng(0))
    assert summary["hr_at_1"] == 0.25
    assert summary["hr_at_5"] == 0.5
    assert summary["hr_at_20"] == 0.75
    assert summary["ndcg_at_10"] == pytest.approx((1 + 0.5) / 4)
    assert summary["mrr"] == pytest.approx((1 + 1 / 3 + 1 / 11 + 1 / 40) / 4)
    assert summary["coverage_at_10"] == 1 / 50


def test_the_bootstrap_interval_is_that_of_a_mean():
    rng = np.random.default_rng(0)
    values = rng.random(400) < 0.3
    low, high = bootstrap_interval(values.astype(float), rng)
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_modules_nobody_met_are_ranked_and_not_dropped():
    model = RankingModel(popularity=np.array([2.0, 1.0, 0.0]))
    asked = Question(
        learner=np.array([0]), history=sequences_from([[0]]), target=np.array([2], dtype=np.int32)
    )
    assert ask(model, asked).rank.tolist() == [2]


def test_a_blend_never_lifts_what_is_no_candidate_above_one_that_is(fitted):
    model = replace(fitted.models[BLEND])
    scores = model.scores(sequences_from([[3, 4, 5]]))[0]
    assert scores.argmax() not in (3, 4, 5)
