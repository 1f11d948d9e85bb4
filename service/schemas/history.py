"""Events, evidence and outcomes on the wire: many rows, each taken or refused by itself."""

from typing import Annotated

from pydantic import ConfigDict, Field, SkipValidation

from features.domain.history import Event, Evidence, Interaction, Outcome, derive_event_id
from features.forms import Form, Id, Instant, Unit, Whole
from service.schemas.fields import Prose, View, Word

MAX_ROWS = 1_000


class FactRow(Form):
    """Something known of a learner at an instant."""

    learner_id: Id
    at: Instant


class EventRow(FactRow):
    """An interaction of a learner with a module."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "event_id": "lms-000017",
                    "learner_id": "u1",
                    "module_id": "accounting-basics",
                    "event": "completed",
                    "at": "2026-11-20T09:30:00Z",
                    "score": 0.8,
                }
            ]
        }
    )

    module_id: Id
    event: Annotated[Event, Field(strict=False)]
    score: Unit | None = Field(None, description="With `rated`: the rating.")
    success: bool | None = None
    duration_seconds: float | None = Field(
        None, ge=0, le=1e9, description="How long it had taken by `at`: `at` is when it ended."
    )
    attempt: Whole | None = Field(None, ge=0, le=2_147_483_647)
    event_id: Id | None = Field(
        None, description="A hash of learner, module, event, at and attempt where absent."
    )
    comment: Prose | None = None
    recommendation_id: Id | None = Field(None, description="The recommendation it followed.")

    def to_domain(self) -> Interaction:
        """Make the interaction."""
        event_id = self.event_id or derive_event_id(
            self.learner_id, self.module_id, self.event, self.at, self.attempt
        )
        return Interaction(**vars(self) | {"event_id": event_id})


class EvidenceRow(FactRow):
    """A direct judgement of a skill."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "learner_id": "u1",
                    "skill_id": "accounting",
                    "level": 0.6,
                    "source": "manager",
                    "at": "2026-11-20T09:30:00Z",
                }
            ]
        }
    )

    skill_id: Id
    level: Unit
    source: Word = Field(description="Such as assessment, self, manager, peer, performance.")

    def to_domain(self) -> Evidence:
        """Make the evidence."""
        return Evidence(**vars(self))


class OutcomeRow(FactRow):
    """A business result of a learner."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "learner_id": "u1",
                    "metric": "errors_per_week",
                    "value": 3,
                    "at": "2026-11-20T09:30:00Z",
                }
            ]
        }
    )

    metric: Word
    value: float

    def to_domain(self) -> Outcome:
        """Make the outcome."""
        return Outcome(**vars(self))


# Rows are described here and checked one by one, so that a bad row refuses itself alone.
EventRows = Annotated[list[SkipValidation[EventRow]], Field(max_length=MAX_ROWS)]
EvidenceRows = Annotated[list[SkipValidation[EvidenceRow]], Field(max_length=MAX_ROWS)]
OutcomeRows = Annotated[list[SkipValidation[OutcomeRow]], Field(max_length=MAX_ROWS)]


class EventsBody(Form):
    """Up to 1000 events."""

    events: EventRows


class EvidenceBody(Form):
    """Up to 1000 judgements."""

    evidence: EvidenceRows


class OutcomesBody(Form):
    """Up to 1000 outcomes."""

    outcomes: OutcomeRows


class RejectionView(View):
    """A row that was refused: its place in the request, a stable code, and why."""

    index: int
    code: str
    detail: str


class BatchView(View):
    """What became of the rows; those accepted are on disk."""

    accepted: int
    duplicates: int
    rejected: list[RejectionView]
