"""Personas as a picture: what each does more or less than everybody."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

MOST_BEHAVIOURS = 16
WIDEST = 1.5  # standard deviations: the deepest colour
DARK = 0.9  # from here on white is easier to read


def plot_personas(personas: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw every behaviour that tells personas apart, one column a persona.

    Parameters
    ----------
    personas
        As in the report; at least one.
    path
        A PNG.
    """
    found = [{one["behaviour"]: one for one in each["statements"]} for each in personas]
    largest = {
        name: max(abs(of[name]["effect"]) for of in found if name in of)
        for name in sorted({name for of in found for name in of})
    }
    names = sorted(largest, key=lambda name: -largest[name])[:MOST_BEHAVIOURS]
    effects = np.array([[of[n]["effect"] if n in of else 0.0 for of in found] for n in names])
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(
            figsize=(2.6 + 2.0 * len(personas), 0.36 * len(names) + 2.2), layout="constrained"
        )
        axes = figure.subplots()
        shown = axes.imshow(effects, cmap="RdBu", vmin=-WIDEST, vmax=WIDEST, aspect="auto")
        for row, name in enumerate(names):
            for column, of in enumerate(found):
                if name in of:
                    _write(axes, (column, row), of[name])
        words = [name.replace("_", " ").replace(":", ": ") for name in names]
        axes.set_yticks(range(len(names)), words)
        heads = [
            f"{each['persona_id']} ({each['share']:.0%})\n" + each["name"].replace(", ", ",\n")
            for each in personas
        ]
        axes.set_xticks(range(len(personas)), heads)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(shown, ax=axes, extend="both")
        bar.set_label("standard deviations from everybody (bold: clear)")
        figure.savefig(path, dpi=120)


def _write(axes: Axes, at: tuple[int, int], statement: Mapping[str, Any]) -> None:
    is_clear, is_dark = statement["is_clear"], abs(statement["effect"]) > DARK
    axes.annotate(
        statement["value_text"],
        at,
        ha="center",
        va="center",
        color="white" if is_dark else "black" if is_clear else "#777777",
        fontweight="bold" if is_clear else "normal",
    )
