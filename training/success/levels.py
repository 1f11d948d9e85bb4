"""Fit the level model: what is usual, what completions gain, and the numbers beside them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.domain.instants import SECONDS_PER_DAY
from features.encode.ability import LOGIT_OF_MASTERY
from features.encode.attempts import AttemptTable, EvidenceLog, tabulate
from features.encode.level_scale import MIDDLE, LevelScale
from features.encode.levels import (
    read_bases,
    read_signs,
)
from features.encode.log import InteractionLog
from features.encode.skills import ModuleSkillIndex
from features.score.level_model import LevelModel
from features.score.prior import skill_shares
from features.score.untrained import STEEPNESS
from training.success.gain import GainFit, fit_gain
from training.success.level_numbers import ASSUMED, HALF_LIFE, LEARNED_AT, SLOPE, choose_numbers
from training.success.reliability import ReliabilityFit, fit_reliability, read_again
from training.success.responses import draw_learners
from training.success.scale import OUTER_QUANTILES, Scale, between_quantiles
from training.success.usual import Roles, fit_usual, no_roles

MAX_ROWS, SEARCH_ROWS = 300_000, 60_000
FIRST_GAIN = 0.05  # levels; where the fit starts
KEPT_SHARE = 0.35  # of a gain never fades: forgetting curves level off (Wixted & Ebbesen 1991)


@dataclass(frozen=True, kw_only=True)
class LevelHistories:
    """What levels are fitted to: a log of training learners, their judgements and roles."""

    log: InteractionLog
    index: ModuleSkillIndex
    evidence: EvidenceLog | None = None
    roles: Roles | None = None


@dataclass(frozen=True, kw_only=True)
class LevelFit:
    """The outcome.

    Attributes
    ----------
    model
        What goes into a snapshot.
    gain
        Of every module, in logits; `gain.gain / logits_per_level` in levels.
    scale
        The one scale; re-anchored where quantiles anchor it.
    slope
        Logits a level.
    half_life_days
        Of gains; inf where instants are only an order.
    learned_at, failed_share
        p_success where modules teach most; what a failed attempt teaches of what a passed one does.
    reliability
        What direct judgements are worth, on the final scale; None where there are none.
    """

    model: LevelModel
    gain: GainFit
    scale: Scale
    slope: float
    half_life_days: float
    learned_at: float
    failed_share: float
    reliability: ReliabilityFit | None


def fit_levels(
    data: LevelHistories,
    difficulty: NDArray[np.float64],
    scale: Scale,
    rng: np.random.Generator,
) -> LevelFit:
    """Fit the level model.

    Parameters
    ----------
    data
        At least one judged attempt.
    difficulty
        float64, (n_modules,), logits, from `fit_difficulty`.
    scale
        From `fit_scale`.
    rng
        Draws learners where there are too many.
    """
    data = _drawn(data, MAX_ROWS, rng)
    index, n_skills = data.index, len(data.index.skill_ids)
    roles = data.roles or no_roles(data.log.n_learners, n_skills)
    table = tabulate(data.log, index, data.evidence)
    offset = skill_shares(index) @ scale.skill_offset
    level = scale.level_of_zero + (difficulty + offset) / scale.logits_per_level
    if scale.is_authored:
        level = np.where(np.isnan(index.difficulty), np.clip(level, 0.0, 1.0), index.difficulty)
    start = _assumed(level, scale, roles)
    fitted = fit_usual(table, start, roles)
    spread = fitted.lead_variance + fitted.role_lead_variance + fitted.skill_variance.mean()
    gain = fit_gain(
        data.log, index, _usual_ease(fitted, index), roles.of_learner.held, float(spread), rng
    )
    fitted = fit_usual(
        table, replace(fitted, gain=np.maximum(gain.gain, 0.0) / start.logits_per_level), roles
    )
    few = _drawn(data, SEARCH_ROWS, rng)
    fitted = choose_numbers(
        tabulate(few.log, index, few.evidence),
        fitted,
        few.roles or no_roles(few.log.n_learners, n_skills),
        has_slope=scale.is_authored,
    )
    fitted = fit_usual(table, fitted, roles)
    if not scale.is_authored:
        fitted, scale = _re_anchored(fitted, scale, table, roles)
    fitted, reliability = _with_judges(table, data, fitted, roles)
    return LevelFit(
        model=_model(fitted, roles, gain),
        gain=gain,
        scale=scale,
        slope=fitted.logits_per_level,
        half_life_days=fitted.half_life_seconds / SECONDS_PER_DAY,
        learned_at=fitted.learned_at,
        failed_share=fitted.failed_share,
        reliability=reliability,
    )


def _assumed(level: NDArray[np.float64], scale: Scale, roles: Roles) -> LevelScale:
    """Return the scale before anything is fitted, given the difficulties of modules in levels."""
    assumed = {name: one.value for name, one in ASSUMED.items()}
    return LevelScale(
        difficulty=level,
        gain=np.full(len(level), FIRST_GAIN),
        is_asked=~np.isnan(roles.target),
        usual=np.zeros((0, 0)),
        usual_variance=np.zeros((0, 0)),
        logits_per_level=assumed[SLOPE] if scale.is_authored else scale.logits_per_level,
        lead_variance=assumed["lead_variance"],
        role_lead_variance=assumed["role_lead_variance"],
        skill_variance=np.full(2, assumed["skill_variance"]),
        half_life_seconds=assumed[HALF_LIFE] * SECONDS_PER_DAY,
        kept_share=KEPT_SHARE,
        learned_at=assumed[LEARNED_AT],
        steepness=STEEPNESS,  # histories tell where learners learn most, but hardly how narrowly
        failed_share=assumed["failed_share"],
    )


def _drawn(data: LevelHistories, n_rows: int, rng: np.random.Generator) -> LevelHistories:
    chosen = draw_learners(data.log, n_rows, rng)
    return LevelHistories(
        log=data.log.take_learners(chosen),
        index=data.index,
        evidence=None if data.evidence is None else data.evidence.take_learners(chosen),
        roles=None if data.roles is None else data.roles.take_learners(chosen),
    )


def _usual_ease(scale: LevelScale, index: ModuleSkillIndex) -> NDArray[np.float64]:
    """Return the log odds of success of usual learners of every role, (n_roles + 1, n_modules)."""
    hard = scale.logits(scale.difficulty) - LOGIT_OF_MASTERY
    return np.asarray(
        scale.logits(scale.usual[: len(scale.is_asked)]) @ skill_shares(index).T - hard
    )


def _with_judges(
    table: AttemptTable, data: LevelHistories, scale: LevelScale, roles: Roles
) -> tuple[LevelScale, ReliabilityFit | None]:
    """Compare judges with results, and say anew what is usual with judgements read as they are."""
    if data.evidence is None or len(data.evidence) == 0:
        return scale, None
    from_results = fit_usual(tabulate(data.log, data.index), scale, roles)
    found = fit_reliability(table, data.evidence, from_results, roles)
    return fit_usual(read_again(table, data.evidence, found.reliability), scale, roles), found


def _re_anchored(
    scale: LevelScale,
    anchored: Scale,
    table: AttemptTable,
    roles: Roles,
) -> tuple[LevelScale, Scale]:
    """Let levels of difficulty and of learners, whichever reach further, span .05 to .95."""
    signs = read_signs(table, scale, roles.of_learner)
    bases = read_bases(table, scale, roles.of_learner, signs)
    tried = np.unique(table.module[table.is_attempt])
    levels = MIDDLE + bases.mode / scale.logits_per_level
    quantiles = [np.quantile(of, OUTER_QUANTILES) for of in (scale.difficulty[tried], levels)]
    new = between_quantiles(np.array(quantiles) * scale.logits_per_level, len(scale.usual[0]))
    stretch = scale.logits_per_level / new.logits_per_level
    moved = new.level_of_zero
    levelled = replace(
        scale,
        difficulty=moved + stretch * scale.difficulty,
        gain=stretch * scale.gain,
        usual=moved + stretch * scale.usual,
        logits_per_level=new.logits_per_level,
    )
    zero = moved + stretch * anchored.level_of_zero
    return levelled, replace(new, level_of_zero=zero)


def _model(scale: LevelScale, roles: Roles, gain: GainFit) -> LevelModel:
    known = gain.n_completions > 0
    usual_gain = scale.gain[known].mean() if known.any() else scale.gain.mean()
    return LevelModel(
        role_ids=roles.ids,
        difficulty=np.clip(scale.difficulty, 0.0, 1.0),
        gain=scale.gain,
        is_asked=scale.is_asked,
        usual=scale.usual,
        usual_variance=scale.usual_variance,
        numbers=np.array(
            [
                scale.logits_per_level,
                scale.lead_variance,
                scale.role_lead_variance,
                *scale.skill_variance,
                scale.half_life_seconds,
                scale.kept_share,
                scale.learned_at,
                scale.steepness,
                scale.failed_share,
            ]
        ),
        usual_gain=np.array([usual_gain]),
    )
