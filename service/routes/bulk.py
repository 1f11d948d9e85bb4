"""The whole catalogue, or a part of it, in one request."""

from fastapi import APIRouter

from service.auth import Cataloguer
from service.bulk import put_everything
from service.schemas.bulk import CatalogueBody, CatalogueView
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.post("/catalogue", response_model=CatalogueView)
def post_catalogue(
    body: CatalogueBody, caller: Cataloguer, service: CurrentService, now: Now
) -> dict[str, int]:
    """Write many things at once: all of them, or none where one is refused.

    Each row is what the body of its PUT is, with the id. `skill_edges` replace all edges from the
    skills they start at.
    """
    named = {
        f"{kind}.{place}.{field}": each
        for kind, field, ids in (
            ("learners", "learner_id", [row.learner_id for row in body.learners]),
            ("learners", "manager_id", [row.manager_id for row in body.learners]),
            ("assignments", "learner_id", [row.learner_id for row in body.assignments]),
        )
        for place, each in enumerate(ids)
    }
    service.pseudonyms.require(named)
    with service.database.transaction() as repositories:
        counts = put_everything(repositories, body)
        repositories.catalogue.record_versions(now)
        repositories.audit.add(at=now, actor=caller.key_id, action="catalogue.post", detail=counts)
        return {**counts, "revision": repositories.catalogue.revision()}
