"""Known weaknesses, read off the numbers of a report."""

from collections.abc import Iterator, Mapping
from typing import Any

from training.fairness import FAIRNESS
from training.models import RANKING, SUCCESS

ALPHA = 0.05
LOW_COVERAGE = 0.1
HIGH_LIFT = 0.5
CALIBRATION_MARGIN = 0.01
FEW_LEARNERS = 500
MOST_SLICES = 8
MEASURES = {RANKING: "ndcg_at_10", SUCCESS: "log_loss"}
NAMES = {"ndcg_at_10": "NDCG@10", "log_loss": "log loss", "auc": "AUC"}


def find_weaknesses(document: Mapping[str, Any]) -> list[str]:
    """Return sentences on where the chosen models are weak or their results doubtful.

    Parameters
    ----------
    document
        A report as `write_report` makes it.
    """
    found = []
    if document["n_learners"] < FEW_LEARNERS:
        found.append(
            f"Judged on {document['n_learners']:,} learners only: intervals are wide and most "
            "slices cannot be told apart."
        )
    for part in (RANKING, SUCCESS):
        if part in document:
            found += _unproven(part, document)
            found += _unlike_others(part, document)
            found += _cold(part, document)
    if RANKING in document:
        found += _narrow(document[RANKING][document["chosen"][RANKING]])
    if SUCCESS in document:
        found += _uncalibrated(document[SUCCESS][document["chosen"][SUCCESS]])
    found += _behind(document[FAIRNESS])
    return found


def _behind(document: Mapping[str, Any]) -> Iterator[str]:
    """Name groups of whose gaps clearly less is closed than of all others."""
    for group in document["groups"]:
        if group["p_holm"] < ALPHA and group["behind_others_by"] > 0:
            yield (
                f"Less of what is asked is closed for {group['attribute']} = {group['value']} "
                f"({group['gap_closed']:.3f}, {group['behind_others_by']:.3f} behind all others, "
                f"{group['n_learners']:,} learners)."
            )


def _unproven(part: str, document: Mapping[str, Any]) -> Iterator[str]:
    """Name baselines that the chosen model does not clearly beat."""
    chosen, measure = document["chosen"][part], MEASURES[part]
    worse: list[str] = []
    unclear: list[str] = []
    for rival, compared in document["comparisons"][part][measure].items():
        better, p = compared["better_by"], compared["p_holm"]
        is_clear = p is not None and p < ALPHA
        if not is_clear or better <= 0:
            doubt = "" if p is None else f", p = {p:.3f}"
            (worse if is_clear else unclear).append(f"{rival} ({better:+.4f}{doubt})")
    for verdict, rivals in (("worse than", worse), ("not clearly better than", unclear)):
        if rivals:
            yield f"{NAMES[measure]} of {chosen} is {verdict} {', '.join(rivals)}."


def _unlike_others(part: str, document: Mapping[str, Any]) -> Iterator[str]:
    """Name slices that do worse than a baseline, or clearly worse than learners overall."""
    slices, measure = document["slices"].get(part), MEASURES[part]
    if slices is None:
        return
    overall = document[part][slices["chosen"]][measure]
    lower_is_worse = measure != "log_loss"
    lagging = []
    for row in slices["rows"]:
        where, value = f"{row['attribute']} = {row['value']}", row["chosen"][measure]
        interval = row["chosen"][f"{measure}_ci"]
        if row["better_by_ci"] is not None and row["better_by_ci"][1] < 0:
            yield (
                f"{NAMES[measure]} is worse than {slices['baseline']} for {where} "
                f"({row['better_by']:+.4f}, {row['n_learners']:,} learners)."
            )
        if interval and (interval[1] < overall if lower_is_worse else interval[0] > overall):
            lagging.append((abs(value - overall), f"{where} {value:.3f}"))
    if lagging:
        lagging.sort(reverse=True)
        more = f" and {len(lagging) - MOST_SLICES} more" if len(lagging) > MOST_SLICES else ""
        named = "; ".join(text for _, text in lagging[:MOST_SLICES])
        yield f"{NAMES[measure]} is clearly worse than overall ({overall:.3f}) for: {named}{more}."


def _cold(part: str, document: Mapping[str, Any]) -> Iterator[str]:
    cold, measure = document["cold"][part], MEASURES[part]
    what = {
        "learners": "learners of whom nothing was known",
        "modules": "modules nobody had met in training",
    }
    for name, words in what.items():
        row = cold.get(name)
        if row and row["n_rows"]:
            counted = f"{row['n_rows']:,} {'questions' if part == RANKING else 'attempts'}"
            yield (
                f"Cold start: on {words} ({counted}) {NAMES[measure]} is "
                f"{row['chosen'][measure]:.3f}, {_beside_baseline(row['better_by'])}."
            )
    if cold.get("n_without_question"):
        yield (
            f"Held-out learners who met no new module: {cold['n_without_question']:,}; ranking "
            "says nothing about them."
        )


def _beside_baseline(better_by: float) -> str:
    if better_by == 0:
        return "as with the best baseline"
    compared = "better" if better_by > 0 else "worse"
    return f"{compared} than the best baseline by {abs(better_by):.4f}"


def _narrow(metrics: Mapping[str, Any]) -> Iterator[str]:
    coverage, lift = metrics["coverage_at_10"], metrics["popularity_lift_at_10"]
    if coverage < LOW_COVERAGE:
        yield f"Only {coverage:.1%} of the modules are in anybody's first ten."
    if lift is not None and lift > HIGH_LIFT:
        yield f"Recommended modules are {lift:.0%} more popular than those learners met before."


def _uncalibrated(metrics: Mapping[str, Any]) -> Iterator[str]:
    if metrics["ece"] > metrics["ece_by_chance"] + CALIBRATION_MARGIN:
        yield (
            f"p_success is off by {metrics['ece']:.3f} on average, more than chance explains "
            f"({metrics['ece_by_chance']:.3f})."
        )
