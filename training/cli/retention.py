"""`waymark retention`: delete what is older than the workspace keeps."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

import typer

from features.domain.errors import InvalidValueError
from features.settings import Settings, read_settings
from features.store.workspace import Workspace
from training.cli.console import JsonFlag, named_failures, now, out, print_json, workspace_of


def retention(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would go, and delete nothing.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Delete events and recommendations older than WAYMARK_KEEP_…_DAYS; for a daily schedule."""
    with named_failures():
        settings = read_settings()
        cutoffs = cutoffs_of(settings, now())
        with workspace_of(settings) as workspace:
            counts = (_count if dry_run else _delete)(workspace, cutoffs)
    if json:
        print_json({"dry_run": dry_run, "before": _written(cutoffs), "rows": counts})
        return
    verb = "would go" if dry_run else "deleted"
    for kind, at in cutoffs.items():
        out.print(f"{kind} from before {at:%Y-%m-%d %H:%M} UTC", highlight=False)
    for table, n_rows in counts.items():
        out.print(f"  {table}: {n_rows:,} rows {verb}", highlight=False)


def cutoffs_of(settings: Settings, at: datetime) -> dict[str, datetime]:
    """Return, for each kind of rows that is not kept for ever, from when on it is kept.

    Raises
    ------
    InvalidValueError
        If everything is kept for ever.
    """
    days = {
        "events": settings.keep_events_days,
        "recommendations": settings.keep_recommendations_days,
    }
    cutoffs = {kind: at - timedelta(days=n) for kind, n in days.items() if n}
    if not cutoffs:
        raise InvalidValueError(
            "everything is kept for ever: set WAYMARK_KEEP_EVENTS_DAYS or "
            "WAYMARK_KEEP_RECOMMENDATIONS_DAYS to a number of days"
        )
    return cutoffs


def _count(workspace: Workspace, cutoffs: Mapping[str, datetime]) -> dict[str, int]:
    with workspace.reading() as repositories:
        counts = (repositories.retention.count(kind, at) for kind, at in cutoffs.items())
        return {table: n_rows for found in counts for table, n_rows in found.items()}


def _delete(workspace: Workspace, cutoffs: Mapping[str, datetime]) -> dict[str, int]:
    """Delete in many short transactions, so that the service goes on; then put it on record."""
    deleted: Counter[str] = Counter()
    for kind, before in cutoffs.items():
        while True:
            with workspace.transaction() as repositories:
                some = repositories.retention.delete_some(kind, before)
            if not some:
                break
            deleted.update(some)
    with workspace.transaction() as repositories:
        detail = {"before": _written(cutoffs), "rows": dict(deleted)}
        repositories.audit.add(
            at=now(), actor="command line", action="retention.apply", detail=detail
        )
    return dict(deleted)


def _written(cutoffs: Mapping[str, datetime]) -> dict[str, str]:
    return {kind: at.isoformat() for kind, at in cutoffs.items()}
