"""What steers recommendations: pathways, rules and policies. Every change is audited."""

from collections.abc import Mapping

from fastapi import APIRouter

from features.domain.catalogue import Pathway, Policy, Rule
from service.auth import Cataloguer
from service.policies import number_policy
from service.routes.paths import After, Limit, PathId, page_of, require_same_ids
from service.schemas.keys import Page
from service.schemas.steering import PathwayBody, PolicyBody, RuleBody
from service.schemas.steering_views import PathwayView, PolicyView, RuleView
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["steering"])


@router.put("/pathways/{pathway_id}", response_model=PathwayView)
def put_pathway(
    pathway_id: PathId, body: PathwayBody, caller: Cataloguer, service: CurrentService, now: Now
) -> Pathway:
    """Describe a pathway, replacing what was said before."""
    require_same_ids({"pathway_id": body.pathway_id}, {"pathway_id": pathway_id})
    with service.database.transaction() as repositories:
        repositories.catalogue.put_pathway(body.to_domain(pathway_id))
        repositories.audit.add(
            at=now, actor=caller.key_id, action="pathway.put", subject=pathway_id
        )
        return repositories.catalogue.get_pathway(pathway_id)


@router.get("/pathways", response_model=Page[PathwayView])
def list_pathways(
    _caller: Cataloguer, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List pathways in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_pathways(after, limit + 1)
    return page_of(rows, limit, "pathway_id")


@router.get("/pathways/{pathway_id}", response_model=PathwayView)
def get_pathway(pathway_id: PathId, _caller: Cataloguer, service: CurrentService) -> Pathway:
    """Return a pathway."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_pathway(pathway_id)


@router.put("/rules/{rule_id}", response_model=RuleView)
def put_rule(
    rule_id: PathId, body: RuleBody, caller: Cataloguer, service: CurrentService, now: Now
) -> Rule:
    """Write a rule, replacing what was said before."""
    require_same_ids({"rule_id": body.rule_id}, {"rule_id": rule_id})
    with service.database.transaction() as repositories:
        repositories.catalogue.put_rule(body.to_domain(rule_id))
        repositories.audit.add(at=now, actor=caller.key_id, action="rule.put", subject=rule_id)
        return repositories.catalogue.get_rule(rule_id)


@router.get("/rules", response_model=Page[RuleView])
def list_rules(
    _caller: Cataloguer, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List rules in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_rules(after, limit + 1)
    return page_of(rows, limit, "rule_id")


@router.get("/rules/{rule_id}", response_model=RuleView)
def get_rule(rule_id: PathId, _caller: Cataloguer, service: CurrentService) -> Rule:
    """Return a rule."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_rule(rule_id)


@router.put("/policies/{policy_id}", response_model=PolicyView)
def put_policy(
    policy_id: PathId, body: PolicyBody, caller: Cataloguer, service: CurrentService, now: Now
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
    _caller: Cataloguer, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List the current versions of policies in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_policies(after, limit + 1)
    return page_of(rows, limit, "policy_id")


@router.get("/policies/{policy_id}", response_model=PolicyView)
def get_policy(policy_id: PathId, _caller: Cataloguer, service: CurrentService) -> Policy:
    """Return the current version of a policy."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_policy(policy_id)
