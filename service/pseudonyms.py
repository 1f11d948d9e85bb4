"""Learner ids are pseudonyms: one that looks like an email address is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from service.problems import InvalidFieldsError

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
REMEDY = (
    "It looks like an email address, and ids are kept and logged. Send a pseudonym, or set "
    "WAYMARK_ALLOW_EMAIL_IDS."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pseudonyms:
    """Says which learner ids are taken."""

    allow_emails: bool

    def allow(self, learner_id: str | None) -> bool:
        """Tell whether an id is no email address, or may be one."""
        return self.allow_emails or learner_id is None or _EMAIL.fullmatch(learner_id) is None

    def require(self, ids: Mapping[str, str | None]) -> None:
        """Refuse ids that look like email addresses.

        Parameters
        ----------
        ids
            By the name of the field.

        Raises
        ------
        InvalidFieldsError
            Naming every one of them.
        """
        refused = {name: REMEDY for name, each in ids.items() if not self.allow(each)}
        if refused:
            raise InvalidFieldsError(refused)
