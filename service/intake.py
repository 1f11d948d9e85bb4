"""Rows as they come in: each is checked by itself, and the good ones are committed together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from features.domain.errors import ErasedError, InvalidValueError
from features.domain.instants import require_not_future
from features.store.workspace import Repositories
from service.batches import Batch, Intake, Rejection
from service.problems import offending_fields
from service.pseudonyms import REMEDY
from service.schemas.history import EventRow, EvidenceRow, FactRow, OutcomeRow
from service.state import Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind[Row: FactRow]:
    """A kind of row: its name, its schema, and what keeps rows.

    `keep` says of each of several batches how many rows were new, as if they had come one after
    the other.
    """

    name: str
    schema: type[Row]
    keep: Callable[[Repositories, Sequence[Sequence[Row]]], list[int]]


def keep_events(repositories: Repositories, batches: Sequence[Sequence[EventRow]]) -> list[int]:
    """Keep the events of several batches at once; of several with one id the first wins."""
    events = [[row.to_domain() for row in rows] for rows in batches]
    new = set(repositories.events.add([one for batch in events for one in batch]))
    n_new = []
    for batch in events:
        first = new.intersection(one.event_id for one in batch)
        n_new.append(len(first))
        new -= first
    return n_new


EVENTS: Kind[EventRow] = Kind(name="events", schema=EventRow, keep=keep_events)
EVIDENCE: Kind[EvidenceRow] = Kind(
    name="evidence",
    schema=EvidenceRow,
    keep=lambda repositories, batches: [
        repositories.events.add_evidence([row.to_domain() for row in rows]) for rows in batches
    ],
)
OUTCOMES: Kind[OutcomeRow] = Kind(
    name="outcomes",
    schema=OutcomeRow,
    keep=lambda repositories, batches: [
        repositories.events.add_outcomes([row.to_domain() for row in rows]) for rows in batches
    ],
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Checked[Row: FactRow]:
    """A batch of which the good rows, by their place, are still to be kept."""

    now: datetime
    good: dict[int, Row]
    rejected: list[Rejection]


def take_in[Row: FactRow](
    service: Service, kind: Kind[Row], batches: Sequence[Batch]
) -> list[Intake]:
    """Check rows one by one and commit the good ones of all batches in one transaction.

    Parameters
    ----------
    service
        Database and metrics.
    kind
        What the rows are.
    batches
        In order of arrival.

    Raises
    ------
    StoreUnavailableError
        If the database does not answer; nothing was kept then.
    """
    checked = [_check(service, kind, batch) for batch in batches]
    if not any(each.good for each in checked):
        return [_answer(service, kind, each, 0) for each in checked]
    with service.database.transaction() as repositories:
        erased = repositories.learners.erased_among(
            {row.learner_id for each in checked for row in each.good.values()}
        )
        for each in checked:
            _refuse(each, [i for i, row in each.good.items() if row.learner_id in erased], ERASED)
        n_new = kind.keep(repositories, [list(each.good.values()) for each in checked])
    return [_answer(service, kind, each, n) for each, n in zip(checked, n_new, strict=True)]


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


NAMED = (InvalidValueError.code, f"learner_id: {REMEDY}")
ERASED = (ErasedError.code, "The learner was erased; nothing more is kept about them.")


def _check[Row: FactRow](service: Service, kind: Kind[Row], batch: Batch) -> _Checked[Row]:
    good, rejected = read_rows(kind.schema, batch.rows, batch.now)
    checked = _Checked(now=batch.now, good=good, rejected=rejected)
    allow = service.pseudonyms.allow
    _refuse(checked, [i for i, row in good.items() if not allow(row.learner_id)], NAMED)
    return checked


def _refuse[Row: FactRow](
    checked: _Checked[Row], indices: Sequence[int], why: tuple[str, str]
) -> None:
    code, detail = why
    for index in indices:
        del checked.good[index]
        checked.rejected.append(Rejection(index=index, code=code, detail=detail))


def _answer[Row: FactRow](
    service: Service, kind: Kind[Row], checked: _Checked[Row], n_new: int
) -> Intake:
    """Count a batch whose rows are kept and say what became of it."""
    if kind.name == EVENTS.name:
        service.metrics.arrived((row.at for row in checked.good.values()), checked.now)
    rejected = sorted(checked.rejected, key=lambda rejection: rejection.index)
    n_again = len(checked.good) - n_new
    counted = {"accepted": n_new, "duplicates": n_again, "rejected": len(rejected)}
    for result, count in counted.items():
        service.metrics.events.labels(kind.name, result).inc(count)
    return Intake(accepted=n_new, duplicates=n_again, rejected=rejected)
