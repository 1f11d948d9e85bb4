"""What learners did, what is known of their skills, and what came of it."""

from fastapi import APIRouter

from service.auth import EventSender
from service.batches import Batch, Intake
from service.intake import EVIDENCE, OUTCOMES, take_in
from service.schemas.history import BatchView, EventsBody, EvidenceBody, OutcomesBody
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["events"])


@router.post("/events", response_model=BatchView)
async def send_events(
    body: EventsBody, _caller: EventSender, service: CurrentService, now: Now
) -> Intake:
    """Take up to 1000 events; those accepted are on disk.

    The same `event_id` twice is one event, the first wins. A row that cannot be taken is refused
    by itself, with a code: `invalid_value`, or `erased` for an erased learner.
    """
    return await service.events.ask(Batch(rows=body.events, now=now))


@router.post("/evidence", response_model=BatchView)
def send_evidence(
    body: EvidenceBody, _caller: EventSender, service: CurrentService, now: Now
) -> Intake:
    """Take up to 1000 direct judgements of skills, answered like events."""
    return take_in(service, EVIDENCE, [Batch(rows=body.evidence, now=now)])[0]


@router.post("/outcomes", response_model=BatchView)
def send_outcomes(
    body: OutcomesBody, _caller: EventSender, service: CurrentService, now: Now
) -> Intake:
    """Take up to 1000 business results of learners, answered like events."""
    return take_in(service, OUTCOMES, [Batch(rows=body.outcomes, now=now)])[0]
