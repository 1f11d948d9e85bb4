"""Fitting the blend, and choosing between it and the baselines on validation learners."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.encode.sequences import Sequences, hold_out_last
from features.score.ranking.model import RankingModel, Reading
from features.score.ranking.weights import keep_top
from training.evaluation.protocols import Question
from training.evaluation.ranking import ask
from training.ranking.baselines import fit_baselines
from training.ranking.components import (
    HARMONIC,
    Grams,
    Settings,
    compute_grams,
    fit_components,
)
from training.ranking.linear import ease_weights
from training.ranking.lists import Fold, Gathered, divide_known, divide_strangers, gather_lists
from training.ranking.network import NetworkSettings, fit_blend
from training.ranking.sequential import sequential_weights
from training.ranking.unmet import lay_out, renumber

BLEND = "blend"
FEWEST_LISTS = 50
MOST_JUDGING_LISTS = 15_000
MOST_JUDGED = 10_000
MOST_INTERACTIONS = 1_050_000
MOST_LEARNERS_OF_ALS = 20_000
N_PROBES = 3000
EASE_REGULARIZATIONS = (3.0, 10.0, 40.0)
SEQUENTIAL_REGULARIZATIONS = (3.0, 10.0, 40.0)

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
    on all learners at the end. "All" are as many, drawn by the seed, as met `MOST_INTERACTIONS`
    modules between them: ten million interactions cost what one does.

    The baselines share nothing with the blend and are fitted beside it, on a second core where
    there is one; linear algebra keeps to one thread, so that how they are scheduled changes
    nothing. Modules that none of these learners met take no part until the result is laid out over
    the whole catalogue, where they score nothing.
    """
    histories = draw_learners(histories, MOST_INTERACTIONS, seed)
    met, n_modules = np.unique(histories.sequences.module), histories.n_modules
    histories = replace(histories, sequences=renumber(histories.sequences, met), n_modules=len(met))
    folds = folds_of(histories, seed)
    question = question_of(folds[0])
    with threadpool_limits(1), ThreadPoolExecutor(1) as beside:
        baselines = beside.submit(_fit_baselines, histories, folds[0], question, seed)
        settings, validation, blend = _fit_blend(histories, folds, question, settings, seed, report)
        report("the baselines")
        validation_of_baselines, models = baselines.result()
    validation |= validation_of_baselines
    return FittedRanking(
        models={name: lay_out(model, met, n_modules) for name, model in (blend | models).items()},
        chosen=max(validation, key=lambda name: validation[name]),
        validation=validation,
        settings=settings,
    )


def folds_of(histories: RankingHistories, seed: int) -> list[Fold]:
    """Divide learners or their modules as they will be asked; the first fold judges."""
    divide = divide_known if histories.knows_learners else divide_strangers
    return divide(histories.sequences, histories.valid, seed)


def draw_learners(histories: RankingHistories, most: int, seed: int) -> RankingHistories:
    """Return the histories of learners drawn until they have met `most` modules between them."""
    if len(histories.sequences.module) <= most:
        return histories
    order = np.random.default_rng(seed).permutation(len(histories.sequences))
    drawn = np.zeros(len(order), dtype=bool)
    drawn[order[np.cumsum(histories.sequences.lengths[order]) <= most]] = True
    return replace(
        histories, sequences=histories.sequences.take(drawn), valid=histories.valid[drawn]
    )


def _fit_baselines(
    histories: RankingHistories, fold: Fold, question: Question, seed: int
) -> tuple[dict[str, float], dict[str, RankingModel]]:
    """Return the baselines' NDCG@10 on validation learners, and the baselines on all learners.

    ALS costs most of all this. To be judged on validation learners, which only chooses what is
    kept, its modules get their factors from up to `MOST_LEARNERS_OF_ALS` learners; to be reported
    and compared with, from all.
    """
    validation = {
        name: _ndcg(model, question)
        for name, model in fit_baselines(
            fold.train, histories.n_modules, seed, most_learners_of_als=MOST_LEARNERS_OF_ALS
        )
    }
    return validation, dict(fit_baselines(histories.sequences, histories.n_modules, seed))


def _fit_blend(
    histories: RankingHistories,
    folds: list[Fold],
    question: Question,
    settings: Settings | None,
    seed: int,
    report: Report,
) -> tuple[Settings, dict[str, float], dict[str, RankingModel]]:
    """Return settings, the blend's NDCG@10 on validation learners, and the blend on all learners.

    Both are empty where there are too few lists to learn from. Where instants are true, the blend
    is shown elapsed time unless validation learners are served better without.
    """
    sequences, n_modules = histories.sequences, histories.n_modules
    grams = compute_grams(folds[0].train, n_modules)
    if settings is None:
        report("choosing regularizations")
        settings = choose_settings(grams, folds[0], question, n_modules)
    report("components for the blend")
    probe = fit_components(folds[0].train, n_modules, settings, grams)
    del grams
    gathered = gather_lists(folds, probe, settings)
    report("the blend, judged on validation learners")
    gains = blend_gains(probe, gathered, question, settings.network, seed)
    if gains is None:
        return settings, {}, {}
    if probe.waits is not None:
        report("the blend without elapsed time")
        untimed, fewer = replace(probe, waits=None), gathered.without_time()
        others = blend_gains(untimed, fewer, question, settings.network, seed)
        if others is not None and others.mean() > gains.mean():
            probe, gathered, gains = untimed, fewer, others
        del untimed, fewer
    report("the blend on all learners")
    network = fit_blend(gathered.lists, settings.network, seed=seed)
    knows_time = probe.waits is not None
    del gathered, probe
    components = fit_components(sequences, n_modules, settings)
    if not knows_time:
        components = replace(components, waits=None)
    return settings, {BLEND: float(gains.mean())}, {BLEND: replace(components, blend=network)}


def question_of(fold: Fold) -> Question:
    """Ask for the last module of up to `MOST_JUDGED` of those who choose."""
    history, target = hold_out_last(fold.blend)
    asked = (target >= 0) & fold.judged
    asked &= np.cumsum(asked) <= MOST_JUDGED
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

    def judge(weights: NDArray[np.float32] | sparse.csr_array) -> float:
        model = RankingModel(
            popularity=popularity,
            matrices={"probe": keep_top(weights, settings.n_kept)},
            readings=(Reading(matrix="probe", recency=HARMONIC, base=1.0),),
        )
        return _ndcg(model, asked)

    ease = ease_weights(grams.together, EASE_REGULARIZATIONS, settings.ease_dropout)
    sequential = sequential_weights(
        grams.sequential, SEQUENTIAL_REGULARIZATIONS, settings.sequential_dropout
    )
    ease_ndcg = dict(zip(EASE_REGULARIZATIONS, map(judge, ease), strict=True))
    sequential_ndcg = dict(zip(SEQUENTIAL_REGULARIZATIONS, map(judge, sequential), strict=True))
    return replace(
        settings,
        ease_regularization=max(EASE_REGULARIZATIONS, key=ease_ndcg.__getitem__),
        sequential_regularization=max(SEQUENTIAL_REGULARIZATIONS, key=sequential_ndcg.__getitem__),
    )


def blend_gains(
    components: RankingModel,
    gathered: Gathered,
    question: Question,
    network: NetworkSettings,
    seed: int,
) -> NDArray[np.float64] | None:
    """Return NDCG@10 of each validation learner, none of whom gave a list to the blend's network.

    Learners are halved; each half is judged by one network that learned from up to
    `MOST_JUDGING_LISTS` of the other. None where there are too few lists to learn from.
    """
    halves = [
        (question.learner % 2 == half, _first_of(gathered.learner % 2 != half)) for half in (0, 1)
    ]
    if len(gathered.learner) < FEWEST_LISTS or not all(
        judged.any() and others.any() for judged, others in halves
    ):
        return None
    one = replace(network, n_networks=1)

    def judge(judged: NDArray[np.bool_], others: NDArray[np.bool_]) -> NDArray[np.float64]:
        blend = fit_blend(gathered.lists, one, seed=seed, chosen=others)
        part = Question(
            learner=question.learner[judged],
            history=question.history.take(judged),
            target=question.target[judged],
        )
        return ask(replace(components, blend=blend), part).ndcg_at_10

    gains = np.zeros(len(question.target))
    # Neither half knows of the other, so that how they are scheduled changes nothing.
    with ThreadPoolExecutor(len(halves)) as pool:
        for (judged, _), of_half in zip(
            halves, pool.map(judge, *zip(*halves, strict=True)), strict=True
        ):
            gains[judged] = of_half
    return gains


def _first_of(others: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return others & (np.cumsum(others) <= MOST_JUDGING_LISTS)
