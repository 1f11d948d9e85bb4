"""The pictures of one training, from what was fitted and judged."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import SECONDS_PER_DAY
from features.encode.words import index_words
from features.score.mastery import mastery
from features.score.scorer import PERSONAS
from training.evaluation.groups import count_earlier
from training.evaluation.plot_learning import HalfLives, plot_curves, plot_gain, plot_mastery
from training.evaluation.plot_popularity import plot_popularity
from training.evaluation.plot_slices import plot_slices
from training.evaluation.plots import plot_calibration, plot_ranking
from training.models import RANKING, SUCCESS, Judgement, Models, Task, evidence_log
from training.personas.plot import plot_personas
from training.success.fit import FittedSuccess

FEWEST_COMPLETIONS = 20
FEWEST_LEARNERS = 10
MOST_LEARNERS = 300


def draw_pictures(
    task: Task, models: Models, judgement: Judgement, document: dict[str, Any], folder: Path
) -> None:
    """Write the PNGs of what was judged into a folder that exists.

    Parameters
    ----------
    task, models, judgement
        Of one training.
    document
        Its report.
    folder
        Gets ranking, popularity, slices-ranking, calibration, learning, mastery, gain,
        slices-success and personas, as far as there is something to draw.
    """
    if document[PERSONAS]["personas"]:
        plot_personas(document[PERSONAS]["personas"], folder / "personas.png")
    if RANKING in document:
        ranking, chosen = document[RANKING], document["chosen"][RANKING]
        plot_ranking(ranking, chosen, folder / "ranking.png")
        target = task.holdout.question.target
        plot_popularity(ranking, judgement.ranked, chosen, target, folder / "popularity.png")
        _draw_slices(document, RANKING, folder)
    if SUCCESS in document:
        own = judgement.p_success(document["chosen"][SUCCESS])
        plot_calibration(
            {
                document["chosen"][SUCCESS]: own,
                "item_mean": judgement.p_success("item_mean"),
            },
            judgement.attempt_success,
            folder / "calibration.png",
        )
        _draw_slices(document, SUCCESS, folder)
    if models.success is not None:
        if SUCCESS in document:
            _draw_curves(task, models.success, judgement, folder)
        _draw_mastery(task, models, folder)
        _draw_gain(task, models.success, folder)


def _draw_slices(document: dict[str, Any], part: str, folder: Path) -> None:
    slices = document["slices"].get(part)
    if slices and slices["rows"]:
        measure, title, counted = {
            RANKING: ("ndcg_at_10", "NDCG@10", "n_learners"),
            SUCCESS: ("log_loss", "log loss", "n_rows"),
        }[part]
        plot_slices(slices, measure, title, counted, folder / f"slices-{part}.png")


def _draw_curves(task: Task, fitted: FittedSuccess, judgement: Judgement, folder: Path) -> None:
    own = judgement.p_success(fitted.chosen)
    log = task.data.log
    judged = log.success >= 0
    n_earlier = count_earlier(log.take(judged))[task.holdout.asked_attempts[judged]]
    spread = fitted.spread
    half_lives = HalfLives(
        log_loss_by_days=spread.log_loss_by_half_life_days,
        used_days=spread.half_life_seconds / SECONDS_PER_DAY,
    )
    plot_curves(n_earlier, own, judgement.attempt_success, half_lives, folder / "learning.png")


def _draw_mastery(task: Task, models: Models, folder: Path) -> None:
    by_skill = mastery_by_skill(task, models)
    if by_skill:
        plot_mastery(by_skill, folder / "mastery.png")


def mastery_by_skill(task: Task, models: Models) -> dict[str, NDArray[np.float64]]:
    """Return the mastery of learners nobody trained on, after their last event, by skill.

    Up to `MOST_LEARNERS` learners are drawn by the task's seed; of each, only skills with evidence
    count, and only skills with `FEWEST_LEARNERS` of them.
    """
    if models.success is None:
        return {}
    log = task.data.log
    bound = models.success.model.bind(models.index.skills, index_words(models.index.modules))
    evidence = evidence_log(task.data, models.index)
    asked = np.unique(log.learner[task.holdout.asked_attempts])
    drawn = np.random.default_rng(task.seed).permutation(asked)[:MOST_LEARNERS]
    chosen = np.isin(np.arange(log.n_learners), drawn)
    some, judged = log.take_learners(chosen), evidence.take_learners(chosen)
    last = some.at_seconds[some.starts[1:] - 1]
    np.maximum.at(last, judged.learner, judged.at_seconds)
    levels: dict[int, list[float]] = {}
    for standing in mastery(bound, bound.learner_states(some, last, judged)):
        for skill in np.flatnonzero(standing.n_evidence > 0):
            levels.setdefault(int(skill), []).append(float(standing.mastery[skill]))
    names = {skill.skill_id: skill.name or skill.skill_id for skill in task.data.catalogue.skills}
    ids = models.index.skills.skill_ids.ids
    return {
        names[ids[skill]]: np.array(found)
        for skill, found in sorted(levels.items())
        if len(found) >= FEWEST_LEARNERS
    }


def _draw_gain(task: Task, fitted: FittedSuccess, folder: Path) -> None:
    fit, per_level = fitted.gain, fitted.scale.logits_per_level
    told = np.flatnonzero(fit.n_completions >= FEWEST_COMPLETIONS)
    if len(told):
        modules = [task.data.catalogue.modules[module] for module in told]
        plot_gain(
            [module.title or module.module_id for module in modules],
            fit.gain[told] / per_level,
            fit.standard_error[told] / per_level,
            folder / "gain.png",
        )
