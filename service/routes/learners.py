"""Learners, what they owe, where they stand; export and erasure."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from features.decide.decide import skill_standings
from features.domain.errors import NotFoundError
from features.domain.history import Assignment, Learner
from features.domain.recommendation import DecisionRequest, RequestContext
from service.auth import Administrator, Analyst, Cataloguer
from service.routes.paths import (
    After,
    AsOf,
    Limit,
    PathId,
    page_of,
    require_past,
    require_same_ids,
    rows_after,
)
from service.schemas.learners import (
    AssignmentBody,
    AssignmentView,
    ErasedView,
    LearnerBody,
    LearnerView,
    SkillStandingsView,
)
from service.schemas.pages import Page
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["learners"])


@router.put("/learners/{learner_id}", response_model=LearnerView)
def put_learner(
    learner_id: PathId, body: LearnerBody, caller: Cataloguer, service: CurrentService, now: Now
) -> Learner:
    """Describe a learner, replacing what was said before. Fields of your own become attributes.

    `personalised` stays as it was chosen where it is left out; a choice is audited.
    """
    require_same_ids({"learner_id": body.learner_id}, {"learner_id": learner_id})
    service.pseudonyms.require({"learner_id": learner_id, "manager_id": body.manager_id})
    learner = body.to_domain(learner_id)
    with service.database.transaction() as repositories:
        if body.personalised is not None:
            repositories.audit.add(
                at=now,
                actor=caller.key_id,
                action="learner.personalise",
                subject=learner_id,
                detail={"personalised": body.personalised},
            )
        return repositories.learners.put(learner, keep_choice=body.personalised is None)


@router.get("/learners", response_model=Page[LearnerView])
def list_learners(
    _caller: Analyst, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List learners in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.learners.list(after, limit + 1)
    return page_of(rows, limit, "learner_id")


@router.get("/learners/{learner_id}", response_model=LearnerView)
def get_learner(learner_id: PathId, _caller: Analyst, service: CurrentService) -> Learner:
    """Return a learner; one that only events name has nothing but the id."""
    with service.database.reading() as repositories:
        learner = repositories.learners.get(learner_id)
    if learner is None:
        raise NotFoundError.of_learner(learner_id)
    return learner


@router.get("/learners/{learner_id}/skills", response_model=SkillStandingsView)
def get_skills(
    learner_id: PathId,
    _caller: Analyst,
    service: CurrentService,
    now: Now,
    as_of: AsOf = None,
) -> Mapping[str, object]:
    """Return where a learner stands in every skill: mastery, how sure that is, target and gap.

    `persona` is the segment of learners theirs is most like, by what they did; null where the
    model has none, too little is known, or the learner has opted out of personalisation.
    """
    if as_of is not None:
        require_past(as_of, now, "as_of")
    with service.database.reading() as repositories:
        scorer = service.rankings.current(repositories)
        history = repositories.learners.history(learner_id, as_of)
    if not history.is_known:
        raise NotFoundError.of_learner(learner_id)
    request = DecisionRequest(history=history, context=RequestContext(), now=as_of or now)
    return {
        "learner_id": learner_id,
        "as_of": request.now,
        "snapshot_version": scorer.version,
        "persona": scorer.persona(history) if history.learner.personalised else None,
        "skills": skill_standings(request, scorer),
    }


@router.get("/learners/{learner_id}/export")
def export_learner(
    learner_id: PathId, caller: Administrator, service: CurrentService, now: Now
) -> dict[str, Any]:
    """Return everything held about a learner as one document; `events` has each event once."""
    with service.database.transaction() as repositories:
        held = repositories.learners.export(learner_id)
        repositories.audit.add(
            at=now, actor=caller.key_id, action="learner.export", subject=learner_id
        )
    return held


@router.delete("/learners/{learner_id}", response_model=ErasedView)
def erase_learner(
    learner_id: PathId, caller: Administrator, service: CurrentService, now: Now
) -> Mapping[str, object]:
    """Erase everything held about a learner, for good.

    Events of theirs are rejected from then on, with the code `erased`. Erasing an id twice, or
    one never seen, is no error.
    """
    with service.database.transaction() as repositories:
        # First, since erasing also takes the id out of the audit trail.
        repositories.audit.add(
            at=now, actor=caller.key_id, action="learner.erase", subject=learner_id
        )
        repositories.learners.erase(learner_id, now)
    return {"learner_id": learner_id, "erased_at": now}


@router.put("/assignments/{learner_id}/{module_id}", response_model=AssignmentView)
def put_assignment(
    learner_id: PathId,
    module_id: PathId,
    body: AssignmentBody,
    _caller: Cataloguer,
    service: CurrentService,
) -> Assignment:
    """Say that a learner owes a module, replacing what was said before."""
    require_same_ids(
        {"learner_id": body.learner_id, "module_id": body.module_id},
        {"learner_id": learner_id, "module_id": module_id},
    )
    service.pseudonyms.require({"learner_id": learner_id})
    assignment = body.to_domain(learner_id, module_id)
    with service.database.transaction() as repositories:
        repositories.catalogue.add_bare_modules([module_id])
        repositories.learners.put_assignment(assignment)
    return assignment


@router.get("/assignments/{learner_id}", response_model=Page[AssignmentView])
def list_assignments(
    learner_id: PathId,
    _caller: Analyst,
    service: CurrentService,
    limit: Limit = 100,
    after: After = None,
) -> Mapping[str, object]:
    """List what a learner owes, in order of module ids."""
    with service.database.reading() as repositories:
        owed = repositories.learners.list_assignments(learner_id)
    return page_of(rows_after(owed, after, "module_id"), limit, "module_id")


@router.get("/assignments/{learner_id}/{module_id}", response_model=AssignmentView)
def get_assignment(
    learner_id: PathId, module_id: PathId, _caller: Analyst, service: CurrentService
) -> Assignment:
    """Return what was said about a module a learner owes."""
    with service.database.reading() as repositories:
        return repositories.learners.get_assignment(learner_id, module_id)
