"""LensKit takes part, through its top-n pipeline and its batch recommender."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from exchange import N_LISTED, Histories, Lists, Recommend, Settings, Split, take_part
from lenskit.als import ImplicitMFScorer
from lenskit.basic import PopScorer
from lenskit.batch import recommend as recommend_batch
from lenskit.data import Dataset, DatasetBuilder, ItemList, RecQuery
from lenskit.knn import EASEScorer, ItemKNNScorer, SLIMScorer
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions


def fit_with(scorer: Callable[..., Any]) -> Callable[[Split, Settings], Mapping[str, Recommend]]:
    """Return how to fit the standard pipeline around a scorer."""

    def fit(split: Split, settings: Settings) -> Mapping[str, Recommend]:
        pipeline = topn_pipeline(scorer(**settings), n=N_LISTED)
        pipeline.train(_dataset(split), TrainingOptions(rng=split.seed))

        def recommend(asked: Split) -> Lists:
            found = recommend_batch(pipeline, list(_queries(asked)), n=N_LISTED, n_jobs=1)
            place = {int(learner): row for row, learner in enumerate(asked.asked)}
            lists = Lists.empty(len(asked.asked))
            for key, modules in found.items():
                row = place[int(key.user_id)]
                lists.module[row, : len(modules)] = modules.ids()
                lists.score[row, : len(modules)] = modules.scores()
            return lists

        return {"": recommend}

    return fit


def _dataset(split: Split) -> Dataset:
    rows = pd.DataFrame({"user_id": split.train.learner, "item_id": split.train.module})
    builder = DatasetBuilder()
    builder.add_entities("item", np.arange(split.n_modules))
    builder.add_entities("user", np.unique(split.train.learner))
    builder.add_interactions("met", rows, entities=["user", "item"], default=True)
    return builder.build()


def _queries(split: Split) -> Iterator[RecQuery]:
    """Ask by id about learners trained on, whose histories it looks up, else with histories."""
    for row, learner in enumerate(split.asked):
        given = None if split.knows_learners else ItemList(item_ids=_of(split.history, row))
        yield RecQuery(user_id=int(learner), history_items=given)


def _of(histories: Histories, row: int) -> np.ndarray:
    return histories.module[histories.indptr[row] : histories.indptr[row + 1]]


if __name__ == "__main__":
    take_part(
        {
            "item-knn": fit_with(ItemKNNScorer),
            "als": fit_with(ImplicitMFScorer),
            "ease": fit_with(EASEScorer),
            "slim": fit_with(SLIMScorer),
            "popular": fit_with(PopScorer),
        },
        ("lenskit", "torch", "numpy", "scipy"),
    )
