"""What is asked of the service about one learner."""

from dataclasses import dataclass
from datetime import datetime

from features.domain.catalogue import Policy
from features.domain.recommendation import RequestContext


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """What is asked.

    Attributes
    ----------
    learner_id
        Known or not.
    context
        The circumstances.
    asked_at
        Aware UTC.
    as_of
        Look back: rank as at this instant.
    policy
        Dry run: rank with this policy.
    """

    learner_id: str
    context: RequestContext
    asked_at: datetime
    as_of: datetime | None = None
    policy: Policy | None = None

    @property
    def is_for_the_record(self) -> bool:
        """Whether the answer is served to a learner, and not a dry run or a look back."""
        return self.as_of is None and self.policy is None
