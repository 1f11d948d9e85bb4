"""The report of a simulation as tables: every policy, then Waymark against each other one."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from training.cli.console import out, table_of
from training.simulation.policies import COMPARED

ABSENT = "–"
ROWS = {
    "completed": "completed, %",
    "competent": "competent, %",
    "weeks_to_competency": "weeks to competency",
    "abandoned": "abandoned, %",
    "retained": "mastery at the end, %",
    "followed_up": "mastery 13 weeks on, %",
    "minutes": "minutes spent",
}
AMOUNTS = frozenset({"weeks_to_competency", "minutes"})
NAMES = {
    "fixed": "fixed",
    "popularity": "popularity",
    "collaborative": "collaborative",
    "ours": "Waymark",
    "assessed": "Waymark after a pre-assessment",
}
MODEL_NAMES = {"irt": "abilities that move (IRT-like)", "bkt": "known or not (BKT-like)"}


def print_simulation(document: Mapping[str, Any]) -> None:
    """Print the tables of each learner model, and how to read them."""
    for model, found in document["models"].items():
        out.print(_policies(MODEL_NAMES[model], document, found["policies"]))
        for comparison, (own, _) in COMPARED.items():
            if found.get(comparison):
                out.print(_against(NAMES[own], found[comparison]))
    out.print(
        f"{document['seconds']:.0f} s. Weeks to competency: {document['horizon_weeks']} where it "
        f"never came. ±: 95 % interval over {document['unit_of_doubt']}s.",
        highlight=False,
    )


def _policies(name: str, document: Mapping[str, Any], policies: Mapping[str, Any]) -> Table:
    n_learners, n_seeds = document["n_learners"], len(document["seeds"])
    title = f"{name} · {n_learners:,} learners × {n_seeds} seed{'s' if n_seeds > 1 else ''}"
    rows: list[tuple[str, ...]] = [
        (label, *(value_text(measure, found[measure]) for found in policies.values()))
        for measure, label in ROWS.items()
    ]
    return table_of(title, ("", *(NAMES[policy] for policy in policies)), rows)


def _against(name: str, against: Mapping[str, Any]) -> Table:
    rows: list[tuple[str, ...]] = [
        (label.removesuffix(", %"), *(relative_text(found[measure]) for found in against.values()))
        for measure, label in ROWS.items()
    ]
    title = f"{name} against each, on the same learners, in % of theirs"
    return table_of(title, ("", *(NAMES[rival] for rival in against)), rows)


def value_text(measure: str, found: Mapping[str, Any]) -> str:
    """Write a policy's mean of a measure in the unit of its row, and its interval."""
    scale = 1.0 if measure in AMOUNTS else 100.0
    return _with_reach(found, scale, digits=0 if measure == "minutes" else 1, sign="")


def relative_text(found: Mapping[str, Any]) -> str:
    """Write by how many per cent Waymark is above a rival, and the interval."""
    relative = found["relative"]
    return ABSENT if relative is None else _with_reach(relative, 100.0, digits=0, sign="+")


def _with_reach(found: Mapping[str, Any], scale: float, *, digits: int, sign: str) -> str:
    """Write a mean and how far its interval reaches to either side."""
    text = f"{scale * found['mean']:{sign},.{digits}f}"
    if found["ci"] is None:
        return text
    return f"{text} ± {scale * (found['ci'][1] - found['mean']):,.{digits}f}"
