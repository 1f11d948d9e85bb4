"""Fitting the blend, and choosing between it and the baselines on validation learners."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.encode.sequences import Sequences, hold_out_last
from features.score.ranking.model import RankingModel, Reading
from features.score.ranking.weights import keep_top
from training.evaluation.protocols import Question
from training.evaluation.ranking import ask, in_batches
from training.ranking.baselines import fit_baselines
from training.ranking.components import (
    HARMONIC,
    Grams,
    Settings,
    compute_grams,
    fit_components,
)
from training.ranking.linear import fit_ease
from training.ranking.network import Lists, fit_blend
from training.ranking.sequential import solve_ridge

BLEND = "blend"
FEW_LEARNERS = 20_000
N_FOLDS = 5
N_BACK = 3
N_HIDDEN = 64
N_NETWORKS = 2
FEWEST_LISTS = 50
N_PROBES = 4000
EASE_REGULARIZATIONS = (30.0, 50.0, 100.0, 200.0)
SEQUENTIAL_REGULARIZATIONS = (10.0, 30.0, 100.0)

Report = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class FittedRanking:
    """Every model fitted on all training learners, and the one chosen on validation learners.

    `validation` holds NDCG@10 by model on the validation learners.
    """

    models: Mapping[str, RankingModel]
    chosen: str
    validation: Mapping[str, float]
    settings: Settings


def fit_ranking(
    sequences: Sequences,
    n_modules: int,
    valid: NDArray[np.bool_],
    *,
    knows_learners: bool,
    seed: int,
    report: Report = lambda _: None,
) -> FittedRanking:
    """Fit the blend and the baselines.

    Parameters
    ----------
    sequences
        What may be learned from.
    n_modules
        Size of the catalogue.
    valid
        bool, (n_learners,): who chooses the regularizations and the model.
    knows_learners
        Whether the learners to be asked about later are among those trained on (`leave-last`,
        `time`) or strangers (`splits`); validation then does likewise.
    seed
        Of all random choices.
    report
        Called with a few words before each long step.

    Notes
    -----
    The blend learns from lists whose components have not seen their targets: components are fitted
    without the validation learners (or without their last modules), and everything is fitted again
    on all learners at the end. With few learners, five folds give lists from all of them.
    """
    with threadpool_limits(1):
        folds = _folds(sequences, valid, knows_learners=knows_learners, seed=seed)
        report("choosing regularizations")
        grams = compute_grams(folds[0].train, n_modules)
        question = _question(folds[0].blend)
        settings = _choose_settings(grams, folds[0], question, n_modules)
        report("components for the blend")
        gathered = [
            _gather(fold, n_modules, settings, grams if place == 0 else None)
            for place, fold in enumerate(folds)
        ]
        report("the blend, judged on validation learners")
        validation = _judge_blend(gathered, question, seed)
        for name, model in fit_baselines(folds[0].train, n_modules, seed):
            report(f"{name}, judged on validation learners")
            validation[name] = _ndcg(model, question)
        del grams
        chosen = max(validation, key=lambda name: validation[name])
        models: dict[str, RankingModel] = {}
        if BLEND in validation:
            report("the blend on all learners")
            models[BLEND] = replace(
                fit_components(sequences, n_modules, settings),
                blend=fit_blend(
                    _join([g.lists for g in gathered]),
                    n_hidden=N_HIDDEN,
                    n_networks=N_NETWORKS,
                    seed=seed,
                ),
            )
        del gathered
        for name, model in fit_baselines(sequences, n_modules, seed):
            report(f"{name} on all learners")
            models[name] = model
    return FittedRanking(models=models, chosen=chosen, validation=validation, settings=settings)


@dataclass(frozen=True, kw_only=True)
class _Fold:
    """Sequences to fit components on, and whole sequences of those who give lists."""

    train: Sequences
    blend: Sequences


@dataclass(frozen=True, kw_only=True)
class _Gathered:
    """Components of a fold, the lists they gave, and the learner of each list."""

    components: RankingModel
    lists: Lists
    learner: NDArray[np.int64]


def _folds(
    sequences: Sequences, valid: NDArray[np.bool_], *, knows_learners: bool, seed: int
) -> list[_Fold]:
    """Return the validation learners as the first fold; with few learners, four more."""
    parts = [np.flatnonzero(valid)]
    if len(sequences) < FEW_LEARNERS:
        rest = np.random.default_rng(seed).permutation(np.flatnonzero(~valid))
        parts += [part for part in np.array_split(rest, N_FOLDS - 1) if len(part)]
    folds = []
    for part in parts:
        inside = np.zeros(len(sequences), dtype=bool)
        inside[part] = True
        train = sequences.take(~inside)
        if knows_learners:
            train = _without_last(sequences, inside)
        folds.append(_Fold(train=train, blend=sequences.take(inside)))
    return folds


def _without_last(sequences: Sequences, cut: NDArray[np.bool_]) -> Sequences:
    """Take the last `N_BACK` modules of the marked learners away, the first one always stays."""
    from_end = np.repeat(sequences.indptr[1:], sequences.lengths) - np.arange(len(sequences.module))
    is_first = np.zeros(len(sequences.module), dtype=bool)
    is_first[sequences.indptr[:-1][sequences.lengths > 0]] = True
    return sequences.keep(~cut[sequences.learner] | (from_end > N_BACK) | is_first)


def _question(blend: Sequences) -> Question:
    history, target = hold_out_last(blend)
    asked = target >= 0
    return Question(
        learner=np.flatnonzero(asked), history=history.take(asked), target=target[asked]
    )


def _ndcg(model: RankingModel, question: Question) -> float:
    return float(ask(model, question).ndcg_at_10.mean()) if len(question.target) else 0.0


def _choose_settings(grams: Grams, fold: _Fold, question: Question, n_modules: int) -> Settings:
    """Take the regularizations that rank best alone, on up to `N_PROBES` validation learners."""
    probe = np.arange(len(question.target)) < N_PROBES
    asked = Question(
        learner=question.learner[probe],
        history=question.history.take(probe),
        target=question.target[probe],
    )
    popularity = np.bincount(fold.train.module, minlength=n_modules).astype(np.float64)
    settings = Settings()

    def judge(weights: NDArray[np.float32]) -> float:
        model = RankingModel(
            popularity=popularity,
            matrices={"probe": keep_top(weights, settings.n_kept)},
            readings=(Reading(matrix="probe", recency=HARMONIC, base=1.0),),
        )
        return _ndcg(model, asked)

    ease = {value: judge(fit_ease(grams.together, value)) for value in EASE_REGULARIZATIONS}
    sequential = {
        value: judge(solve_ridge(grams.sequential, value)) for value in SEQUENTIAL_REGULARIZATIONS
    }
    return replace(
        settings,
        ease_regularization=max(ease, key=lambda value: ease[value]),
        sequential_regularization=max(sequential, key=lambda value: sequential[value]),
    )


def _gather(fold: _Fold, n_modules: int, settings: Settings, grams: Grams | None) -> _Gathered:
    """Fit a fold's components and describe the last `N_BACK` modules of its blend learners."""
    components = fit_components(fold.train, n_modules, settings, grams)
    features, hits, learners = [], [], []
    history, owner = fold.blend, np.arange(len(fold.blend))
    for _ in range(N_BACK):
        history, target = hold_out_last(history)
        asked = target >= 0
        history, owner = history.take(asked), owner[asked]
        for first, part in in_batches(history, n_modules):
            wanted = target[asked][first : first + len(part)]
            described, candidates = _describe(components, part)
            found = candidates == wanted[:, None]
            listed = found.any(axis=1)
            features.append(described[listed])
            hits.append(found[listed].argmax(axis=1))
            learners.append(owner[first : first + len(part)][listed])
    if not features:
        return _Gathered(
            components=components,
            lists=Lists(features=np.zeros((0, 1, 1), np.float32), hit=np.zeros(0, np.int64)),
            learner=np.zeros(0, np.int64),
        )
    return _Gathered(
        components=components,
        lists=Lists(features=np.concatenate(features), hit=np.concatenate(hits)),
        learner=np.concatenate(learners),
    )


def _describe(
    components: RankingModel, histories: Sequences
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    parts = components.components(histories)
    candidates = components.candidates(components.base_scores(parts, histories), histories)
    return components.describe(parts, candidates, histories), candidates


def _judge_blend(gathered: list[_Gathered], question: Question, seed: int) -> dict[str, float]:
    """Return the blend's NDCG@10 on validation learners, none of whom gave a list to its network.

    Learners are halved; each half is judged by a network that learned from the other.
    """
    if sum(len(g.lists.hit) for g in gathered) < FEWEST_LISTS or not len(question.target):
        return {}
    gains = np.zeros(len(question.target))
    for half in (0, 1):
        others = [
            Lists(
                features=g.lists.features[g.learner % 2 != half],
                hit=g.lists.hit[g.learner % 2 != half],
            )
            for g in gathered
        ]
        judged = question.learner % 2 == half
        if not judged.any() or not sum(len(lists.hit) for lists in others):
            return {}
        blend = fit_blend(_join(others), n_hidden=N_HIDDEN, n_networks=1, seed=seed)
        part = Question(
            learner=question.learner[judged],
            history=question.history.take(judged),
            target=question.target[judged],
        )
        gains[judged] = ask(replace(gathered[0].components, blend=blend), part).ndcg_at_10
    return {BLEND: float(gains.mean())}


def _join(parts: list[Lists]) -> Lists:
    filled = [part for part in parts if len(part.hit)]
    return Lists(
        features=np.concatenate([part.features for part in filled]),
        hit=np.concatenate([part.hit for part in filled]),
    )
