"""Coverage against popularity: what share of the catalogue recommendations reach."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.evaluation.plots import BASELINE_COLOUR, OWN_COLOUR
from training.evaluation.ranking_metrics import RankedTargets


def plot_popularity(
    ranking: Mapping[str, Mapping[str, Any]],
    ranked: Mapping[str, RankedTargets],
    chosen: str,
    target: NDArray[np.integer],
    path: Path,
) -> None:
    """Draw coverage and popularity lift by model, and how evenly recommendations are spread.

    Parameters
    ----------
    ranking
        As in the report: model → metrics.
    ranked
        What each model put first.
    chosen
        The model to stand out.
    target
        (n_learners,), the modules learners took next.
    path
        A PNG.
    """
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(11.5, 5), layout="constrained")
        left, right = figure.subplots(1, 2)
        _draw_models(left, ranking, chosen)
        n_modules = ranked[chosen].n_modules
        curves = {chosen: ranked[chosen].top.ravel(), "taken by learners": target}
        if "popularity" in ranked:
            curves["popularity"] = ranked["popularity"].top.ravel()
        _draw_spread(right, curves, n_modules)
        for axes in (left, right):
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, dpi=120)


def _draw_models(axes: Axes, ranking: Mapping[str, Mapping[str, Any]], chosen: str) -> None:
    shown = {
        name: (100 * metrics["coverage_at_10"], 100 * metrics["popularity_lift_at_10"])
        for name, metrics in ranking.items()
        if metrics["popularity_lift_at_10"] is not None
    }
    axes.axhline(0.0, color="#888888", linewidth=1)
    for name, (coverage, lift) in shown.items():
        colour = OWN_COLOUR if name == chosen else "#7a828e"
        axes.plot(coverage, lift, "o", color=colour)
    _name_points(axes, shown, chosen)
    axes.margins(y=0.15)
    axes.set_xlim(0, 1.35 * max((at for at, _ in shown.values()), default=1.0))
    axes.set_xlabel("coverage@10: % of modules in anybody's first ten")
    axes.set_ylabel("popularity lift@10: % above what learners met before")
    axes.set_title("Coverage against popularity, by model")


def _name_points(axes: Axes, shown: Mapping[str, tuple[float, float]], chosen: str) -> None:
    """Write names beside the points, upper ones first, and push apart those that would overlap."""
    lifts, coverages = [lift for _, lift in shown.values()], [at for at, _ in shown.values()]
    least = 0.055 * max(max(lifts, default=0.0) - min(lifts, default=0.0), 1.0)
    lowest = np.inf
    for name, (coverage, lift) in sorted(shown.items(), key=lambda one: -one[1][1]):
        lowest = min(lift, lowest - least)
        axes.annotate(
            name,
            (coverage, lift),
            (coverage + 0.04 * max(*coverages, 1.0), lowest),
            textcoords="data",
            va="center",
            fontweight="bold" if name == chosen else "normal",
            arrowprops={"arrowstyle": "-", "color": BASELINE_COLOUR, "linewidth": 0.8},
        )


def _draw_spread(axes: Axes, curves: Mapping[str, NDArray[np.integer]], n_modules: int) -> None:
    """Draw Lorenz curves: modules from the least to the most often recommended."""
    axes.plot([0, 100], [0, 100], color="#888888", linewidth=1, label="all modules alike")
    colours = (OWN_COLOUR, "#d07a1f", BASELINE_COLOUR)
    for (name, modules), colour in zip(curves.items(), colours, strict=False):
        counts = np.sort(np.bincount(modules[modules >= 0], minlength=n_modules))
        share = 100 * np.concatenate([[0], np.cumsum(counts)]) / max(counts.sum(), 1)
        axes.plot(np.linspace(0, 100, n_modules + 1), share, color=colour, label=name, linewidth=2)
    axes.set(xlim=(0, 100), ylim=(0, 100))
    axes.set_xlabel(f"% of the {n_modules:,} modules, least recommended first")
    axes.set_ylabel("% of all first-ten places")
    axes.set_title("How evenly recommendations are spread")
    axes.legend(loc="upper left", frameon=False)
