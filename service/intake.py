"""Rows as they come in: each is checked by itself, and the good ones are committed together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from features.domain.errors import ErasedError, InvalidValueError
from features.domain.instants import require_not_future
from features.store.workspace import Repositories
from service.problems import offending_fields
from service.pseudonyms import REMEDY
from service.schemas.history import EventRow, EvidenceRow, FactRow, OutcomeRow
from service.state import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """A row that was refused."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """What became of the rows of one request."""

    accepted: int
    duplicates: int
    rejected: Sequence[Rejection]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind[Row: FactRow]:
    """A kind of row: its name, its schema, and what keeps rows and says how many were new."""

    name: str
    schema: type[Row]
    keep: Callable[[Repositories, Sequence[Row]], int]


EVENTS: Kind[EventRow] = Kind(
    name="events",
    schema=EventRow,
    keep=lambda repositories, rows: len(repositories.events.add([row.to_domain() for row in rows])),
)
EVIDENCE: Kind[EvidenceRow] = Kind(
    name="evidence",
    schema=EvidenceRow,
    keep=lambda repositories, rows: repositories.events.add_evidence(
        [row.to_domain() for row in rows]
    ),
)
OUTCOMES: Kind[OutcomeRow] = Kind(
    name="outcomes",
    schema=OutcomeRow,
    keep=lambda repositories, rows: repositories.events.add_outcomes(
        [row.to_domain() for row in rows]
    ),
)


def take_in[Row: FactRow](
    service: Service, kind: Kind[Row], rows: Sequence[Any], now: datetime
) -> Intake:
    """Check rows one by one and commit the good ones in one transaction.

    Parameters
    ----------
    service
        Database and metrics.
    kind
        What the rows are.
    rows
        As they came in the JSON; anything.
    now
        Rows more than five minutes after it are refused.

    Raises
    ------
    StoreUnavailableError
        If the database does not answer; nothing was kept then.
    """
    good, rejected = read_rows(kind.schema, rows, now)
    named = [index for index, row in good.items() if not service.pseudonyms.allow(row.learner_id)]
    for index in named:
        del good[index]
        detail = f"learner_id: {REMEDY}"
        rejected.append(Rejection(index=index, code=InvalidValueError.code, detail=detail))
    n_new = n_kept = 0
    if good:
        with service.database.transaction() as repositories:
            erased = repositories.learners.erased_among({row.learner_id for row in good.values()})
            rejected += [_erased(i) for i, row in good.items() if row.learner_id in erased]
            kept = [row for row in good.values() if row.learner_id not in erased]
            n_kept, n_new = len(kept), kind.keep(repositories, kept)
    if kind.name == EVENTS.name:
        service.metrics.arrived((row.at for row in good.values()), now)
    rejected.sort(key=lambda rejection: rejection.index)
    counted = {"accepted": n_new, "duplicates": n_kept - n_new, "rejected": len(rejected)}
    for result, count in counted.items():
        service.metrics.events.labels(kind.name, result).inc(count)
    return Intake(accepted=n_new, duplicates=n_kept - n_new, rejected=rejected)


def read_rows[Row: FactRow](
    schema: type[Row], rows: Sequence[Any], now: datetime
) -> tuple[dict[int, Row], list[Rejection]]:
    """Sort rows into good ones, by their place, and refused ones."""
    good: dict[int, Row] = {}
    rejected: list[Rejection] = []
    for index, row in enumerate(rows):
        try:
            read = schema.model_validate(row)
            require_not_future(read.at, now)
        except ValidationError as error:
            detail = "; ".join(
                f"{each['field']}: {each['detail']}"
                for each in offending_fields(error.errors(include_url=False))
            )
            rejected.append(Rejection(index=index, code=InvalidValueError.code, detail=detail))
        except InvalidValueError as error:
            rejected.append(Rejection(index=index, code=error.code, detail=f"at: {error.detail}"))
        else:
            good[index] = read
    return good, rejected


def _erased(index: int) -> Rejection:
    detail = "The learner was erased; nothing more is kept about them."
    return Rejection(index=index, code=ErasedError.code, detail=detail)
