"""The model card: what a snapshot is, from what, how good, for whom, and where it is weak.

References
----------
Mitchell, M. et al. (2019). Model cards for model reporting.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.fairness import FAIRNESS
from training.models import RANKING, SUCCESS
from training.personas.account import heading_of, rows_of, said_of
from training.provenance import Provenance
from training.weaknesses import MEASURES, NAMES, find_weaknesses

ABSENT = "–"
SUMMARY_CHARACTERS = 4_500  # MLflow keeps 5,000 of a version's description
COLUMNS = {
    RANKING: (
        "hr_at_1",
        "hr_at_10",
        "ndcg_at_10",
        "mrr",
        "coverage_at_10",
        "popularity_lift_at_10",
    ),
    SUCCESS: ("auc", "log_loss", "brier", "ece", "ece_by_chance", "n_attempts"),
}
SLICE_COLUMNS = {RANKING: ("hr_at_10", "ndcg_at_10"), SUCCESS: ("auc", "log_loss", "ece")}
USE = """\
Orders the modules a learner has not done yet, estimates the probability of success at each and the
mastery of each skill, so that an engine can propose the next module with its reasons. A person
can overrule it. It is not meant for grading, hiring, promotion or dismissal, and says nothing
about skills without evidence. Learner attributes are used for the slices below and, of them, the
role for what to propose to newcomers; no other attribute is a feature of any model."""


def write_card(document: Mapping[str, Any], provenance: Provenance) -> str:
    """Return the card of one training in Markdown.

    Parameters
    ----------
    document
        Its report.
    provenance
        The rest.
    """
    lines = [
        "# Model card",
        "",
        *_summary(document, provenance),
        "",
        "## Intended use and limits",
        "",
        *USE.splitlines(),
        "",
        "## Known weaknesses",
        "",
        *_bullets(find_weaknesses(document) or ["None that these numbers show."]),
        "",
        "## Data",
        "",
        *_bullets(_about_data(document, provenance)),
    ]
    for part in (RANKING, SUCCESS):
        if part in document:
            lines += ["", *_half(part, document)]
    lines += ["", "## Fairness", "", *_fairness(document[FAIRNESS])]
    lines += ["", "## Personas", "", *_personas(document["personas"])]
    lines += ["", "## Training settings", "", *_bullets(_settings(provenance))]
    lines += ["", "## To reproduce it", "", *_reproduction(document, provenance)]
    return "\n".join(lines) + "\n"


def summarise_card(card: str) -> str:
    """Return as much of a card's beginning as a registry shows, cut at the end of a line."""
    if len(card) <= SUMMARY_CHARACTERS:
        return card
    kept = card[:SUMMARY_CHARACTERS].rsplit("\n", 1)[0]
    return f"{kept}\n\n… the whole card is `model_card.md` among the run's artifacts.\n"


def _summary(document: Mapping[str, Any], provenance: Provenance) -> Iterator[str]:
    yield f"Trained {provenance.trained_at} on {provenance.n_rows['interactions']:,} interactions."
    yield ""
    for part, chosen in document["chosen"].items():
        metrics, measure = document[part][chosen], MEASURES[part]
        low_high = _interval(metrics.get(f"{measure}_ci"))
        compared = document["comparisons"][part][measure]
        beaten = sum(found["better_by"] > 0 and _is_clear(found) for found in compared.values())
        yield (
            f"- **{part}**: `{chosen}`, {NAMES[measure]} {metrics[measure]:.4f}{low_high} on "
            f"{document['n_learners']:,} held-out learners; clearly better than {beaten} of "
            f"{len(compared)} baselines."
        )


def _is_clear(found: Mapping[str, Any]) -> bool:
    return found["p_holm"] is not None and found["p_holm"] < 0.05


def _about_data(document: Mapping[str, Any], provenance: Provenance) -> Iterator[str]:
    yield f"SHA-256 `{provenance.tags['data_hash']}`"
    yield ", ".join(f"{count:,} {table}" for table, count in provenance.n_rows.items())
    yield provenance.span
    yield (
        f"{document['n_learners']:,} learners, fixed by their ids, held out; a tenth of the others "
        "chose settings and models"
    )


def _half(part: str, document: Mapping[str, Any]) -> Iterator[str]:
    chosen = document["chosen"][part]
    yield f"## {part.capitalize()}"
    yield ""
    columns = COLUMNS[part]
    rows = [
        [f"**{name}**" if name == chosen else name, *(_cell(metrics, one) for one in columns)]
        for name, metrics in document[part].items()
    ]
    yield from _table(["model", *(_heading(one) for one in columns)], rows)
    yield ""
    yield f"`{chosen}` against every baseline on the same learners (positive: better):"
    yield ""
    compared = [
        [NAMES[measure], rival, *_difference(found), _probability(found["p_holm"])]
        for measure, rivals in document["comparisons"][part].items()
        for rival, found in rivals.items()
    ]
    yield from _table(["measure", "against", "better by", "95 % interval", "p (Holm)"], compared)
    yield from _slices(part, document)


def _slices(part: str, document: Mapping[str, Any]) -> Iterator[str]:
    slices = document["slices"].get(part)
    if slices is None:
        return
    columns = SLICE_COLUMNS[part]
    cold = [
        {**row, "attribute": "cold", "value": name}
        for name, row in document["cold"][part].items()
        if isinstance(row, Mapping) and row["n_rows"]
    ]
    rows = [
        [
            row["attribute"],
            row["value"]
            if not row.get("pooled")
            else f"{row['value']}: {', '.join(row['pooled'])}",
            f"{row['n_learners']:,}",
            *(_cell(row["chosen"], one) for one in columns),
            *_difference(row),
        ]
        for row in [*slices["rows"], *cold]
    ]
    if rows:
        headings = ["attribute", "value", "learners", *(_heading(one) for one in columns)]
        yield ""
        yield f"In slices, and better than `{slices['baseline']}` by how much:"
        yield ""
        yield from _table([*headings, "better by", "95 % interval"], rows)
    if slices["too_small"]:
        yield ""
        yield (
            f"No group of {document['slices']['smallest']} learners: "
            f"{', '.join(slices['too_small'])}."
        )
    if slices["too_many_values"]:
        yield ""
        yield f"Too many values to slice by: {', '.join(slices['too_many_values'])}."


def _fairness(document: Mapping[str, Any]) -> Iterator[str]:
    overall = document["overall"]
    if overall is None:
        yield "Roles and goals of held-out learners ask for nothing: no gap could be closed."
        return
    yield (
        f"Ten modules would be shown to each of {document['n_learners']:,} held-out learners; "
        f"{overall['exposure']:.2f} of them close a gap of theirs, and together "
        f"{overall['gap_closed']:.2f} of what is asked. Groups of under {document['smallest']} "
        "learners are left out."
    )
    rows = [
        [
            group["attribute"],
            group["value"],
            f"{group['n_learners']:,}",
            f"{group['exposure']:.4f}",
            f"{group['gap_closed']:.4f}",
            f"{group['behind_others_by']:+.4f}",
            ABSENT
            if group["behind_others_by_ci"] is None
            else "{:+.4f} to {:+.4f}".format(*group["behind_others_by_ci"]),
            _probability(group["p_holm"]),
        ]
        for group in document["groups"]
    ]
    if rows:
        headings = ["attribute", "value", "learners", "exposure", "gap closed"]
        yield ""
        yield from _table([*headings, "behind all others by", "95 % interval", "p (Holm)"], rows)
    if document["too_small"]:
        yield ""
        yield f"No two groups of that size: {', '.join(document['too_small'])}."


def _personas(document: Mapping[str, Any]) -> Iterator[str]:
    yield " ".join(said_of(document))
    for persona in document["personas"]:
        yield ""
        yield f"**{heading_of(persona)}**"
        yield ""
        yield from _table(["what they do", "95 % interval"], rows_of(persona))


def _settings(provenance: Provenance) -> Iterator[str]:
    for part, settings in provenance.settings.items():
        yield f"{part}: {', '.join(f'{name} {value}' for name, value in settings.items())}"
    for name, value in provenance.learned.items():
        yield f"{name}: {value}"


def _reproduction(document: Mapping[str, Any], provenance: Provenance) -> Iterator[str]:
    yield "The same data, seed and code give the same snapshot checksum:"
    yield ""
    yield "```sh"
    yield f"git checkout {provenance.tags['git_revision'].removesuffix('+changes')}"
    yield "make setup"
    yield f"waymark train --from FOLDER --seed {document['seed']}"
    yield "```"
    yield ""
    yield from _bullets(f"{name}: `{value}`" for name, value in provenance.tags.items())
    yield from _bullets(
        [", ".join(f"{name} {version}" for name, version in provenance.environment.items())]
    )


def _bullets(lines: Iterator[str] | Sequence[str]) -> Iterator[str]:
    return (f"- {line}" for line in lines)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _cell(metrics: Mapping[str, Any], name: str) -> str:
    value = metrics[name]
    if value is None:
        return ABSENT
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}{_interval(metrics.get(f'{name}_ci'))}"


def _heading(name: str) -> str:
    known = {
        "ece": "ECE",
        "ece_by_chance": "ECE by chance",
        "mrr": "MRR",
        "brier": "Brier",
        "n_attempts": "attempts",
    }
    return known.get(
        name, NAMES.get(name, name.replace("hr_at_", "HR@").replace("_at_", "@").replace("_", " "))
    )


def _interval(bounds: Sequence[float] | None) -> str:
    return "" if bounds is None else f" ({bounds[0]:.4f} to {bounds[1]:.4f})"


def _difference(found: Mapping[str, Any]) -> tuple[str, str]:
    bounds = found["better_by_ci"]
    shown = ABSENT if bounds is None else f"{bounds[0]:+.4f} to {bounds[1]:+.4f}"
    return f"{found['better_by']:+.4f}", shown


def _probability(p: float | None) -> str:
    if p is None:
        return ABSENT
    return "< .0001" if p < 0.0001 else f"{p:.4f}"
