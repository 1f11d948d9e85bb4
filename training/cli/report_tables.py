"""The report of an evaluation as tables: models first, then comparisons, then slices."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from training.cli.console import out, table_of
from training.models import BOTH, RANKING, SUCCESS

RANKING_COLUMNS = {
    "hr_at_10": "HR@10",
    "mrr": "MRR",
    "coverage_at_10": "coverage",
    "popularity_lift_at_10": "lift",
    "ndcg_at_10": "NDCG@10",
}
SUCCESS_COLUMNS = {"auc": "AUC", "log_loss": "log loss", "brier": "Brier", "ece": "ECE"}
MEASURES = {"ndcg_at_10": "NDCG@10", "log_loss": "log loss", "auc": "AUC"}
SLICE_COLUMNS = {
    RANKING: {"hr_at_10": "HR@10", "ndcg_at_10": "NDCG@10"},
    SUCCESS: {"auc": "AUC", "ece": "ECE", "log_loss": "log loss"},
}
COLD_NAMES = {
    (RANKING, "learners"): "no history",
    (RANKING, "modules"): "modules not met",
    (SUCCESS, "learners"): "first attempts",
    (SUCCESS, "modules"): "modules not tried",
}
ABSENT = "–"


def print_report(document: Mapping[str, Any], asked: frozenset[str] = BOTH) -> None:
    """Print the tables of the parts asked for; the chosen models are marked with an asterisk."""
    judged = [part for part in (RANKING, SUCCESS) if part in asked and part in document]
    for part in (RANKING, SUCCESS):
        if part in asked and part not in document:
            out.print(f"No {part} to judge: the data has nothing held out for it.")
    for part in judged:
        _print_models(part, document)
        _print_comparisons(part, document)
    for part in judged:
        _print_slices(part, document)
    out.print(
        f"{document['seconds']:.0f} s, {document['peak_memory_mb']:.0f} MiB at most; "
        "* chosen on validation learners; intervals are 95 %"
    )


def _print_models(part: str, document: Mapping[str, Any]) -> None:
    columns = RANKING_COLUMNS if part == RANKING else SUCCESS_COLUMNS
    chosen, extra = document["chosen"].get(part), "interval" if part == RANKING else "attempts"
    rows = []
    for name, metrics in document[part].items():
        last = _span(metrics["ndcg_at_10_ci"]) if part == RANKING else f"{metrics['n_attempts']:,}"
        values = (_number(metrics[column]) for column in columns)
        rows.append((f"{name} *" if name == chosen else name, *values, last))
    about = f"{document['n_learners']:,} held-out learners, {document['n_modules']:,} modules"
    title = f"{part} · {document['protocol']} · {about}"
    out.print(table_of(title, ("model", *columns.values(), extra), rows))


def _print_comparisons(part: str, document: Mapping[str, Any]) -> None:
    compared = document["comparisons"].get(part, {})
    rows: list[tuple[str, ...]] = [
        (MEASURES[measure], rival, _better(found), _p_value(found["p_holm"]))
        for measure, rivals in compared.items()
        for rival, found in rivals.items()
    ]
    if rows:
        title = f"{document['chosen'][part]} against every baseline, on the same learners"
        headings = ("measure", "against", "better by", "p (Holm)")
        out.print(table_of(title, headings, rows))


def _print_slices(part: str, document: Mapping[str, Any]) -> None:
    slices, cold = document["slices"].get(part), document["cold"].get(part, {})
    if slices is None:
        return
    rows: list[tuple[str, ...]] = []
    attribute = None
    for found in slices["rows"]:
        if found["attribute"] != attribute:
            attribute = found["attribute"]
            rows.append((f"[bold]{escape(attribute)}[/]",))
        rows.append(_slice_cells(part, found["value"], found))
    met = [name for name in ("learners", "modules") if cold[name]["n_rows"]]
    if met:
        rows.append(("[bold]cold[/]",))
        rows += [_slice_cells(part, COLD_NAMES[part, name], cold[name]) for name in met]
    headings = SLICE_COLUMNS[part]
    counted = "learners" if part == RANKING else "attempts"
    title = f"{part} in slices: {slices['chosen']}, and by how much it beats {slices['baseline']}"
    if rows:
        out.print(table_of(title, ("", counted, *headings.values(), "better by"), rows))
    else:
        out.print(title)
    _print_notes(part, document)


def _print_notes(part: str, document: Mapping[str, Any]) -> None:
    slices, cold = document["slices"][part], document["cold"][part]
    notes = [
        f"none cold: {COLD_NAMES[part, name]}"
        for name in ("learners", "modules")
        if not cold[name]["n_rows"]
    ]
    if cold.get("n_without_question"):
        notes.append(f"{cold['n_without_question']:,} held-out learners met no new module")
    smallest = document["slices"]["smallest"]
    if slices["too_small"]:
        notes.append(f"no group of {smallest} learners: {', '.join(slices['too_small'])}")
    if slices["too_many_values"]:
        notes.append(f"too many values: {', '.join(slices['too_many_values'])}")
    pooled = [
        f"{len(found['pooled'])} of {found['attribute']}"
        for found in slices["rows"]
        if found["pooled"]
    ]
    if pooled:
        notes.append(f"groups under {smallest} learners, measured together: {', '.join(pooled)}")
    for note in notes:
        out.print(f"  {note}", markup=False, highlight=False)


def _slice_cells(part: str, name: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    counted = found["n_learners"] if part == RANKING else found["n_rows"]
    values = (_number(found["chosen"][column]) for column in SLICE_COLUMNS[part])
    return (f"  {escape(name)}", f"{counted:,}", *values, _better(found))


def _better(found: Mapping[str, Any]) -> str:
    if found["better_by_ci"] is None:
        return f"{found['better_by']:+.4f}"
    return f"{found['better_by']:+.4f} ± {found['better_by_ci'][1] - found['better_by']:.4f}"


def _number(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.4f}"


def _span(interval: list[float]) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}"


def _p_value(p: float | None) -> str:
    if p is None:
        return ABSENT
    return "< .0001" if p < 0.0001 else f"{p:.4f}"
