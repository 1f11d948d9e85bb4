"""Plain implicit takes part: ALS and item-item neighbours, as its documentation uses them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from exchange import N_LISTED, NOTHING, Histories, Lists, Recommend, Settings, Split, take_part
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from scipy.sparse import csr_matrix

BATCH = 1000
LOWEST = float(np.finfo(np.float32).min)


def fit_als(split: Split, settings: Settings) -> Mapping[str, Recommend]:
    """Factorise; learners not trained on get their factors from their histories."""
    model = AlternatingLeastSquares(random_state=split.seed, **settings)
    strangers = not split.knows_learners
    return _fit(model, split, above=LOWEST, recalculate_user=strangers)


def fit_bm25(split: Split, settings: Settings) -> Mapping[str, Recommend]:
    """Count neighbours weighed by BM25; any history can be asked with."""
    return _fit(BM25Recommender(**settings), split, above=0.0)


def fit_cosine(split: Split, settings: Settings) -> Mapping[str, Recommend]:
    """Count neighbours by cosine; any history can be asked with."""
    return _fit(CosineRecommender(**settings), split, above=0.0)


def _fit(model: Any, split: Split, above: float, **how: bool) -> Mapping[str, Recommend]:
    """Fit a model whose real scores are above a bound: it pads short lists with ones that are not.

    ALS marks modules already met with the lowest number; neighbours nobody has score 0.
    """
    model.fit(_matrix(split.train, split.n_modules), show_progress=False)

    def recommend(asked: Split) -> Lists:
        histories = _matrix(asked.history, asked.n_modules)
        lists = Lists.empty(len(asked.asked))
        n = min(N_LISTED, asked.n_modules)
        for start in range(0, len(asked.asked), BATCH):
            rows = slice(start, start + BATCH)
            module, score = model.recommend(asked.asked[rows], histories[rows], N=n, **how)
            lists.module[rows, :n] = np.where(score > above, module, NOTHING)
            lists.score[rows, :n] = np.where(score > above, score, -np.inf)
        return lists

    return {"": recommend}


def _matrix(histories: Histories, n_modules: int) -> csr_matrix:
    ones = np.ones(len(histories.module), dtype=np.float32)
    indptr = histories.indptr.astype(np.int32)
    matrix = csr_matrix((ones, histories.module, indptr), shape=(len(histories), n_modules))
    matrix.sort_indices()
    return matrix


if __name__ == "__main__":
    take_part(
        {"als": fit_als, "bm25": fit_bm25, "cosine": fit_cosine}, ("implicit", "numpy", "scipy")
    )
