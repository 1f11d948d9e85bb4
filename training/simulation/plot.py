"""The picture of a simulation: competency and abandonment over time, and what is left of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation.plots import OWN_COLOUR

COLOURS = {
    "fixed": "#8a929e",
    "popularity": "#d07a1f",
    "collaborative": "#4d9a6a",
    "ours": OWN_COLOUR,
    "assessed": "#8e4fb0",
}
NAMES = {
    "fixed": "fixed sequence",
    "popularity": "popularity",
    "collaborative": "collaborative filtering",
    "ours": "Waymark",
    "assessed": "Waymark after a pre-assessment",
}
MODEL_NAMES = {"irt": "abilities that move (IRT-like)", "bkt": "known or not (BKT-like)"}
SHARES = {"completed": "completed", "retained": "retained", "followed_up": "13 weeks later"}


def plot_simulation(document: Mapping[str, Any], path: Path) -> None:
    """Draw one row a learner model.

    Parameters
    ----------
    document
        As `write_document` made it.
    path
        A PNG.
    """
    models = document["models"]
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(13.5, 3.9 * len(models) + 0.5), layout="constrained")
        rows = figure.subplots(len(models), 3, squeeze=False)
        for axes, (model, found) in zip(rows, models.items(), strict=True):
            name = MODEL_NAMES.get(model, model)
            _draw_curve(axes[0], found["policies"], "competent_by_week")
            axes[0].set_title(f"{name}: competent")
            _draw_curve(axes[1], found["policies"], "abandoned_by_week")
            axes[1].set_title("gave up")
            _draw_shares(axes[2], found["policies"])
        rows[0][0].legend(loc="upper left", frameon=False)
        figure.savefig(path, dpi=120)


def _draw_curve(axes: Axes, policies: Mapping[str, Any], curve: str) -> None:
    for policy, found in policies.items():
        shares = 100 * np.array(found[curve])
        width = 2.5 if policy == "ours" else 1.6
        axes.plot(shares, color=COLOURS[policy], label=NAMES[policy], linewidth=width)
    axes.set_xlabel("week")
    axes.set_ylabel("% of learners")
    axes.set(xlim=(0, None), ylim=(0, 100))
    axes.spines[["top", "right"]].set_visible(False)


def _draw_shares(axes: Axes, policies: Mapping[str, Any]) -> None:
    """Draw means and intervals, policies side by side in each group."""
    for place, (policy, found) in enumerate(policies.items()):
        at = np.arange(len(SHARES)) + 0.14 * (place - (len(policies) - 1) / 2)
        values = 100 * np.array([found[measure]["mean"] for measure in SHARES])
        spans = [found[measure]["ci"] or [found[measure]["mean"]] * 2 for measure in SHARES]
        bounds = 100 * np.array(spans)
        errors = np.maximum(np.stack([values - bounds[:, 0], bounds[:, 1] - values]), 0.0)
        axes.errorbar(at, values, yerr=errors, fmt="o", color=COLOURS[policy], capsize=3)
        if policy == "ours":
            for x, value, top in zip(at, values, bounds[:, 1], strict=True):
                label = f"{value:.0f}"
                axes.annotate(label, (x, top), (0, 4), textcoords="offset points", ha="center")
    axes.set_xticks(np.arange(len(SHARES)), list(SHARES.values()))
    axes.set(ylim=(0, 100), xlim=(-0.5, len(SHARES) - 0.4))
    axes.set_ylabel("% (mean, 95 % interval)")
    axes.set_title("completed, and mastery as % of targets")
    axes.spines[["top", "right"]].set_visible(False)
