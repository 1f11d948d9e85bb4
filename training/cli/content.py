"""`waymark content`: what is stale, what nobody teaches, what loses or bores its learners."""

from pathlib import Path
from typing import Annotated

import typer

from features.settings import read_settings
from features.store.registry import Registry
from training.champion import read_champion
from training.cli.console import JsonFlag, err, named_failures, now, out, print_json, table_of
from training.cli.reading import read_histories
from training.content.rates import FEWEST_LEARNERS
from training.content.report import ContentReport, Finding, report_content

MOST_ROWS = 20


def content(
    folder: Annotated[
        Path | None,
        typer.Option("--from", help="A history folder; the database otherwise."),
    ] = None,
    *,
    json_output: JsonFlag = False,
) -> None:
    """Report stale modules, skills nobody teaches, and modules that lose or bore their learners."""
    with named_failures():
        settings = read_settings()
        with err.status("asking the registry …"):
            champion = read_champion(Registry(settings.tracking_uri, settings.model_name))
        data = read_histories(folder, settings, quiet=json_output)
        with err.status("looking through the content …"):
            found = report_content(data, champion, now())
    if json_output:
        print_json(found.to_document())
    else:
        print_content(found)


def print_content(found: ContentReport) -> None:
    """Print a table for each question, at most `MOST_ROWS` rows long, and what it rests on."""
    _print("Stale modules", ("module", "why", "days since updated"), _stale_rows(found))
    _print(
        "Skills taught to a lower level than roles ask for",
        ("skill", "taught up to", "asked for", "modules", "roles", "learners"),
        _untaught_rows(found),
    )
    columns = ("module", "sign", "learners", "share or mean", "95 % interval", "usual")
    _print("Modules that lose their learners", columns, _sign_rows(found.losing))
    _print("Modules that bore their learners", columns, _sign_rows(found.boring))
    levels = f"version {found.snapshot_version}" if found.snapshot_version else "authored levels"
    out.print(
        f"{found.n_modules:,} modules and {found.n_learners:,} learners as at "
        f"{found.as_at:%Y-%m-%d}; levels by {levels}. Shares and means of fewer than "
        f"{FEWEST_LEARNERS} learners are left out; the others are drawn to what is usual.",
        soft_wrap=True,
    )


def _print(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    if not rows:
        out.print(f"{title}: none found.\n", markup=False)
        return
    out.print(table_of(title, columns, rows[:MOST_ROWS]))
    if len(rows) > MOST_ROWS:
        out.print(f"… and {len(rows) - MOST_ROWS:,} more rows: `--json` has all.\n", markup=False)


def _stale_rows(found: ContentReport) -> list[tuple[str, ...]]:
    return [
        (one.title, one.why, "" if one.age_days is None else f"{one.age_days:,.0f}")
        for one in found.stale
    ]


def _untaught_rows(found: ContentReport) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            "" if one.taught is None else f"{one.taught:.2f}",
            f"{one.target:.2f}",
            str(one.n_modules),
            str(len(one.role_ids)),
            f"{one.n_learners:,}",
        )
        for one in found.untaught
    ]


def _sign_rows(findings: tuple[Finding, ...]) -> list[tuple[str, ...]]:
    return [
        (
            one.title,
            sign.name,
            f"{sign.n_learners:,}",
            f"{sign.value:.2f}",
            f"{sign.low:.2f} – {sign.high:.2f}",
            f"{sign.usual:.2f}",
        )
        for one in findings
        for sign in one.signs
    ]
