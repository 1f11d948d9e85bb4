"""Batches of rows as they come in, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Rows as they came in the JSON, anything; those over five minutes after `now` are refused."""

    rows: Sequence[Any]
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection:
    """A row that was refused."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """What became of the rows of one batch."""

    accepted: int
    duplicates: int
    rejected: Sequence[Rejection]
