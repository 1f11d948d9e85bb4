"""Retention: what is older than the workspace keeps is deleted, a few rows at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, select

from features.domain.instants import FIRST_INSTANT_SECONDS, from_microseconds
from features.store import tables

ROWS_A_TIME = 1_000
_FIRST_INSTANT = from_microseconds(FIRST_INSTANT_SECONDS * 1_000_000)


@dataclass(frozen=True, kw_only=True)
class _Aging:
    """Rows that grow old: their table, what names one, and since when each is there.

    `with_them` are columns of other tables with the same name, whose rows go with these.
    """

    table: Table
    key: Column[object]
    since: Column[datetime]
    with_them: tuple[Column[object], ...] = ()


def _journal(table: Table) -> _Aging:
    return _Aging(table=table, key=table.c.sequence, since=table.c.at)


# By what a period is of.
_AGING: Mapping[str, tuple[_Aging, ...]] = {
    "events": (
        _journal(tables.interactions),
        _journal(tables.evidence),
        _journal(tables.outcomes),
        _Aging(
            table=tables.assessments,
            key=tables.assessments.c.assessment_id,
            since=tables.assessments.c.started_at,
        ),
    ),
    "recommendations": (
        _Aging(
            table=tables.recommendations,
            key=tables.recommendations.c.recommendation_id,
            since=tables.recommendations.c.served_at,
            with_them=(tables.feedback.c.recommendation_id, tables.exposures.c.recommendation_id),
        ),
    ),
}
KINDS = tuple(_AGING)


class Retention:
    """Counts and deletes what has grown old; ordinals, which have no age, stay."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, kind: str, before: datetime) -> Mapping[str, int]:
        """Return how many rows of each table are from before an instant.

        Parameters
        ----------
        kind
            One of `KINDS`.
        before
            Aware UTC.
        """
        return {
            each.table.name: self._connection.scalar(
                select(func.count()).select_from(each.table).where(_is_old(each, before))
            )
            or 0
            for each in _AGING[kind]
        }

    def delete_some(self, kind: str, before: datetime) -> Mapping[str, int]:
        """Delete up to `ROWS_A_TIME` rows of one table with what goes with them.

        Returns
        -------
        mapping
            Table → rows deleted; empty where nothing of that age is left.
        """
        for each in _AGING[kind]:
            old = select(each.key).where(_is_old(each, before)).order_by(each.key)
            keys = list(self._connection.scalars(old.limit(ROWS_A_TIME)))
            if keys:
                return {
                    column.table.name: self._delete(column, keys)
                    for column in (*each.with_them, each.key)
                }
        return {}

    def _delete(self, column: Column[object], keys: list[object]) -> int:
        return self._connection.execute(delete(column.table).where(column.in_(keys))).rowcount


def _is_old(aging: _Aging, before: datetime) -> ColumnElement[bool]:
    return (aging.since < before) & (aging.since >= _FIRST_INSTANT)
