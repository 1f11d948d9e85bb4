"""The company on paper: what its learning system knows before anyone learns anything."""

from dataclasses import dataclass
from datetime import datetime

from features.domain.catalogue import Catalogue
from features.domain.history import Assignment
from training.academy.people import Staff


@dataclass(frozen=True, kw_only=True)
class Company:
    """Offer, people and obligations as at `now` (aware UTC)."""

    catalogue: Catalogue
    staff: Staff
    assignments: tuple[Assignment, ...]
    now: datetime
