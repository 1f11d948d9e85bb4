"""Pictures people look at: ranking by model, calibration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

N_BINS = 15
OWN_COLOUR, BASELINE_COLOUR = "#1f5fa8", "#b8bfc9"


def plot_ranking(ranking: Mapping[str, Mapping[str, Any]], chosen: str, path: Path) -> None:
    """Draw NDCG@10 by model with its 95 % interval, best on top.

    Parameters
    ----------
    ranking
        As in the report of `evaluate`: model → metrics.
    chosen
        The model to stand out.
    path
        A PNG.
    """
    names = sorted(ranking, key=lambda name: ranking[name]["ndcg_at_10"])
    values = np.array([ranking[name]["ndcg_at_10"] for name in names])
    bounds = np.array([ranking[name]["ndcg_at_10_ci"] for name in names])
    # A mean may lie a rounding error outside its own bootstrap interval.
    errors = np.maximum(np.stack([values - bounds[:, 0], bounds[:, 1] - values]), 0.0)
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(7, 0.5 * len(names) + 1.6), layout="constrained")
        axes = figure.subplots()
        colours = [OWN_COLOUR if name == chosen else BASELINE_COLOUR for name in names]
        axes.barh(names, values, xerr=errors, color=colours, ecolor="#333333", capsize=3)
        for place, value in enumerate(values):
            end = value + errors[1, place]
            axes.annotate(
                f"{value:.3f}", (end, place), (6, 0), textcoords="offset points", va="center"
            )
        axes.margins(x=0.12)
        axes.set_xlabel("NDCG@10 on held-out learners (bar: mean, whisker: 95 % bootstrap)")
        axes.set_title("How well each model ranks the next module")
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, dpi=120)


def plot_calibration(
    predicted: Mapping[str, NDArray[np.float64]],
    success: NDArray[np.integer],
    path: Path,
) -> None:
    """Draw observed against predicted rates of success in equally filled bins.

    Parameters
    ----------
    predicted
        Model → float64, (n_attempts,), p_success.
    success
        (n_attempts,), 0 or 1.
    path
        A PNG.
    """
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(6, 5.5), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, label="perfectly calibrated")
        for name, p in predicted.items():
            mean, rate, half_width = reliability(p, success)
            axes.errorbar(mean, rate, yerr=half_width, marker="o", capsize=2, label=name)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set_xlabel("predicted p_success (mean of the bin)")
        axes.set_ylabel("share of attempts that succeeded (95 % interval)")
        axes.set_title(f"Calibration on {len(success):,} held-out attempts")
        axes.legend(loc="upper left", frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, dpi=120)


def reliability(
    p: NDArray[np.float64], success: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return mean prediction, observed rate and its 95 % half-width in `N_BINS` equal bins.

    The half-width is 1.96 standard errors of a proportion, with one success and one failure added
    to each bin so that it is never zero (after Agresti & Coull 1998).
    """
    bins = [part for part in np.array_split(np.argsort(p, kind="stable"), N_BINS) if len(part)]
    mean = np.array([p[part].mean() for part in bins])
    rate = np.array([success[part].mean() for part in bins])
    size = np.array([len(part) for part in bins])
    smoothed = (rate * size + 1) / (size + 2)
    return mean, rate, 1.96 * np.sqrt(smoothed * (1 - smoothed) / (size + 2))
