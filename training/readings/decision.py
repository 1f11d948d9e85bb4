"""One line: ship, stop, keep running, or invalid, and why.

Arms are judged by always-valid intervals alone, so that the line may be read every day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from training.experiments.margins import Guardrail
from training.experiments.results import ALPHA
from training.readings.document import (
    ArmEffect,
    Checks,
    Decision,
    Direction,
    Funnel,
    MetricResult,
    Verdict,
)
from training.readings.words import chance, effect_in_words, number

GOAL = "goal"


class _Fate(StrEnum):
    """What becomes of an arm."""

    SHIP = "ship"
    DROP = "drop"
    WAIT = "wait"


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An arm, what becomes of it, and why; `p_adjusted` ranks those to ship."""

    variant_id: str
    fate: _Fate
    why: str
    p_adjusted: float = 1.0


def decide_experiment(
    checks: Checks, funnel: Funnel, metrics: Sequence[MetricResult], control: str, planned_n: int
) -> Decision:
    """Decide what to do with an experiment.

    Parameters
    ----------
    checks
        A mismatch or an imbalance makes it invalid.
    funnel
        Who got how far.
    metrics
        All of them, with adjusted p-values of the goals.
    control
        The control's name.
    planned_n
        Units planned; once so many count and no goal has moved, none is going to.
    """
    invalid = _invalid(checks)
    if invalid is not None:
        return Decision(verdict=Verdict.INVALID, variant_id=None, text=invalid)
    if not metrics or not any(metric.role == GOAL for metric in metrics):
        text = "Keep running: no goal metric was named, so nothing can be decided by numbers."
        return Decision(verdict=Verdict.KEEP_RUNNING, variant_id=None, text=text)
    names = [effect.variant_id for effect in metrics[0].effects]
    judged = [_judge(name, metrics, planned_n) for name in names]
    winners = [each for each in judged if each.fate is _Fate.SHIP]
    if winners:
        best = min(winners, key=lambda each: each.p_adjusted)
        text = f"Ship {best.variant_id}: {best.why}"
        return Decision(verdict=Verdict.SHIP, variant_id=best.variant_id, text=text)
    if all(each.fate is _Fate.DROP for each in judged):
        text = f"Stop and keep {control}: {_each(judged)}"
        return Decision(verdict=Verdict.STOP, variant_id=control, text=text)
    text = f"Keep running: {_each(judged)}{_progress(funnel)}"
    return Decision(verdict=Verdict.KEEP_RUNNING, variant_id=None, text=text)


def _invalid(checks: Checks) -> str | None:
    ratio = checks.sample_ratio
    if ratio.is_mismatch and ratio.p_value is not None:
        counts = ", ".join(
            f"{arm.variant_id} has {arm.n:,} where {arm.expected:,.0f} were due"
            for arm in ratio.arms
        )
        return (
            f"Do not use these results: {counts}. Chance alone hardly ever does that "
            f"({chance(ratio.p_value)}), so something in assigning or recording favours an arm. "
            "Find it, then start anew."
        )
    alarming = [each for each in checks.balance if each.is_alarming]
    if alarming:
        worst = min(alarming, key=lambda each: each.p_value)
        return (
            f"Do not use these results: before anything was changed, {worst.variant_id} differed "
            f"from the control in {worst.metric_id} by {abs(worst.standardised):.2f} standard "
            f"deviations ({chance(worst.p_value)}). The arms were not alike to begin with."
        )
    return None


def _judge(name: str, metrics: Sequence[MetricResult], planned_n: int) -> _Judged:
    """Judge one arm: harm first, then whether every guardrail holds and some goal moved."""
    own = [(metric, _of_arm(metric, name)) for metric in metrics]
    goals = [(metric, effect) for metric, effect in own if metric.role == GOAL]
    rails = [(metric, effect) for metric, effect in own if metric.role != GOAL]
    harmed = [pair for pair in rails if pair[1].guardrail == Guardrail.BROKEN]
    harmed += [pair for pair in goals if pair[1].direction is Direction.WORSE]
    if harmed:
        return _Judged(
            variant_id=name,
            fate=_Fate.DROP,
            why=f"{name} does harm, {effect_in_words(*harmed[0])}.",
        )
    moved = [pair for pair in goals if pair[1].direction is Direction.BETTER]
    open_rails = [pair for pair in rails if pair[1].guardrail != Guardrail.HELD]
    if moved and not open_rails:
        return _winner(name, moved, n_rails=len(rails))
    if moved:
        waiting = " and ".join(metric.title for metric, _ in open_rails)
        why = f"{name} moved {effect_in_words(*moved[0])}, but it is open whether {waiting} holds."
        return _Judged(variant_id=name, fate=_Fate.WAIT, why=why)
    told = [effect.n for _, effect in goals if effect.n is not None]
    if len(told) == len(goals) and min(told) >= planned_n:
        why = f"With {min(told):,} of {planned_n:,} planned, {name} moved no goal for certain."
        return _Judged(variant_id=name, fate=_Fate.DROP, why=why)
    return _Judged(variant_id=name, fate=_Fate.WAIT, why=_so_far(name, goals))


def _winner(name: str, moved: Sequence[tuple[MetricResult, ArmEffect]], n_rails: int) -> _Judged:
    words = "; ".join(effect_in_words(*pair) for pair in moved)
    rails = ("", " The guardrail held.")[n_rails] if n_rails < 2 else " Every guardrail held."
    p_adjusted = min(effect.p_adjusted or 0.0 for _, effect in moved)
    return _Judged(variant_id=name, fate=_Fate.SHIP, why=f"{words}.{rails}", p_adjusted=p_adjusted)


def _so_far(name: str, goals: Sequence[tuple[MetricResult, ArmEffect]]) -> str:
    metric, effect = next((pair for pair in goals if pair[1].value is not None), goals[0])
    if effect.value is None and not any(arm.n for arm in metric.arms):
        days = number(metric.mature_after_days)
        return f"Cannot tell yet of {name}, {metric.title} takes {days} days and nobody is there."
    if effect.value is None:
        return f"Cannot tell yet of {name}, {effect.reason}."
    return f"Of {name} no goal is certain yet, {effect_in_words(metric, effect)}."


def _progress(funnel: Funnel) -> str:
    n_exposed = sum(arm.n_exposed for arm in funnel.arms)
    n_mature = sum(arm.n_mature for arm in funnel.arms)
    if n_exposed == 0:
        return " Nobody has met the experiment yet."
    return (
        f" The time of {number(n_mature)} of {number(n_exposed)} learners is up for every metric."
    )


def _each(judged: Sequence[_Judged]) -> str:
    return " ".join(each.why for each in judged)


def _of_arm(metric: MetricResult, name: str) -> ArmEffect:
    return next(effect for effect in metric.effects if effect.variant_id == name)


def is_certain(p_adjusted: float | None) -> bool:
    """Tell whether a goal moved for certain."""
    return p_adjusted is not None and p_adjusted < ALPHA
