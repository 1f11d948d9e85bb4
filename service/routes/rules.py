"""Rules: conditions on learners that assign, require, exclude or boost modules."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from service.auth import Cataloguer, CatalogueReader
from service.routes.paths import After, Limit, PathId, page_of, require_same_ids
from service.rules import try_rule
from service.schemas.pages import Page
from service.schemas.rules import RuleBody, RuleTrialView, RuleView, view_of
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["rules"])

UNNAMED = "(unnamed)"


@router.put("/rules/{rule_id}", response_model=RuleView)
def put_rule(
    rule_id: PathId, body: RuleBody, caller: Cataloguer, service: CurrentService, now: Now
) -> Mapping[str, Any]:
    """Write a rule, replacing what it said before; its modules must be known."""
    require_same_ids({"rule_id": body.rule_id}, {"rule_id": rule_id})
    rule = body.to_domain(rule_id)
    with service.database.transaction() as repositories:
        repositories.catalogue.put_rule(rule)
        repositories.audit.add(
            at=now,
            actor=caller.key_id,
            action="rule.put",
            subject=rule_id,
            detail={"when": rule.when, "active": rule.active},
        )
    return view_of(rule)


@router.post("/rules/trials", response_model=RuleTrialView)
def try_out(
    body: RuleBody, _caller: Cataloguer, service: CurrentService, now: Now
) -> Mapping[str, Any]:
    """Tell how many learners a rule would touch, without storing it."""
    with service.database.reading() as repositories:
        scorer = service.rankings.current(repositories)
        return try_rule(repositories, scorer, body.to_domain(body.rule_id or UNNAMED), now)


@router.get("/rules", response_model=Page[RuleView])
def list_rules(
    _caller: CatalogueReader, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List rules in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_rules(after, limit + 1)
    page = page_of(rows, limit, "rule_id")
    return {**page, "items": [view_of(rule) for rule in rows[:limit]]}


@router.get("/rules/{rule_id}", response_model=RuleView)
def get_rule(
    rule_id: PathId, _caller: CatalogueReader, service: CurrentService
) -> Mapping[str, Any]:
    """Return a rule."""
    with service.database.reading() as repositories:
        return view_of(repositories.catalogue.get_rule(rule_id))
