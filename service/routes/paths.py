"""Ids and pages as they stand in paths and queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BeforeValidator

from features.domain.errors import InvalidValueError
from features.domain.instants import require_not_future
from features.forms import Id, Instant
from service.problems import InvalidFieldsError

MAX_PAGE = 1_000


def unescape(segment: Any) -> Any:
    """Undo the escapes of `service.middleware.KeepSegments`."""
    return segment.replace("%2F", "/").replace("%25", "%") if isinstance(segment, str) else segment


PathId = Annotated[Id, BeforeValidator(unescape), Path(description="Percent-encode `/`.")]
AsOf = Annotated[
    Instant | None,
    Query(description="Tell as at this instant, in the past: what came later is ignored."),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
After = Annotated[Id | None, Query(description="The `next` of the page before.")]


def require_same_ids(repeated: Mapping[str, str | None], path: Mapping[str, str]) -> None:
    """Refuse a body that repeats an id of its path differently.

    Raises
    ------
    InvalidFieldsError
        Naming every id that differs.
    """
    differing = {
        name: f"It differs from the id in the path, {path[name]!r}. Leave it out or make it equal."
        for name, value in repeated.items()
        if value not in (None, path[name])
    }
    if differing:
        raise InvalidFieldsError(differing)


def require_past(at: datetime, now: datetime, field: str) -> None:
    """Refuse an instant that has not come.

    Raises
    ------
    InvalidFieldsError
        If it lies more than five minutes after `now`; it names `field`.
    """
    try:
        require_not_future(at, now)
    except InvalidValueError as error:
        raise InvalidFieldsError({field: error.detail}) from error


def page_of[Row](rows: Sequence[Row], limit: int, cursor: str) -> Mapping[str, object]:
    """Cut one page out of rows read with `limit` + 1.

    Parameters
    ----------
    rows
        In order of the cursor; one more than `limit` says there is a next page.
    limit
        At least 1.
    cursor
        The name of the field the list is ordered by.
    """
    items = list(rows[:limit])
    last = getattr(items[-1], cursor) if len(rows) > limit else None
    return {"items": items, "next": last}


def rows_after[Row](rows: Iterable[Row], after: str | None, cursor: str) -> list[Row]:
    """Return rows behind a cursor, in its order; for lists that are read whole."""
    ordered = sorted(rows, key=lambda row: str(getattr(row, cursor)))
    return [row for row in ordered if after is None or str(getattr(row, cursor)) > after]
