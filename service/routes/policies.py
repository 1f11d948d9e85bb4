"""Policies: named, versioned ways to rank. Every change is audited."""

from collections.abc import Mapping

from fastapi import APIRouter

from features.domain.catalogue import Policy
from features.policy_form import PolicyForm
from service.auth import Cataloguer, CatalogueReader
from service.policies import number_policy
from service.routes.paths import After, Limit, PathId, page_of, require_same_ids
from service.schemas.pages import Page
from service.schemas.policies import PolicyView
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["policies"])


@router.put("/policies/{policy_id}", response_model=PolicyView)
def put_policy(
    policy_id: PathId, body: PolicyForm, caller: Cataloguer, service: CurrentService, now: Now
) -> Policy:
    """Write a version of a policy and make it the current one; the policy `default` serves.

    A version is never rewritten, since recommendations name the one that served them: other
    content under the same `version` is 409. Without `version`, new content gets the next number.
    """
    require_same_ids({"policy_id": body.policy_id}, {"policy_id": policy_id})
    with service.database.transaction() as repositories:
        policy = number_policy(repositories.catalogue, body, policy_id)
        repositories.catalogue.put_policy(policy)
        repositories.audit.add(
            at=now,
            actor=caller.key_id,
            action="policy.put",
            subject=policy_id,
            detail={"version": policy.version},
        )
    return policy


@router.get("/policies", response_model=Page[PolicyView])
def list_policies(
    _caller: CatalogueReader, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List the current versions of policies in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_policies(after, limit + 1)
    return page_of(rows, limit, "policy_id")


@router.get("/policies/{policy_id}", response_model=PolicyView)
def get_policy(policy_id: PathId, _caller: CatalogueReader, service: CurrentService) -> Policy:
    """Return the current version of a policy."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_policy(policy_id)
