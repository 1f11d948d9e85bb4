"""Fit the level model: the slope of success, what is usual, what completions gain, what fades.

Learners choose modules that suit them, so hard modules are met by able learners and success falls
less with difficulty than it would for one learner. The slope is therefore taken from pairs of
first tries of one learner in one skill, one of them a success: who the learner is cancels.

References
----------
Andersen, E. B. (1970). Asymptotic properties of conditional maximum-likelihood estimators.
Dawid, A. P. (1984). The prequential approach (the choice of the half-life).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.encode.ability import LOGIT_OF_MASTERY, attenuation, sigmoid
from features.encode.attempts import AttemptTable, EvidenceLog, tabulate
from features.encode.level_scale import MIDDLE, LevelScale
from features.encode.levels import (
    Signs,
    gains_at,
    hardness,
    read_bases,
    read_signs,
    rise,
    tag_shares,
)
from features.encode.log import InteractionLog
from features.encode.signals import DAY_SECONDS
from features.encode.skills import ModuleSkillIndex
from features.score.level_model import LevelModel
from features.score.prior import skill_shares
from training.success.gain import GainFit, fit_gain
from training.success.reliability import ReliabilityFit, fit_reliability, read_again
from training.success.responses import draw_learners
from training.success.scale import OUTER_QUANTILES, Scale, between_quantiles
from training.success.spread import HALF_LIVES_DAYS, most_credible
from training.success.usual import Roles, fit_usual, no_roles

MAX_ROWS = 300_000
USUAL_SLOPE, SLOPE_DOUBT = 6.0, 2.0  # logits a level; assumed before any pair is seen
FIRST_VARIANCE = 0.2  # logits²
FIRST_GAIN, FIRST_HALF_LIFE_DAYS = 0.05, 180.0  # where the fit starts
KEPT_SHARE = 0.35  # of a gain never fades: forgetting curves level off (Wixted & Ebbesen 1991)
GAIN_FACTORS = (1.0, 1.5, 2.0, 2.5, 3.0)
N_NEWTON_STEPS = 8


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
    slope, slope_standard_error
        Logits a level, and how well pairs tell; the error is NaN where pairs do not.
    half_life_days
        Of gains; inf where no forgetting shows or instants are only an order.
    log_loss_by_half_life_days
        Of each learner's last attempt in each skill, predicted from what was before; inf stands
        for no forgetting. Empty where instants are only an order.
    reliability
        What direct judgements are worth, on the final scale; None where there are none.
    """

    model: LevelModel
    gain: GainFit
    scale: Scale
    slope: float
    slope_standard_error: float
    half_life_days: float
    log_loss_by_half_life_days: dict[float, float]
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
    data = _drawn(data, rng)
    index, n_skills = data.index, len(data.index.skill_ids)
    roles = data.roles or no_roles(data.log.n_learners, n_skills)
    table = tabulate(data.log, index, data.evidence)
    offset = skill_shares(index) @ scale.skill_offset
    level = scale.level_of_zero + (difficulty + offset) / scale.logits_per_level
    slope, error = scale.logits_per_level, float("nan")
    if scale.is_authored:
        slope, error = slope_within(table, index.difficulty)
        level = np.where(np.isnan(index.difficulty), np.clip(level, 0.0, 1.0), index.difficulty)
    start = LevelScale(
        difficulty=level,
        gain=np.full(len(level), FIRST_GAIN),
        is_asked=~np.isnan(roles.target),
        usual=np.zeros((0, 0)),
        usual_variance=np.zeros((0, 0)),
        logits_per_level=slope,
        lead_variance=FIRST_VARIANCE,
        role_lead_variance=FIRST_VARIANCE,
        skill_variance=np.full(2, FIRST_VARIANCE),
        half_life_seconds=FIRST_HALF_LIFE_DAYS * DAY_SECONDS,
        kept_share=KEPT_SHARE,
    )
    fitted = fit_usual(table, start, roles)
    spread = fitted.lead_variance + fitted.role_lead_variance + fitted.skill_variance.mean()
    gain = fit_gain(
        data.log, index, _usual_ease(fitted, index), roles.of_learner.held, float(spread), rng
    )
    fitted = fit_usual(table, replace(fitted, gain=np.maximum(gain.gain, 0.0) / slope), roles)
    trials = _trials(table, fitted, roles)
    losses = {days: loss for days, (loss, _) in trials.items()}
    half_life = _half_life(losses)
    if trials:
        fitted = fit_usual(table, trials[half_life][1], roles)
    if not scale.is_authored:
        fitted, scale = _re_anchored(fitted, scale, table, roles)
    fitted, reliability = _with_judges(table, data, fitted, roles)
    return LevelFit(
        model=_model(fitted, roles, gain),
        gain=gain,
        scale=scale,
        slope=slope,
        slope_standard_error=error,
        half_life_days=half_life,
        log_loss_by_half_life_days={days: float(loss.mean()) for days, loss in losses.items()},
        reliability=reliability,
    )


def slope_within(table: AttemptTable, difficulty: NDArray[np.float64]) -> tuple[float, float]:
    """Return logits of success per level of difficulty, and the standard error.

    Parameters
    ----------
    difficulty
        float64, (n_modules,), levels as authored, NaN where unknown.
    """
    tags = np.flatnonzero(_first_attempts(table)[table.tag_row])
    row = table.tag_row[tags]
    group = table.learner[row] * (table.n_skills + 1) + table.skill[tags]
    order = np.argsort(group, kind="stable")
    first, second = order[:-1], order[1:]
    success, module = table.success[row], table.module[row]
    harder = difficulty[module[second]] - difficulty[module[first]]
    used = (group[first] == group[second]) & (success[first] != success[second])
    used &= ~np.isnan(harder)
    design = np.column_stack([harder[used], np.ones(int(used.sum()))])
    share = tag_shares(table)[tags][first[used]]
    won = success[first[used]].astype(np.float64)
    prior, precision = np.array([USUAL_SLOPE, 0.0]), np.diag([SLOPE_DOUBT**-2, 1.0])
    solution, curvature = prior, precision
    for _ in range(N_NEWTON_STEPS):
        p = sigmoid(design @ solution)
        curvature = design.T @ (design * (share * p * (1.0 - p))[:, None]) + precision
        gradient = design.T @ (share * (won - p)) - precision @ (solution - prior)
        solution = solution + np.linalg.solve(curvature, gradient)
    return max(float(solution[0]), 1.0), float(np.sqrt(np.linalg.inv(curvature)[0, 0]))


def _drawn(data: LevelHistories, rng: np.random.Generator) -> LevelHistories:
    chosen = draw_learners(data.log, MAX_ROWS, rng)
    return LevelHistories(
        log=data.log.take_learners(chosen),
        index=data.index,
        evidence=None if data.evidence is None else data.evidence.take_learners(chosen),
        roles=None if data.roles is None else data.roles.take_learners(chosen),
    )


def _first_attempts(table: AttemptTable) -> NDArray[np.bool_]:
    """Tell which rows try a module for the first time: who tries again depends on the result."""
    attempt = np.flatnonzero(table.is_attempt)
    key = table.learner[attempt] * (table.module.max(initial=0) + 1) + table.module[attempt]
    first = np.zeros(len(table), dtype=bool)
    first[attempt[np.unique(key, return_index=True)[1]]] = True
    return first


def _usual_ease(scale: LevelScale, index: ModuleSkillIndex) -> NDArray[np.float64]:
    """Return the log odds of success of usual learners of every role, (n_roles + 1, n_modules)."""
    hard = scale.logits(scale.difficulty) - LOGIT_OF_MASTERY
    return np.asarray(
        scale.logits(scale.usual[: len(scale.is_asked)]) @ skill_shares(index).T - hard
    )


def _trials(
    table: AttemptTable, scale: LevelScale, roles: Roles
) -> dict[float, tuple[NDArray[np.float64], LevelScale]]:
    """Return, for every half-life in days, losses of held-out last attempts and the scale then.

    What is estimated is what is left of gains by the time of later attempts; the faster gains
    fade, the larger they were at first, so each half-life has its own factor on them.
    """
    if not table.is_timed:
        return {}
    held = _last_first_attempts(table)
    if len(held) == 0:
        return {}
    trials = {}
    for days in HALF_LIVES_DAYS:
        scales = [
            replace(
                scale,
                half_life_seconds=days * DAY_SECONDS,
                gain=factor * scale.gain,
            )
            for factor in GAIN_FACTORS
        ]
        losses = [_losses(table, one, roles, held) for one in scales]
        best = int(np.argmin([loss.mean() for loss in losses]))
        trials[days] = losses[best], scales[best]
    return trials


def _half_life(losses: dict[float, NDArray[np.float64]]) -> float:
    """Return the half-life that predicts best; where that is none, the slowest that is no worse."""
    best = min(losses, key=lambda days: losses[days].mean(), default=np.inf)
    return best if np.isfinite(best) else most_credible(losses)


def _last_first_attempts(table: AttemptTable) -> NDArray[np.int64]:
    """Return the tag of the last module that each learner tried in each skill, at its first try.

    Who fails tries again until success: the very last attempts are successes by selection.
    """
    row = table.tag_row
    tags = np.flatnonzero(_first_attempts(table)[row] & (table.by_skill.before >= 0))
    key = table.learner[row[tags]] * (table.n_skills + 1) + table.skill[tags]
    from_end = np.unique(key[::-1], return_index=True)[1]
    return np.asarray(tags[len(tags) - 1 - from_end])


def _losses(
    table: AttemptTable, scale: LevelScale, roles: Roles, held: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the log loss at the tags `held`, when nothing from them on is known of their skill."""
    row = table.tag_row
    key = table.learner[row] * (table.n_skills + 1) + table.skill
    _, group = np.unique(key, return_inverse=True)
    until = np.full(int(group.max(initial=-1)) + 1, len(table))
    until[group[held]] = row[held]
    known = (row < until[group])[:, None]
    signs = read_signs(table, scale, roles.of_learner)
    signs = Signs(group=signs.group, scores=signs.scores * known)
    bases = read_bases(table, scale, roles.of_learner, signs)
    gained = rise(gains_at(table, scale, table.by_skill.before, table.at_seconds[row]))
    share = tag_shares(table)
    base = np.bincount(row, share * bases.mode[signs.group], len(table))
    doubt = np.bincount(row, share * bases.variance[signs.group], len(table))
    logits = (attenuation(doubt) * (base - hardness(table, scale, gained)))[row[held]]
    return np.asarray(np.logaddexp(0.0, logits) - table.success[row[held]] * logits)


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
            ]
        ),
        usual_gain=np.array([usual_gain]),
    )
