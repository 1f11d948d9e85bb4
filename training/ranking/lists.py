"""Lists of candidates for the blend to learn from, whose components have not seen their targets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.encode.sequences import Sequences, hold_out_last
from features.score.ranking.model import RankingModel
from features.score.ranking.waits import N_TIME_FEATURES
from training.evaluation.ranking import in_batches
from training.ranking.components import Settings, fit_components
from training.ranking.network import Lists

FEW_LEARNERS = 20_000
N_FOLDS = 5
N_BACK = 3
MOST_GIVING = 60_000
MOST_STRANGERS = 15_000


@dataclass(frozen=True, kw_only=True)
class Fold:
    """Sequences to fit components on, and whole sequences of those who give lists.

    `n_back` last modules of each of the latter give a list; `judged`, bool, are those of them who
    choose.
    """

    train: Sequences
    blend: Sequences
    n_back: int
    judged: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Lists of all folds, and the learner of each list, counted within their fold."""

    lists: Lists
    learner: NDArray[np.int64]

    def without_time(self) -> "Gathered":
        """Return the lists without the time features, which are the last."""
        features = self.lists.features[:, :, :-N_TIME_FEATURES]
        return replace(self, lists=replace(self.lists, features=features))


def divide_known(sequences: Sequences, valid: NDArray[np.bool_], seed: int) -> list[Fold]:
    """Take everyone's last module away; validation learners and some more give it as a list."""
    others = np.random.default_rng(seed).permutation(np.flatnonzero(~valid))
    giving = valid.copy()
    giving[others[: max(MOST_GIVING - int(valid.sum()), 0)]] = True
    train, _ = hold_out_last(sequences)
    return [
        Fold(train=train, blend=sequences.take(giving), n_back=1, judged=valid[giving]),
    ]


def divide_strangers(sequences: Sequences, valid: NDArray[np.bool_], seed: int) -> list[Fold]:
    """Leave the validation learners out, and then others, who only give lists.

    With few learners these are all others, a fold at a time; with many, one fold of up to
    `MOST_STRANGERS`, and at most a fifth, so that its components are nearly those of all learners.
    """
    parts = [np.flatnonzero(valid)]
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~valid))
    if len(sequences) < FEW_LEARNERS:
        parts += [part for part in np.array_split(rest, N_FOLDS - 1) if len(part)]
    else:
        parts.append(rest[: min(MOST_STRANGERS, len(sequences) // 5)])
    folds = []
    for part in parts:
        inside = np.zeros(len(sequences), dtype=bool)
        inside[part] = True
        folds.append(
            Fold(
                train=sequences.take(~inside),
                blend=sequences.take(inside),
                n_back=N_BACK,
                judged=np.ones(len(part), dtype=bool),
            )
        )
    return folds


def gather_lists(folds: list[Fold], probe: RankingModel, settings: Settings) -> Gathered:
    """Return the lists that every fold's components give; `probe` are those of the first."""
    hits, learners = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    most = sum(fold.n_back * len(fold.blend) for fold in folds)
    features, n_lists = np.zeros((0, 1, 1), dtype=np.float16), 0
    for place, fold in enumerate(folds):
        components = fit_components(fold.train, probe.n_modules, settings) if place else probe
        for described, hit, learner in _lists_of(components, fold):
            if not len(features):
                # Room for all at once: what is never written to takes no memory.
                features = np.empty((most, *described.shape[1:]), dtype=np.float16)
            features[n_lists : n_lists + len(hit)] = described
            n_lists += len(hit)
            hits.append(hit)
            learners.append(learner)
    lists = Lists(features=features[:n_lists], hit=np.concatenate(hits))
    return Gathered(lists=lists, learner=np.concatenate(learners))


def _lists_of(
    components: RankingModel, fold: Fold
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]]:
    """Yield features, hits and learners for each of the last `n_back` modules of the learners.

    Lists whose candidates miss the module that came are left out: no order of them is right.
    """
    history, owner = fold.blend, np.arange(len(fold.blend))
    for _ in range(fold.n_back):
        history, target = hold_out_last(history)
        asked = target >= 0
        history, owner, target = history.take(asked), owner[asked], target[asked]
        for first, part in in_batches(history, components.n_modules):
            span = slice(first, first + len(part))
            candidates = components.candidates(components.base_scores(part), part)
            found = candidates == target[span, None]
            listed = found.any(axis=1)
            described = components.describe(candidates, part)
            yield (
                described[listed],
                found[listed].argmax(axis=1),
                owner[span][listed],
            )
