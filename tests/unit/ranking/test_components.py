"""Components of ranking on histories small enough to count by hand."""

import numpy as np
import pytest
from scipy import sparse

from features.score.ranking.factors import FactorFoldIn
from features.score.ranking.weights import Recency, TopWeights, keep_top, places
from training.evaluation.ranking import sequences_from
from training.ranking import linear, sequential
from training.ranking.components import Settings, kept_weights
from training.ranking.linear import (
    count_transitions,
    ease_weights,
    fit_cosine,
    fit_ease,
    gram_matrix,
    normalise_rows,
)
from training.ranking.neighbourhoods import regress_on_neighbours
from training.ranking.sequential import (
    count_pair_followers,
    sequential_grams,
    sequential_weights,
    solve_ridge,
)


def test_lags_count_from_the_end_of_each_history():
    assert sequences_from([[4, 5, 6], [], [7]]).lag.tolist() == [3, 2, 1, 1]


@pytest.mark.parametrize(
    ("recency", "expected"),
    [
        (Recency(), [1, 1, 1]),
        (Recency(power=1), [1, 1 / 2, 1 / 3]),
        (Recency(decay=0.5), [1, 0.5, 0.25]),
        (Recency(power=1, decay=0.5), [1, 0.25, 0.25 / 3]),
        (Recency(only=2), [0, 1, 0]),
    ],
)
def test_recency_weighs_lags(recency, expected):
    assert recency.of(np.array([1, 2, 3])) == pytest.approx(expected)


def test_keep_top_keeps_the_largest_and_drops_what_speaks_against():
    dense = np.array([[0.0, 3.0, 1.0], [-2.0, 0.0, -1.0], [5.0, 4.0, 0.0]])
    top = keep_top(dense, 1)
    assert top.column[0].tolist() == [1]
    assert top.weight.ravel().tolist() == [3.0, 0.0, 5.0]


@pytest.mark.parametrize("n", [1, 5, 19, 30])
def test_keep_top_keeps_the_same_of_sparse_rows(n):
    rng = np.random.default_rng(3)
    dense = np.where(rng.random((20, 20)) < 0.4, rng.normal(size=(20, 20)), 0.0)
    top, same = keep_top(sparse.csr_array(dense), n), keep_top(dense, n)
    assert top.column.shape[1] == min(n, (dense > 0).sum(axis=1).max())
    assert all(len(set(row)) == len(row) for row in top.column.tolist())
    laid_out = [np.zeros((20, 20), dtype=np.float32) for _ in range(2)]
    for weights, wide in zip((top, same), laid_out, strict=True):
        np.put_along_axis(wide, weights.column, weights.weight, axis=1)
    assert np.array_equal(*laid_out)


def test_spread_sums_the_weighted_rows_of_a_history():
    dense = np.array([[0, 1, 2], [3, 0, 4], [5, 6, 0]], dtype=float)
    weights = keep_top(dense, 3)
    histories = sequences_from([[0, 1], [], [2]])
    spread = weights.spread(histories, np.array([0.5, 1.0, 2.0]))
    last = weights.spread(histories, np.array([0.0, 1.0, 1.0]))
    assert last.tolist() == [[3.0, 0.0, 4.0], [0.0, 0.0, 0.0], [5.0, 6.0, 0.0]]
    assert spread.tolist() == [[3.0, 0.5, 5.0], [0.0, 0.0, 0.0], [10.0, 12.0, 0.0]]


def test_gathering_is_spreading_over_some_modules_only():
    rng = np.random.default_rng(1)
    weights = keep_top(rng.random((20, 20)), 7)
    histories = sequences_from([rng.permutation(20)[: rng.integers(0, 9)] for _ in range(5)])
    readings = np.array([rng.random(len(histories.module)), np.zeros(len(histories.module))])
    chosen = np.array([rng.permutation(20)[:6] for _ in range(5)])
    gathered = weights.gather(histories, places(chosen, 20), readings, 6)
    for row, reading in enumerate(readings):
        wide = weights.spread(histories, reading)
        assert gathered[:, row] == pytest.approx(np.take_along_axis(wide, chosen, axis=1))


def test_weights_are_the_same_without_their_padding():
    rng = np.random.default_rng(2)
    weights = keep_top(rng.normal(size=(20, 20)) - 0.5, 15)
    packed = weights.packed()
    assert packed.column.shape[1] == np.count_nonzero(weights.weight, axis=1).max() < 15
    assert packed.packed() is packed
    histories = sequences_from([rng.permutation(20)[:6] for _ in range(3)])
    asked = rng.random(len(histories.module))
    assert np.array_equal(packed.spread(histories, asked), weights.spread(histories, asked))


def test_one_learner_scores_as_the_same_learner_among_many():
    rng = np.random.default_rng(0)
    weights = keep_top(rng.random((20, 20)), 7)
    rows = [rng.permutation(20)[: rng.integers(0, 9)].tolist() for _ in range(30)]
    many = sequences_from(rows)
    together = weights.spread(many, Recency(power=1).of(many.lag))
    for row, modules in enumerate(rows):
        one = sequences_from([modules])
        alone = weights.spread(one, Recency(power=1).of(one.lag))
        assert np.array_equal(alone[0], together[row])


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_ease_solves_the_constrained_ridge(dropout):
    """Each column j minimises |X_j − X b|² + Σ λ_k b_k², b_j = 0: its gradient vanishes off j."""
    rng = np.random.default_rng(1)
    x = (rng.random((40, 6)) < 0.4).astype(float)
    weights = fit_ease((x.T @ x).astype(np.float32), 3.0, dropout).astype(float)
    own = 3.0 + dropout / (1.0 - dropout) * x.sum(axis=0)
    gradient = x.T @ (x @ weights - x) + own[:, None] * weights
    assert np.diag(weights).tolist() == [0.0] * 6
    assert gradient[~np.eye(6, dtype=bool)] == pytest.approx(0.0, abs=1e-4)


def test_the_gram_counts_learners_in_common():
    gram = gram_matrix(sequences_from([[0, 1], [1, 2], [0, 1, 2]]), 3)
    assert gram.toarray().tolist() == [[2, 2, 1], [2, 3, 2], [1, 2, 2]]


def test_long_histories_may_count_less_in_the_gram():
    gram = gram_matrix(sequences_from([[0, 1], [], [0, 1, 2, 3]]), 4, length_power=0.5)
    assert gram[0, 1] == pytest.approx(2**-0.5 + 4**-0.5)


def test_the_cosine_of_a_module_nobody_met_is_zero():
    cosine = fit_cosine(
        sparse.csr_array(np.array([[4, 2, 0], [2, 1, 0], [0, 0, 0]], dtype=np.float32)), 0.0
    ).toarray()
    assert cosine[0, 1] == pytest.approx(1.0)
    assert cosine[2].tolist() == [0.0, 0.0, 0.0]


def test_transitions_are_counted_by_gap():
    counts = count_transitions(sequences_from([[0, 1, 2], [0, 2]]), 3, longest_gap=2, decay=0.5)
    assert counts.toarray().tolist() == [[0, 1, 1.5], [0, 0, 1], [0, 0, 0]]


def test_transitions_never_cross_from_one_learner_to_the_next():
    counts = count_transitions(sequences_from([[0], [1], [2]]), 3, longest_gap=5, decay=1.0)
    assert counts.sum() == 0


def test_shares_are_shrunk_where_the_row_is_short():
    counts = sparse.csr_array(np.array([[0, 3], [0, 0]], dtype=np.float32))
    assert normalise_rows(counts, 1.0).toarray().tolist() == [[0.0, 0.75], [0.0, 0.0]]


def test_sequential_grams_pair_decayed_pasts_with_decayed_futures():
    past, future = (part.toarray() for part in sequential_grams(sequences_from([[0, 1, 2]]), 3))
    # Prefixes: [0] then 1, 2; [0, 1] then 2. The past of the second weighs 0 by ½ and 1 by 1.
    rows = np.array([[1.0, 0, 0], [0.5, 1.0, 0]])
    targets = np.array([[0, 1.0, 0.7], [0, 0, 1.0]])
    assert past == pytest.approx(rows.T @ rows)
    assert future == pytest.approx(rows.T @ targets)


def test_long_histories_may_count_less_in_the_sequential_grams():
    short, long = [[0, 1]], [[2, 3, 4]]
    both = sequential_grams(sequences_from(short + long), 5, length_power=0.5)
    for mixed, few, many in zip(
        both,
        sequential_grams(sequences_from(short), 5),
        sequential_grams(sequences_from(long), 5),
        strict=True,
    ):
        assert mixed.toarray() == pytest.approx((few + many * 2**-0.5).toarray())


def test_the_ridge_solves_its_normal_equations():
    past = np.array([[2.0, 1.0], [1.0, 3.0]], dtype=np.float32)
    future = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    weights = solve_ridge((past, future), 2.0, dropout=0.5).astype(float)
    assert (past + np.diag([2.0 + 2.0, 3.0 + 2.0])) @ weights == pytest.approx(future, abs=1e-6)


@pytest.fixture
def drawn():
    rng = np.random.default_rng(4)
    return sequences_from([rng.permutation(12)[: rng.integers(2, 9)].tolist() for _ in range(60)])


def test_a_large_catalogue_regressed_on_all_neighbours_is_ease(drawn, monkeypatch):
    monkeypatch.setattr("training.ranking.neighbourhoods.N_COMMON", 5)
    gram = gram_matrix(drawn, 12, length_power=0.5)
    whole = list(ease_weights(gram, [2.0, 8.0], 0.3))
    monkeypatch.setattr(linear, "MOST_DENSE", 11)
    for dense, near in zip(whole, ease_weights(gram, [2.0, 8.0], 0.3), strict=True):
        assert near.toarray() == pytest.approx(dense, abs=1e-5)


def test_a_large_catalogue_regressed_on_all_neighbours_is_the_sequential_ridge(drawn, monkeypatch):
    # Every two modules follow one another somewhere, so that all are neighbours.
    past, future = sequential_grams(drawn, 12)
    assert (future.toarray() > 0).sum() >= 12 * 11
    whole = next(sequential_weights((past, future), [2.0], 0.3))
    monkeypatch.setattr(sequential, "MOST_DENSE", 11)
    near = next(sequential_weights((past, future), [2.0], 0.3)).toarray()
    follow = future.toarray().diagonal() > 0
    assert near[:, follow] == pytest.approx(whole[:, follow], abs=1e-5)


def test_neighbours_are_those_with_most_in_common_for_how_often_they_are_met(monkeypatch):
    gram = sparse.csr_array(np.array([[9.0, 2.0, 2.0], [2.0, 100.0, 3.0], [2.0, 3.0, 4.0]]))
    others = sparse.csr_array(np.array([[0.0, 2.0, 2.0], [2.0, 0.0, 3.0], [2.0, 3.0, 0.0]]))
    monkeypatch.setattr("training.ranking.neighbourhoods.N_NEIGHBOURS", 1)
    (weights,) = regress_on_neighbours(gram, others, [np.ones(3)])
    # Module 1 shares most with 2, but by chance; 2 shares as much with 0 for what it is met.
    assert weights.toarray() == pytest.approx(
        np.array([[0, 0, 2 / 10], [0, 0, 0], [2 / 5, 3 / 5, 0]])
    )


def test_a_module_without_neighbours_has_no_weights(monkeypatch):
    monkeypatch.setattr(linear, "MOST_DENSE", 1)
    gram = gram_matrix(sequences_from([[0, 1], [2], [0, 1]]), 4)
    weights = next(ease_weights(gram, [1.0])).toarray()
    assert weights[0, 1] == weights[1, 0] == pytest.approx(2 / 3)
    assert not weights[2:].any()
    assert not weights[:, 2:].any()


@pytest.mark.parametrize(
    ("n_modules", "asked", "kept"), [(5_000, 300, 300), (5_001, 300, 100), (5_001, 20, 20)]
)
def test_rows_of_a_large_catalogue_keep_fewer_weights(n_modules, asked, kept):
    assert kept_weights(n_modules, Settings(n_kept=asked)) == kept


def shares(pairs, asked):
    n = pairs.n_modules
    return pairs.gather(asked, np.tile(np.arange(n), (len(asked), 1)), n)


def test_followers_of_a_pair_need_two_sightings():
    sequences = sequences_from([[0, 1, 2], [0, 1, 2], [0, 1, 3], [1, 0, 2]])
    ordered = count_pair_followers(sequences, 4, ordered=True)
    either = count_pair_followers(sequences, 4, ordered=False)
    asked = sequences_from([[0, 1], [1, 0], [3], [2, 3]])
    # Two of three followers of (0, 1) are 2, shrunk by 2: 2 / 5; in any order 3 of 4: 3 / 6.
    assert shares(ordered, asked)[:, 2] == pytest.approx([0.4, 0.0, 0.0, 0.0])
    assert shares(either, asked)[:, 2] == pytest.approx([0.5, 0.5, 0.0, 0.0])
    assert shares(ordered, asked)[:, 3].tolist() == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("confidence", [1.0, 40.0])
def test_the_fold_in_equals_the_library_s(confidence):
    from implicit.cpu.als import AlternatingLeastSquares  # noqa: PLC0415 - slow to import
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - goes with it

    rng = np.random.default_rng(2)
    rows = sparse.csr_matrix((rng.random((60, 30)) < 0.2).astype(np.float32))
    with threadpool_limits(1, user_api="blas"):
        library = AlternatingLeastSquares(
            factors=8, regularization=2.0, alpha=confidence, random_state=0, num_threads=1
        )
        library.fit(rows, show_progress=False)
        fold_in = FactorFoldIn(
            factors=library.item_factors, regularization=2.0, confidence=confidence
        )
        for row in range(10):
            modules = rows[row].indices.tolist()
            folded = library.recalculate_user(0, rows[row])
            mine = fold_in.scores(sequences_from([modules]))[0]
            assert mine == pytest.approx(folded @ library.item_factors.T, abs=2e-4)


def test_an_empty_history_folds_in_to_nothing():
    fold_in = FactorFoldIn(
        factors=np.ones((3, 2), dtype=np.float32), regularization=1.0, confidence=1.0
    )
    assert fold_in.scores(sequences_from([[]])).tolist() == [[0.0, 0.0, 0.0]]


def test_top_weights_know_their_size():
    weights = TopWeights(column=np.zeros((5, 2), np.int32), weight=np.zeros((5, 2), np.float32))
    assert weights.n_modules == 5


def test_pairs_may_stand_further_back():
    sequences = sequences_from([[0, 5, 1, 2], [0, 4, 1, 2]])
    table = count_pair_followers(sequences, 6, ordered=False, far=3, near=1)
    assert shares(table, sequences_from([[0, 3, 1], [1, 3, 0], [0, 1]]))[:, 2] == pytest.approx(
        [0.5, 0.5, 0.0]
    )
