"""RecTools takes part, through its datasets and `recommend`."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from exchange import N_LISTED, Histories, Lists, Recommend, Settings, Split, take_part
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import TFIDFRecommender
from rectools import Columns
from rectools.dataset import Dataset, IdMap, Interactions
from rectools.models import (
    EASEModel,
    ImplicitALSWrapperModel,
    ImplicitItemKNNWrapperModel,
    PopularModel,
)

EPOCH = pd.Timestamp(0)


def fit_knn(split: Split, settings: Settings) -> Mapping[str, Recommend]:
    """Wrap implicit's TF-IDF neighbours, which its guide starts with."""
    return _fit(ImplicitItemKNNWrapperModel(TFIDFRecommender(**settings)), split)


def fit_als(split: Split, settings: Settings) -> Mapping[str, Recommend]:
    """Wrap implicit's ALS, for which RecTools has no fold-in."""
    if not split.knows_learners:
        raise SystemExit("RecTools' ALS lists modules only for learners it was fitted on")
    als = AlternatingLeastSquares(random_state=split.seed, **settings)
    return _fit(ImplicitALSWrapperModel(als), split)


def fit_plain(model: Callable[..., Any]) -> Callable[[Split, Settings], Mapping[str, Recommend]]:
    """Return how to fit a model of RecTools' own."""
    return lambda split, settings: _fit(model(**settings), split)


def _fit(model: Any, split: Split) -> Mapping[str, Recommend]:
    table = _table(split.train, np.arange(len(split.train)))
    trained_on = Dataset.construct(table)
    model.fit(trained_on)

    def recommend(asked: Split) -> Lists:
        dataset = trained_on
        if not asked.knows_learners:
            dataset = _with_strangers(table, asked, trained_on.item_id_map)
        known = asked.asked[np.isin(asked.asked, dataset.user_id_map.external_ids)]
        found = model.recommend(known, dataset, k=N_LISTED, filter_viewed=True)
        row = np.searchsorted(asked.asked, found[Columns.User])
        lists = Lists.empty(len(asked.asked))
        lists.module[row, found[Columns.Rank] - 1] = found[Columns.Item]
        lists.score[row, found[Columns.Rank] - 1] = found[Columns.Score]
        return lists

    return {"": recommend}


def _table(histories: Histories, learners: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(
        {
            Columns.User: learners[histories.learner],
            Columns.Item: histories.module,
            Columns.Weight: 1.0,
            Columns.Datetime: EPOCH + pd.to_timedelta(histories.at_seconds, unit="s"),
        }
    )


def _with_strangers(trained_on: pd.DataFrame, split: Split, modules: IdMap) -> Dataset:
    """Add the histories of learners not trained on, as far as their modules were."""
    added = _table(split.history, split.asked)
    added = added[np.isin(added[Columns.Item], modules.external_ids)]
    table = pd.concat([trained_on, added], ignore_index=True)
    learners = IdMap.from_values(table[Columns.User])
    return Dataset(learners, modules, Interactions.from_raw(table, learners, modules))


if __name__ == "__main__":
    take_part(
        {
            "item-knn": fit_knn,
            "als": fit_als,
            "ease": fit_plain(EASEModel),
            "popular": fit_plain(PopularModel),
        },
        ("rectools", "pm-implicit", "numpy", "scipy"),
    )
