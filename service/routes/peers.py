"""Peers: who can help a learner with a skill."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from features.forms import Id
from service.auth import Analyst
from service.peers import find_peers
from service.routes.paths import PathId
from service.schemas.peers import PeersView
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["learners"])

SkillId = Annotated[Id, Query(description="What the learner wants help with.")]
FewPeers = Annotated[int, Query(ge=1, le=10, description="How many at most.")]


@router.get("/learners/{learner_id}/peers", response_model=PeersView)
def get_peers(
    learner_id: PathId,
    skill_id: SkillId,
    _caller: Analyst,
    service: CurrentService,
    now: Now,
    limit: FewPeers = 3,
) -> Mapping[str, object]:
    """Name who has a skill, is willing to help, and was not named to too many of late.

    Only learners with `mentor` true are named, never a manager to those they manage or the
    reverse. For two weeks the same learner is named the same people for a skill; that they were
    named is kept, so that the load is spread.
    """
    return find_peers(service, learner_id, skill_id, limit, now)
