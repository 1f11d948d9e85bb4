"""Fitting the blend, and choosing between it and the baselines on validation learners."""

from collections.abc import Callable, Iterator, Mapping
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
from training.ranking.network import Lists, NetworkSettings, fit_blend
from training.ranking.sequential import solve_ridge

BLEND = "blend"
FEW_LEARNERS = 20_000
N_FOLDS = 5
N_BACK = 3
MOST_GIVING = 40_000
FEWEST_LISTS = 50
N_PROBES = 4000
EASE_REGULARIZATIONS = (30.0, 60.0, 120.0)
SEQUENTIAL_REGULARIZATIONS = (15.0, 40.0, 100.0)

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


@dataclass(frozen=True, kw_only=True)
class RankingHistories:
    """What a ranking is learned from.

    Attributes
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
    """

    sequences: Sequences
    n_modules: int
    valid: NDArray[np.bool_]
    knows_learners: bool


def fit_ranking(
    histories: RankingHistories,
    *,
    seed: int,
    settings: Settings | None = None,
    report: Report = lambda _: None,
) -> FittedRanking:
    """Fit the blend and the baselines.

    Parameters
    ----------
    histories
        What may be learned from, and how it will be asked.
    seed
        Of all random choices.
    settings
        Hyper-parameters; where absent, the regularizations are chosen on validation learners and
        the rest are the defaults.
    report
        Called with a few words before each long step.

    Notes
    -----
    The blend learns from lists whose components have not seen their targets: components are fitted
    without the validation learners, or without anyone's last module, and everything is fitted again
    on all learners at the end. With few strangers, five folds give lists from all of them.
    """
    sequences, n_modules = histories.sequences, histories.n_modules
    with threadpool_limits(1):
        folds = folds_of(histories, seed)
        grams = compute_grams(folds[0].train, n_modules)
        question = question_of(folds[0])
        if settings is None:
            report("choosing regularizations")
            settings = choose_settings(grams, folds[0], question, n_modules)
        report("components for the blend")
        probe = fit_components(folds[0].train, n_modules, settings, grams)
        gathered = gather_lists(folds, probe, settings)
        report("the blend, judged on validation learners")
        gains = blend_gains(probe, gathered, question, settings.network, seed)
        validation = {} if gains is None else {BLEND: float(gains.mean())}
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
                blend=fit_blend(gathered.lists, settings.network, seed=seed),
            )
        del gathered
        for name, model in fit_baselines(sequences, n_modules, seed):
            report(f"{name} on all learners")
            models[name] = model
    return FittedRanking(models=models, chosen=chosen, validation=validation, settings=settings)


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


def folds_of(histories: RankingHistories, seed: int) -> list[Fold]:
    """Divide learners or their modules as they will be asked; the first fold judges."""
    divide = _known if histories.knows_learners else _strangers
    return divide(histories.sequences, histories.valid, seed)


def _known(sequences: Sequences, valid: NDArray[np.bool_], seed: int) -> list[Fold]:
    """Take everyone's last module away; validation learners and some more give it as a list."""
    others = np.random.default_rng(seed).permutation(np.flatnonzero(~valid))
    giving = valid.copy()
    giving[others[: max(MOST_GIVING - int(valid.sum()), 0)]] = True
    train, _ = hold_out_last(sequences)
    return [
        Fold(train=train, blend=sequences.take(giving), n_back=1, judged=valid[giving]),
    ]


def _strangers(sequences: Sequences, valid: NDArray[np.bool_], seed: int) -> list[Fold]:
    """Leave the validation learners out; with few learners, the others too, a fold at a time."""
    parts = [np.flatnonzero(valid)]
    if len(sequences) < FEW_LEARNERS:
        rest = np.random.default_rng(seed).permutation(np.flatnonzero(~valid))
        parts += [part for part in np.array_split(rest, N_FOLDS - 1) if len(part)]
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


def question_of(fold: Fold) -> Question:
    """Return what is asked of the validation learners of a fold."""
    history, target = hold_out_last(fold.blend)
    asked = (target >= 0) & fold.judged
    return Question(
        learner=np.flatnonzero(asked), history=history.take(asked), target=target[asked]
    )


def _ndcg(model: RankingModel, question: Question) -> float:
    return float(ask(model, question).ndcg_at_10.mean()) if len(question.target) else 0.0


def choose_settings(grams: Grams, fold: Fold, question: Question, n_modules: int) -> Settings:
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


def gather_lists(folds: list[Fold], probe: RankingModel, settings: Settings) -> Gathered:
    """Return the lists that every fold's components give; `probe` are those of the first."""
    features: list[NDArray[np.float32]] = []
    hits: list[NDArray[np.int64]] = []
    learners: list[NDArray[np.int64]] = []
    for place, fold in enumerate(folds):
        components = fit_components(fold.train, probe.n_modules, settings) if place else probe
        for described, hit, learner in _lists_of(components, fold):
            features.append(described)
            hits.append(hit)
            learners.append(learner)
    none = np.zeros(0, dtype=np.int64)
    lists = Lists(features=_concatenate(features), hit=np.concatenate([none, *hits]))
    return Gathered(lists=lists, learner=np.concatenate([none, *learners]))


def _concatenate(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Join the parts, giving each one's memory back as it is copied."""
    if not parts:
        return np.zeros((0, 1, 1), dtype=np.float32)
    joined = np.empty((sum(len(part) for part in parts), *parts[0].shape[1:]), dtype=np.float32)
    first = 0
    for place, part in enumerate(parts):
        joined[first : first + len(part)] = part
        first += len(part)
        parts[place] = np.zeros((0, 1, 1), dtype=np.float32)
    return joined


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
            parts = components.components(part)
            candidates = components.candidates(components.base_scores(parts, part), part)
            found = candidates == target[span, None]
            listed = found.any(axis=1)
            described = components.describe(parts, candidates, part)
            yield described[listed], found[listed].argmax(axis=1), owner[span][listed]


def blend_gains(
    components: RankingModel,
    gathered: Gathered,
    question: Question,
    network: NetworkSettings,
    seed: int,
) -> NDArray[np.float64] | None:
    """Return NDCG@10 of each validation learner, none of whom gave a list to the blend's network.

    Learners are halved; each half is judged by a network that learned from the other. None where
    there are too few lists to learn from.
    """
    if len(gathered.learner) < FEWEST_LISTS:
        return None
    gains = np.zeros(len(question.target))
    for half in (0, 1):
        judged, others = question.learner % 2 == half, gathered.learner % 2 != half
        if not judged.any() or not others.any():
            return None
        one = replace(network, n_networks=1)
        blend = fit_blend(gathered.lists, one, seed=seed, chosen=others)
        part = Question(
            learner=question.learner[judged],
            history=question.history.take(judged),
            target=question.target[judged],
        )
        gains[judged] = ask(replace(components, blend=blend), part).ndcg_at_10
    return gains
