"""The table: one row a model, best first, failures with their reasons last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.ranking_metrics import (
    RankedTargets,
    bootstrap_interval,
    summarise_ranking,
)

HEADINGS = (
    "model",
    "settings",
    "HR@10",
    "NDCG@10",
    "95 % interval",
    "behind Waymark",
    "coverage@10",
    "fit s",
    "fit CPU s",
    "tuning s",
    "CPU s / 1,000 asked",
    "peak MiB",
)
NOTHING = "–"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one model did, or why it did nothing.

    Attributes
    ----------
    title, settings
        Which model, and in words how it was set.
    ranked
        None for a failure, and then `reason` says why.
    fit_seconds, fit_cpu_seconds, tuning_seconds
        None where they are another row's, or there was nothing to tune.
    rank_cpu_seconds
        For the lists of all learners asked about.
    peak_mib
        Of the whole process.
    versions
        Package → version.
    """

    title: str
    settings: str
    ranked: RankedTargets | None = None
    reason: str = ""
    fit_seconds: float | None = None
    fit_cpu_seconds: float | None = None
    tuning_seconds: float | None = None
    rank_cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    versions: Mapping[str, str] | None = None

    @property
    def ndcg_at_10(self) -> float:
        """The mean, −1 for a failure."""
        return -1.0 if self.ranked is None else float(self.ranked.ndcg_at_10.mean())


def write_table(results: Sequence[Result], seed: int) -> str:
    """Return the results as a Markdown table, and the versions below it.

    Parameters
    ----------
    results
        The first is Waymark's chosen model, which the others are compared with, learner by learner.
    seed
        Of the bootstrap.
    """
    own = None if results[0].ranked is None else results[0].ranked.ndcg_at_10
    rows = [HEADINGS, ("---",) * 2 + ("---:",) * (len(HEADINGS) - 2)]
    rows += [_cells(one, own, seed) for one in sorted(results, key=lambda one: -one.ndcg_at_10)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", *_versions(results)]) + "\n"


def _cells(one: Result, own: NDArray[np.float64] | None, seed: int) -> tuple[str, ...]:
    if one.ranked is None:
        left_out = (NOTHING,) * (len(HEADINGS) - 2)
        return one.title, f"{one.settings}: did not finish: {one.reason}", *left_out
    metrics: dict[str, Any] = summarise_ranking(one.ranked, np.random.default_rng(seed))
    low, high = metrics["ndcg_at_10_ci"]
    return (
        one.title,
        one.settings,
        f"{metrics['hr_at_10']:.4f}",
        f"{metrics['ndcg_at_10']:.4f}",
        f"{low:.3f} – {high:.3f}",
        NOTHING if own is None else _difference(own - one.ranked.ndcg_at_10, seed),
        f"{metrics['coverage_at_10']:.3f}",
        *(_seconds(s) for s in (one.fit_seconds, one.fit_cpu_seconds, one.tuning_seconds)),
        f"{1000 * one.rank_cpu_seconds / len(one.ranked.rank):.2f}",
        f"{one.peak_mib:,.0f}",
    )


def _difference(lead: NDArray[np.float64], seed: int) -> str:
    if not lead.any():
        return NOTHING
    low, high = bootstrap_interval(lead, np.random.default_rng(seed))
    return f"{lead.mean():.4f} ({low:.4f} – {high:.4f})"


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.1f}"


def _versions(results: Iterable[Result]) -> list[str]:
    """Name each environment once, in the order of the results."""
    lines = {}
    for one in results:
        if one.versions:
            named = ", ".join(f"{name} {number}" for name, number in one.versions.items())
            lines[f"- {one.title.split(' · ')[0]}: {named}"] = None
    return list(lines)
