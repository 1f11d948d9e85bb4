"""The results document as Markdown, for people."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from training.readings.document import (
    ArmEffect,
    Checks,
    Funnel,
    MetricResult,
    Results,
    Verdict,
)
from training.readings.words import chance, number, signed

HEADLINES = {
    Verdict.SHIP: "Ship",
    Verdict.STOP: "Stop",
    Verdict.KEEP_RUNNING: "Keep running",
    Verdict.INVALID: "Invalid",
}
COLUMNS = (
    "arm",
    "n",
    "mean",
    "not in yet",
    "unknown",
    "effect",
    "always-valid 95 %",
    "fixed 95 %",
    "verdict",
)
CHANGES_BELOW = 0.05  # p-value of novelty
TOLD_BELOW = 0.995  # of narrowing


def write_markdown(results: Results) -> str:
    """Write the document: the decision first, then metrics, then what they rest on."""
    plan = f"{results.planned_n:,} {_units(results)} planned"
    read = f"{_since(results)}; read {_day(results.read_at)}. {plan}"
    lines = [
        f"# {results.experiment_id}: {HEADLINES[results.decision.verdict].lower()}",
        "",
        f"**{results.decision.text}**",
        "",
        f"Hypothesis: {' '.join(results.hypothesis.split())}",
        "",
        f"{read}; arms are compared with {results.control}.",
        "",
    ]
    for metric in results.metrics:
        lines += [*_metric(metric), ""]
    lines += ["## Who took part", "", *_funnel(results.funnel), ""]
    lines += ["## Can it be believed?", "", *_checks(results.checks)]
    return "\n".join(lines) + "\n"


def _since(results: Results) -> str:
    since = f"{results.state.capitalize()} since {_day(results.started_at)}"
    if results.stopped_at is None:
        return since
    return f"Ran from {_day(results.started_at)} to {_day(results.stopped_at)}"


def _units(results: Results) -> str:
    return "learners" if results.unit == "learner" else f"groups ({results.unit})"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _metric(metric: MetricResult) -> Iterator[str]:
    margin = "" if metric.margin is None else f", {number(metric.margin)} worse is borne"
    good = "more" if metric.higher_is_better else "less"
    yield f"## {metric.title} ({metric.metric_id}, {metric.role}{margin})"
    yield ""
    yield (
        f"In {metric.unit}, over {number(metric.window_days)} days from the first exposure; "
        f"{good} is better."
    )
    yield ""
    effects = {effect.variant_id: effect for effect in metric.effects}
    rows = [
        (
            arm.variant_id,
            f"{arm.n:,}",
            "–" if arm.mean is None else number(arm.mean),
            f"{arm.n_immature:,}",
            f"{arm.n_unknown:,}",
            *_effect_cells(effects.get(arm.variant_id)),
        )
        for arm in metric.arms
    ]
    yield from table(COLUMNS, rows)
    yield from _remarks(metric)


def _effect_cells(effect: ArmEffect | None) -> tuple[str, ...]:
    if effect is None:
        return ("", "", "", "control")
    if effect.value is None or effect.always_valid is None or effect.fixed is None:
        return ("–", "–", "–", "cannot tell yet")
    share = "" if effect.relative is None else f" ({effect.relative.value:+.1%})"
    verdict = effect.guardrail or effect.direction.value
    if effect.p_adjusted is not None:
        verdict += f", {chance(effect.p_adjusted)}"
    return (
        signed(effect.value) + share.replace("-", "−"),
        *(f"{signed(one.low)} … {signed(one.high)}" for one in (effect.always_valid, effect.fixed)),
        verdict,
    )


def _remarks(metric: MetricResult) -> Iterator[str]:
    """Say what else there is to an effect: reasons, CUPED, times, novelty, slices."""
    for effect in metric.effects:
        remarks = []
        if effect.reason is not None:
            remarks.append(f"cannot tell yet: {effect.reason}.")
        if effect.narrowed_by is not None and effect.narrowed_by < TOLD_BELOW:
            remarks.append(f"what was before narrows the interval to {effect.narrowed_by:.0%}.")
        if effect.log_rank_p is not None:
            remarks.append(f"log-rank {chance(effect.log_rank_p)}.")
        new = effect.novelty
        if new is not None and new.p_value < CHANGES_BELOW:
            remarks.append(
                f"the effect changes, {signed(new.first_half.value)} in the first half of the "
                f"window and {signed(new.second_half.value)} in the second ({chance(new.p_value)})."
            )
        yield from ("", f"{effect.variant_id}: {' '.join(remarks)}") if remarks else ()
        if effect.slices:
            yield ""
            rows = [
                (
                    f"{one.attribute} {one.value}",
                    f"{one.n:,}",
                    signed(one.effect.value),
                    f"{signed(one.effect.low)} … {signed(one.effect.high)}",
                    chance(one.p_adjusted),
                )
                for one in effect.slices
            ]
            titles = (f"{effect.variant_id} among", "n", "effect", "always-valid 95 %", "p (Holm)")
            yield from table(titles, rows)


def _funnel(funnel: Funnel) -> Iterator[str]:
    yield f"{funnel.n_eligible:,} learners are eligible today."
    yield ""
    rows = [
        (
            arm.variant_id,
            f"{arm.n_enrolled:,}",
            f"{arm.n_exposed:,}",
            "–" if arm.n_triggered is None else f"{arm.n_triggered:,}",
            f"{arm.n_mature:,}",
        )
        for arm in funnel.arms
    ]
    yield from table(("arm", "enrolled", "exposed", "triggered", "mature"), rows)
    yield ""
    yield funnel.triggering_note or (
        "Triggered: in at least one of their answers another arm would most probably have led with "
        f"another module; {funnel.triggered_of:,} answers were looked at."
    )


def _checks(checks: Checks) -> Iterator[str]:
    ratio = checks.sample_ratio
    sizes = ", ".join(f"{arm.variant_id} {arm.n:,} of {arm.expected:,.0f}" for arm in ratio.arms)
    if ratio.p_value is None:
        yield f"- Sizes of the arms: cannot tell yet ({ratio.reason})."
    else:
        verdict = "NOT as the weights say" if ratio.is_mismatch else "as the weights say"
        yield f"- Sizes of the arms: {verdict}: {sizes} ({chance(ratio.p_value)})."
    if ratio.n_periods > 1:
        yield (
            "- Weights changed: arms are compared within each of "
            f"{ratio.n_periods} stretches of equal weights, means are over all."
        )
    for each in checks.balance:
        verdict = "NOT alike" if each.is_alarming else "alike"
        yield (
            f"- Before the experiment, {each.metric_id}: {each.variant_id} and the control were "
            f"{verdict} ({signed(each.standardised)} standard deviations, {chance(each.p_value)})."
        )
    mixed = checks.contamination
    if mixed.n_learners:
        yield (
            f"- {mixed.n_learners:,} learners changed group and kept their variant "
            f"({mixed.n_exposures:,} answers in another group)."
        )


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table; numbers to the right, the first column to the left."""
    yield f"| {' | '.join(titles)} |"
    yield f"| --- |{' ---: |' * (len(titles) - 1)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '\\|') for cell in row)} |"
