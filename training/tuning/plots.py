"""Pictures of a tuning: how it went, which settings mattered, and what was tried."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

BEST_COLOUR, TRIAL_COLOUR, DEFAULT_COLOUR = "#1f5fa8", "#9aa5b1", "#c0392b"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the pictures show.

    Attributes
    ----------
    measure
        With its unit, for the axes.
    larger_is_better
        Which way.
    number, value
        The completed trials, by their place among all of them from 1; the first is the default.
    values
        Dotted name of a setting → what each completed trial took.
    log
        Names of the settings whose ratios matter.
    n_stopped_early
        Trials that are not shown.
    """

    measure: str
    larger_is_better: bool
    number: Sequence[int]
    value: Sequence[float]
    values: Mapping[str, Sequence[Any]]
    log: frozenset[str]
    n_stopped_early: int

    @property
    def best_place(self) -> int:
        """Where the best is among the completed trials."""
        return int((np.argmax if self.larger_is_better else np.argmin)(self.value))


def plot_history(shown: Shown, path: Path) -> None:
    """Draw the measure of every completed trial and the best so far."""
    climb = np.maximum if shown.larger_is_better else np.minimum
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(7, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.axhline(
            shown.value[0], color=DEFAULT_COLOUR, linewidth=1, linestyle="--", label="default"
        )
        axes.plot(shown.number, shown.value, "o", color=TRIAL_COLOUR, label="trial")
        axes.step(
            shown.number,
            climb.accumulate(shown.value),
            where="post",
            color=BEST_COLOUR,
            linewidth=2,
            label="best so far",
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(f"trial ({shown.n_stopped_early} more were stopped early)")
        axes.set_ylabel(f"{shown.measure}, learners searched with")
        axes.set_title("How the search went")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, dpi=120)


def plot_importances(importances: Mapping[str, float], n_trials: int, path: Path) -> None:
    """Draw the share of each setting in what differs between trials, the largest on top."""
    names = sorted(importances, key=lambda name: importances[name])
    shares = [importances[name] for name in names]
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(7, 0.4 * len(names) + 1.6), layout="constrained")
        axes = figure.subplots()
        axes.barh(names, shares, color=BEST_COLOUR)
        for place, share in enumerate(shares):
            axes.annotate(
                f"{share:.2f}", (share, place), (4, 0), textcoords="offset points", va="center"
            )
        axes.set_xlim(0, max(shares) * 1.15)
        axes.set_xlabel(f"share of the variance between {n_trials} trials (fANOVA)")
        axes.set_title("Which settings matter")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, dpi=120)


def plot_tried(shown: Shown, path: Path) -> None:
    """Draw the measure against each setting; default and best stand out."""
    n_columns = math.ceil(math.sqrt(len(shown.values)))
    n_rows = math.ceil(len(shown.values) / n_columns)
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(3.4 * n_columns, 2.6 * n_rows + 0.5), layout="constrained")
        panels = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
        for axes, (name, tried) in zip(panels, shown.values.items(), strict=False):
            _plot_one(axes, name, tried, shown)
        for axes in panels[len(shown.values) :]:
            axes.set_visible(False)
        figure.suptitle("What was tried (red: default, blue: best)")
        figure.supylabel(f"{shown.measure}, learners searched with")
        figure.savefig(path, dpi=110)


def _plot_one(axes: Axes, name: str, tried: Sequence[Any], shown: Shown) -> None:
    axes.plot(tried, shown.value, "o", color=TRIAL_COLOUR, markersize=4)
    for place, colour in ((0, DEFAULT_COLOUR), (shown.best_place, BEST_COLOUR)):
        axes.plot(tried[place], shown.value[place], "o", color=colour, markersize=7)
    if name in shown.log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(name + (" (log scale)" if name in shown.log else ""))
    axes.spines[["top", "right"]].set_visible(False)
