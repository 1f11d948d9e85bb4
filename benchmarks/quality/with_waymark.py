"""Waymark takes part: its chosen model and the baselines it judges itself by."""

from collections.abc import Mapping

import numpy as np
from exchange import N_LISTED, NOTHING, Histories, Lists, Recommend, Settings, Split, take_part

from features.encode.sequences import Sequences
from features.score.ranking.model import RankingModel
from training.evaluation.ranking import in_batches
from training.ranking.fit import RankingHistories, fit_ranking


def fit(split: Split, _settings: Settings) -> Mapping[str, Recommend]:
    """Do what `waymark train` does; the validation learners choose settings and model.

    ALS is left out: it is implicit's, and takes part as such.
    """
    sequences = _sequences(split.train)
    kept = sequences.lengths > 0
    fitted = fit_ranking(
        RankingHistories(
            sequences=sequences.take(kept),
            n_modules=split.n_modules,
            valid=split.valid[kept],
            knows_learners=split.knows_learners,
        ),
        seed=split.seed,
    )
    first = {f"{fitted.chosen} (chosen)": fitted.models[fitted.chosen]}
    others = {
        name: model
        for name, model in fitted.models.items()
        if name != fitted.chosen and not name.startswith("als")
    }
    return {name: _recommend_with(model) for name, model in (first | others).items()}


def _recommend_with(model: RankingModel) -> Recommend:
    def recommend(split: Split) -> Lists:
        lists = Lists.empty(len(split.asked))
        n = min(N_LISTED, split.n_modules)
        for start, histories in in_batches(_sequences(split.history), split.n_modules):
            scores = np.array(model.scores(histories), dtype=np.float64)
            scores[histories.learner, histories.module] = -np.inf
            best = np.argpartition(-scores, n - 1, axis=1)[:, :n]
            order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
            best = np.take_along_axis(best, order, axis=1)
            rows = slice(start, start + len(histories))
            lists.score[rows, :n] = np.take_along_axis(scores, best, axis=1)
            lists.module[rows, :n] = best
        lists.module[np.isneginf(lists.score)] = NOTHING
        return lists

    return recommend


def _sequences(histories: Histories) -> Sequences:
    return Sequences(
        indptr=histories.indptr,
        module=histories.module,
        at_seconds=histories.at_seconds,
        asked_at_seconds=np.full(len(histories.indptr) - 1, np.nan),
    )


if __name__ == "__main__":
    take_part({"ranking": fit}, ("waymark", "numpy", "scipy"))
