"""The truth about each module that no catalogue states: difficulty, gain and attraction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.encode.ids import IdMap
from training.academy.catalogue import SECONDARY_WEIGHT, is_compulsory
from training.academy.model import Floats
from training.academy.texts import QUESTION_FORMAT, ModuleText

N_TOPICS = 6

_LEVELS = (0.13, 0.28, 0.44, 0.60, 0.76)
_LEVEL_JITTER = 0.05
_GAIN_BY_FORMAT = {
    "course": 0.17,
    "workshop": 0.16,
    "simulation": 0.14,
    "video": 0.09,
    "article": 0.08,
    "podcast": 0.05,
    "quiz": 0.03,
    QUESTION_FORMAT: 0.0,
}
_GAIN_SPREAD = 0.3
_SECONDARY_GAIN = 0.3
_SHARE_USELESS = 0.12
_APPEAL_SPREAD = 0.7


@dataclass(frozen=True, kw_only=True)
class ModuleTruth:
    """What is true of the modules, in order of the catalogue.

    Attributes
    ----------
    difficulty
        float64, (n_modules,), levels in [0,1].
    gain
        float64, (n_modules, n_skills): rise of the level of a learner whom the module fits.
    modules_by_skills
        float64, (n_modules, n_skills), rows sum to 1: what success depends on.
    appeal
        float64, (n_modules,): liking common to all, mean about 0.
    topics
        float64, (n_modules, `N_TOPICS`): what different people like about it.
    """

    difficulty: Floats
    gain: Floats
    modules_by_skills: Floats
    appeal: Floats
    topics: Floats


def draw_module_truth(
    modules: Sequence[ModuleText], skill_ids: IdMap, rng: np.random.Generator
) -> ModuleTruth:
    """Draw the truth of every module; a translation shares that of its original."""
    n_modules = len(modules)
    levels = np.array([_LEVELS[text.level - 1] for text in modules])
    difficulty = np.clip(levels + rng.normal(0.0, _LEVEL_JITTER, n_modules), 0.03, 0.97)
    gain, weights = _gains(modules, skill_ids, _draw_main_gains(modules, rng))
    origin = _origins(modules)
    return ModuleTruth(
        difficulty=difficulty[origin],
        gain=gain[origin],
        modules_by_skills=weights[origin],
        appeal=rng.normal(0.0, _APPEAL_SPREAD, n_modules)[origin],
        topics=rng.normal(0.0, 1.0, (n_modules, N_TOPICS))[origin],
    )


def _draw_main_gains(modules: Sequence[ModuleText], rng: np.random.Generator) -> Floats:
    """Return what each module adds to its main skill: some, however liked, add nothing."""
    usual = np.array([_GAIN_BY_FORMAT[text.format] for text in modules])
    compulsory = np.array([is_compulsory(text) for text in modules])
    useful = compulsory | (rng.random(len(modules)) >= _SHARE_USELESS)
    gains: Floats = usual * useful * rng.lognormal(0.0, _GAIN_SPREAD, len(modules))
    return gains


def _gains(
    modules: Sequence[ModuleText], skill_ids: IdMap, main_gains: Floats
) -> tuple[Floats, Floats]:
    """Spread gains and weights over main and second skill, both (n_modules, n_skills)."""
    gain = np.zeros((len(modules), len(skill_ids)))
    weights = np.zeros_like(gain)
    for row, text in enumerate(modules):
        main = skill_ids.index_of[text.skill_id]
        gain[row, main], weights[row, main] = main_gains[row], 1.0
        if text.also is not None:
            second = skill_ids.index_of[text.also]
            gain[row, second] = main_gains[row] * _SECONDARY_GAIN
            weights[row, second] = SECONDARY_WEIGHT
    return gain, weights / weights.sum(axis=1, keepdims=True)


def _origins(modules: Sequence[ModuleText]) -> list[int]:
    """Return for each module the row whose truth it has: its original's, or its own."""
    position = {text.module_id: row for row, text in enumerate(modules)}
    return [
        row if text.format == QUESTION_FORMAT else position[text.origin_id]
        for row, text in enumerate(modules)
    ]
