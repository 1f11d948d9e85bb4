"""Slices as a forest plot: the chosen model, the best baseline, and the difference."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation.plots import OWN_COLOUR

LONGEST_LABEL = 34
BASELINE_MARK = "#7a828e"


def plot_slices(
    slices: Mapping[str, Any], measure: str, title: str, counted: str, path: Path
) -> None:
    """Draw every slice of a half.

    Parameters
    ----------
    slices
        `slices` of one half of the report, with at least one row.
    measure
        "ndcg_at_10" or "log_loss".
    title
        Its name in words.
    counted
        "n_learners" or "n_rows": what is counted beside each name.
    path
        A PNG.
    """
    rows, places, labels, headings = slices["rows"], [], [], []
    place, attribute = 0.0, None
    for row in rows:
        if row["attribute"] != attribute:
            attribute = row["attribute"]
            headings.append((place, attribute))
            place += 1.0
        places.append(place)
        labels.append(f"{_shorten(row['value'])}  ({row[counted]:,})")
        place += 1.0
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(11, 0.23 * place + 1.9), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _draw_models(left, slices, np.array(places), measure)
        _draw_differences(right, rows, np.array(places))
        left.set_yticks(
            [*places, *(at for at, _ in headings)], [*labels, *(name for _, name in headings)]
        )
        for tick in left.get_yticklabels()[len(places) :]:
            tick.set_fontweight("bold")
        left.set_ylim(place - 0.5, -0.7)
        left.set_xlabel(f"{title} (95 % interval)")
        right.set_xlabel(f"better than {slices['baseline']} by (95 % interval)")
        unit = "learners" if counted == "n_learners" else "attempts"
        figure.suptitle(f"{title} in slices on held-out learners (number of {unit})")
        for axes in (left, right):
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="x", color="#e6e8ec")
            axes.set_axisbelow(True)
        figure.savefig(path, dpi=120)


def _draw_models(axes: Axes, slices: Mapping[str, Any], places: np.ndarray, measure: str) -> None:
    for who, colour, shift, mark in (
        ("baseline", BASELINE_MARK, 0.16, "D"),
        ("chosen", OWN_COLOUR, -0.16, "o"),
    ):
        values = np.array([row[who][measure] for row in slices["rows"]])
        bounds = np.array(
            [row[who][f"{measure}_ci"] or (np.nan, np.nan) for row in slices["rows"]], dtype=float
        )
        errors = np.maximum(np.stack([values - bounds[:, 0], bounds[:, 1] - values]), 0.0)
        axes.errorbar(
            values,
            places + shift,
            xerr=errors,
            fmt=mark,
            color=colour,
            markersize=4,
            linewidth=1.2,
            label=slices[who],
        )
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)


def _draw_differences(axes: Axes, rows: list[Mapping[str, Any]], places: np.ndarray) -> None:
    axes.axvline(0.0, color="#888888", linewidth=1)
    values = np.array([row["better_by"] for row in rows])
    bounds = np.array([row["better_by_ci"] or (np.nan, np.nan) for row in rows], dtype=float)
    worse = bounds[:, 1] < 0.0
    for chosen, colour in ((~worse, OWN_COLOUR), (worse, "#b3261e")):
        errors = np.stack([values - bounds[:, 0], bounds[:, 1] - values])[:, chosen]
        axes.errorbar(
            values[chosen],
            places[chosen],
            xerr=errors,
            fmt="o",
            color=colour,
            markersize=4,
            linewidth=1.2,
        )


def _shorten(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
