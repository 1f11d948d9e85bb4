"""Mastery, learning curves, forgetting and gain as pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.evaluation.estimates import share_interval
from training.evaluation.plots import BASELINE_COLOUR, OWN_COLOUR

MOST_SKILLS = 40
MOST_GAINS = 60
LONGEST_LABEL = 38
N_CURVE_BANDS = 16
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True, kw_only=True)
class HalfLives:
    """Days after which evidence counts half (inf: it does not fade), and which one is used.

    `log_loss_by_days` is prequential, and empty where only the order of events is known.
    """

    log_loss_by_days: Mapping[float, float]
    used_days: float


def plot_mastery(by_skill: Mapping[str, NDArray[np.float64]], path: Path) -> None:
    """Draw the distribution of mastery in each skill, the highest median on top.

    Parameters
    ----------
    by_skill
        Name → float64, (n_learners,), mastery in [0,1] of learners with evidence of the skill. The
        `MOST_SKILLS` with most learners are drawn.
    path
        A PNG.
    """
    most = sorted(by_skill, key=lambda name: -len(by_skill[name]))[:MOST_SKILLS]
    names = sorted(most, key=lambda name: float(np.median(by_skill[name])))
    quantiles = np.array([np.quantile(by_skill[name], QUANTILES) for name in names])
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(8, 0.27 * len(names) + 1.6), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(names))
        axes.hlines(places, quantiles[:, 0], quantiles[:, 4], color=BASELINE_COLOUR, linewidth=2)
        axes.hlines(places, quantiles[:, 1], quantiles[:, 3], color=OWN_COLOUR, linewidth=6)
        axes.plot(quantiles[:, 2], places, "o", color="white", markersize=3)
        axes.set_yticks(places, [f"{_shorten(name)}  ({len(by_skill[name]):,})" for name in names])
        axes.set(xlim=(0, 1), ylim=(-0.7, len(names) - 0.3))
        axes.set_xlabel(
            "mastery, a level in [0,1] (dot: median, thick: middle half, thin: middle 80 %)"
        )
        shown = "" if len(most) == len(by_skill) else f", {len(most)} of {len(by_skill)} skills"
        axes.set_title(f"Mastery of held-out learners with evidence{shown} (number of learners)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="#e6e8ec")
        axes.set_axisbelow(True)
        figure.savefig(path, dpi=120)


def plot_curves(
    n_earlier: NDArray[np.integer],
    p_success: NDArray[np.float64],
    success: NDArray[np.integer],
    half_lives: HalfLives,
    path: Path,
) -> None:
    """Draw success by the number of earlier attempts, and what each half-life of evidence gives.

    Parameters
    ----------
    n_earlier
        (n_attempts,), attempts of the learner before.
    p_success
        float64, (n_attempts,), as predicted.
    success
        (n_attempts,), 0 or 1.
    half_lives
        What was compared.
    path
        A PNG.
    """
    with mpl.rc_context({"font.size": 10}):
        n_panels = 2 if half_lives.log_loss_by_days else 1
        figure = Figure(figsize=(5.8 * n_panels, 4.4), layout="constrained")
        panels = figure.subplots(1, n_panels, squeeze=False)[0]
        _draw_curve(panels[0], n_earlier, p_success, success)
        if half_lives.log_loss_by_days:
            _draw_half_lives(panels[1], half_lives)
        for axes in panels:
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, dpi=120)


def _draw_curve(
    axes: Axes,
    n_earlier: NDArray[np.integer],
    p_success: NDArray[np.float64],
    success: NDArray[np.integer],
) -> None:
    order = np.argsort(n_earlier, kind="stable")
    shares = np.arange(N_CURVE_BANDS) / N_CURVE_BANDS
    edges = np.unique(np.quantile(n_earlier, shares, method="lower"))
    band = np.searchsorted(edges, n_earlier[order], side="right")
    parts = [order[band == one] for one in np.unique(band)]
    where = np.array([n_earlier[part].mean() for part in parts])
    rate = np.array([success[part].mean() for part in parts])
    bounds = np.array([share_interval(int(success[part].sum()), len(part)) for part in parts])
    errors = np.maximum(np.stack([rate - bounds[:, 0], bounds[:, 1] - rate]), 0.0)
    axes.errorbar(
        where, rate, yerr=errors, fmt="o", color="#333333", capsize=2, label="succeeded (95 %)"
    )
    predicted = [p_success[part].mean() for part in parts]
    axes.plot(where, predicted, color=OWN_COLOUR, linewidth=2, label="mean p_success")
    axes.set_xscale("symlog", linthresh=1.0)
    top = int(max(where.max(), 1.0))
    ticks = [tick for tick in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000) if tick <= top]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("attempts of the learner before this one")
    axes.set_ylabel("share of held-out attempts")
    axes.set_title("Success as learners go on")
    axes.legend(frameon=False)


def _draw_half_lives(axes: Axes, half_lives: HalfLives) -> None:
    losses = half_lives.log_loss_by_days
    days = sorted(losses, reverse=True)
    least = min(losses.values())
    values = [1000 * (losses[day] - least) for day in days]
    names = ["never fades" if np.isinf(day) else f"{day:,.0f}" for day in days]
    axes.plot(range(len(days)), values, "o-", color=OWN_COLOUR)
    if half_lives.used_days in days:
        place = days.index(half_lives.used_days)
        axes.plot(place, values[place], "o", color="#d07a1f", markersize=11, label="used")
        axes.legend(frameon=False)
    axes.set_xticks(range(len(days)), names)
    axes.set_ylim(bottom=-0.05 * max(*values, 0.1))
    axes.set_xlabel("half-life of evidence (days)")
    axes.set_ylabel("log loss above the best (thousandths)")
    axes.set_title("How fast evidence of ability fades\n(next attempts of training learners)")


def plot_gain(
    titles: list[str],
    gain: NDArray[np.float64],
    standard_error: NDArray[np.float64],
    path: Path,
) -> None:
    """Draw the gain of each module with its 95 % interval, the largest on top.

    Parameters
    ----------
    titles
        (n_modules,); of more than `MOST_GAINS` modules the largest and the smallest are drawn.
    gain, standard_error
        float64, (n_modules,), levels of mastery that completing the module adds.
    path
        A PNG.
    """
    order = np.argsort(gain, kind="stable")
    shown = order
    if len(order) > MOST_GAINS:
        shown = np.concatenate([order[: MOST_GAINS // 2], order[-MOST_GAINS // 2 :]])
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(9, 0.2 * len(shown) + 1.8), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(shown), dtype=float)
        if len(order) > MOST_GAINS:
            places[MOST_GAINS // 2 :] += 1.5
            axes.axhline(MOST_GAINS // 2 + 0.25, color="#888888", linewidth=0.8, linestyle=":")
        axes.axvline(0.0, color="#888888", linewidth=1)
        reach = 1.96 * standard_error[shown]
        axes.errorbar(
            gain[shown], places, xerr=reach, fmt="o", color=OWN_COLOUR, markersize=3, linewidth=1
        )
        axes.set_yticks(places, [_shorten(titles[module]) for module in shown])
        axes.set_ylim(-1.0, places[-1] + 1.0)
        axes.set_xlabel("levels of mastery that completing the module adds (95 % interval)")
        part = "" if len(shown) == len(order) else f": the extremes of {len(order):,} modules"
        axes.set_title(f"Gain by module{part}")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="#e6e8ec")
        axes.set_axisbelow(True)
        figure.savefig(path, dpi=120)


def _shorten(name: str) -> str:
    return name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 1]}…"
