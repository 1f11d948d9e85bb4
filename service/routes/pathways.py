"""Pathways, and where learners stand on them."""

from collections.abc import Mapping

from fastapi import APIRouter

from features.decide.pathway_checks import check_pathway
from features.decide.progress import journey_of
from features.domain.catalogue import Pathway
from features.domain.errors import NotFoundError
from features.domain.recommendation import DecisionRequest, RequestContext
from features.store.revisions import CATALOGUE, EXPERIMENTS
from service.auth import Analyst, Cataloguer, CatalogueReader
from service.badges import badges_of
from service.routes.paths import After, Limit, PathId, page_of, require_same_ids
from service.schemas.pages import Page
from service.schemas.pathways import JourneyView, PathwayBody, PathwayView
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["pathways"])


@router.put("/pathways/{pathway_id}", response_model=PathwayView)
def put_pathway(
    pathway_id: PathId, body: PathwayBody, caller: Cataloguer, service: CurrentService, now: Now
) -> Pathway:
    """Write a pathway, replacing what it was before.

    Refused are circles, steps that can never be reached, conditions that contradict themselves
    and modules that do not exist, each by name.
    """
    require_same_ids({"pathway_id": body.pathway_id}, {"pathway_id": pathway_id})
    pathway = body.to_domain(pathway_id)
    check_pathway(pathway)
    with service.database.transaction() as repositories:
        repositories.catalogue.put_pathway(pathway)
        repositories.audit.add(
            at=now,
            actor=caller.key_id,
            action="pathway.put",
            subject=pathway_id,
            detail={"version": pathway.version},
        )
    return pathway


@router.get("/pathways", response_model=Page[PathwayView])
def list_pathways(
    _caller: CatalogueReader, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List pathways in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_pathways(after, limit + 1)
    return page_of(rows, limit, "pathway_id")


@router.get("/pathways/{pathway_id}", response_model=PathwayView)
def get_pathway(pathway_id: PathId, _caller: CatalogueReader, service: CurrentService) -> Pathway:
    """Return a pathway."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_pathway(pathway_id)


@router.get("/learners/{learner_id}/journey", response_model=JourneyView)
def get_journey(
    learner_id: PathId, _caller: Analyst, service: CurrentService, now: Now
) -> Mapping[str, object]:
    """Return where a learner stands: steps done, next, locked and why, milestones, time left.

    In an experiment on pathways these are the learner's own variant's.
    """
    with service.database.reading() as repositories:
        revisions = repositories.revisions.all()
        scorer = service.rankings.at(revisions[CATALOGUE], repositories)
        history = repositories.learners.history(learner_id)
        if not history.is_known:
            raise NotFoundError.of_learner(learner_id)
        request = DecisionRequest(history=history, context=RequestContext(), now=now)
        arm = service.arms.find(repositories, revisions[EXPERIMENTS], scorer, request)
    pathways = journey_of(request, arm.scorer if arm is not None else scorer)
    return {
        "learner_id": learner_id,
        "as_of": now,
        "pathways": pathways,
        "badges": badges_of(learner_id, pathways),
    }
