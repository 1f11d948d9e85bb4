"""The picture of an experiment: effects over time, sizes of the arms, and the funnel."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from training.readings.document import ArmEffect, MetricResult, Results

COLOURS = ("#1f5fa8", "#c0622f", "#4c8c4a", "#7d5ba6")
GREY, RED = "#b8bfc9", "#b3261e"
STAGES = ("n_enrolled", "n_exposed", "n_triggered", "n_mature")
WIDE, HIGH = 6.0, 3.2  # inches, of one panel
HEADROOM = 0.25  # above bars, for the legend


def plot_results(results: Results, path: Path) -> None:
    """Draw every metric's effect over time with always-valid intervals, sizes, and the funnel.

    Parameters
    ----------
    results
        Of an experiment that has started.
    path
        A PNG.
    """
    with mpl.rc_context({"font.size": 9}):
        _draw(results).savefig(path, dpi=120)


def _draw(results: Results) -> Figure:
    n_panels = len(results.metrics) + 2
    n_rows = -(-n_panels // 2)
    figure = Figure(figsize=(2 * WIDE, HIGH * n_rows + 0.6), layout="constrained")
    panels: Sequence[Axes] = np.ravel(figure.subplots(n_rows, 2)).tolist()
    for axes, metric in zip(panels, results.metrics, strict=False):
        _draw_effects(axes, metric, results.control)
    _draw_sizes(panels[n_panels - 2], results)
    _draw_funnel(panels[n_panels - 1], results)
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[n_panels:]:
        axes.set_axis_off()
    figure.suptitle(f"{results.experiment_id}: {results.hypothesis}")
    return figure


def _draw_effects(axes: Axes, metric: MetricResult, control: str) -> None:
    axes.axhline(0.0, color="#555555", linewidth=1)
    if metric.margin is not None:
        worst = -metric.margin if metric.higher_is_better else metric.margin
        axes.axhline(worst, color=RED, linewidth=1, linestyle="--", label="margin")
    for effect, colour in zip(metric.effects, COLOURS * len(metric.effects), strict=False):
        _draw_effect(axes, effect, colour)
    if not any(effect.over_time for effect in metric.effects):
        axes.text(0.5, 0.5, "cannot tell yet", transform=axes.transAxes, ha="center")
        axes.set_xticks([])
    else:
        locator = AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.legend(frameon=False, loc="best")
    axes.set_title(f"{metric.title} ({metric.role})")
    axes.set_ylabel(f"arm − {control}, {metric.unit}")
    axes.set_xlabel("read on (band: always-valid 95 % interval)")


def _draw_effect(axes: Axes, effect: ArmEffect, colour: str) -> None:
    """Draw a line and its band; early bands that dwarf the last one are cut by the axis."""
    moments = effect.over_time
    if not moments:
        return
    at = date2num([moment.at for moment in moments])
    axes.plot(at, [m.value for m in moments], color=colour, marker=".", label=effect.variant_id)
    low, high = [m.low for m in moments], [m.high for m in moments]
    axes.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
    reach = 4.0 * (moments[-1].high - moments[-1].low)
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, moments[-1].low - reach), min(top, moments[-1].high + reach))


def _draw_sizes(axes: Axes, results: Results) -> None:
    ratio = results.checks.sample_ratio
    places = np.arange(len(ratio.arms))
    colour = RED if ratio.is_mismatch else COLOURS[0]
    axes.bar(places - 0.2, [arm.n for arm in ratio.arms], 0.4, color=colour, label="came")
    axes.bar(places + 0.2, [arm.expected for arm in ratio.arms], 0.4, color=GREY, label="due")
    axes.set_xticks(places, [arm.variant_id for arm in ratio.arms])
    axes.set_ylabel("learners" if results.unit == "learner" else "groups")
    told = "cannot tell yet" if ratio.p_value is None else f"p = {ratio.p_value:.3f}"
    verdict = ": a mismatch" if ratio.is_mismatch else ""
    axes.set_title(f"Sizes of the arms against their weights ({told}{verdict})")
    axes.margins(y=HEADROOM)
    axes.legend(frameon=False, loc="upper center", ncols=2)


def _draw_funnel(axes: Axes, results: Results) -> None:
    stages = [
        stage
        for stage in STAGES
        if all(getattr(arm, stage) is not None for arm in results.funnel.arms)
    ]
    arms = results.funnel.arms
    width = 0.8 / len(arms)
    for place, arm in enumerate(arms):
        colour = GREY if place == 0 else COLOURS[(place - 1) % len(COLOURS)]
        at = np.arange(len(stages)) + (place - (len(arms) - 1) / 2) * width
        bars = axes.bar(
            at, [getattr(arm, stage) for stage in stages], width, color=colour, label=arm.variant_id
        )
        axes.bar_label(bars, fmt="{:,.0f}", padding=1)
    axes.set_xticks(np.arange(len(stages)), [stage.removeprefix("n_") for stage in stages])
    axes.set_ylabel("learners")
    axes.set_title(f"From enrolment to outcomes ({results.funnel.n_eligible:,} eligible today)")
    axes.margins(y=HEADROOM)
    axes.legend(frameon=False, loc="upper center", ncols=len(arms))
