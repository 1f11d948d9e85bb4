"""Modules, skills and roles."""

from collections.abc import Mapping

from fastapi import APIRouter

from features.domain.catalogue import Module, Role, Skill, SkillEdge
from service.auth import Cataloguer, CatalogueReader
from service.routes.paths import After, Limit, PathId, page_of, require_same_ids
from service.schemas.catalogue import ModuleBody, RoleBody, SkillBody
from service.schemas.catalogue_views import ModuleView, RoleView, SkillDetailView, SkillView
from service.schemas.pages import Page
from service.state import CurrentService, Now

router = APIRouter(prefix="/v1", tags=["catalogue"])


@router.put("/modules/{module_id}", response_model=ModuleView)
def put_module(
    module_id: PathId, body: ModuleBody, _caller: Cataloguer, service: CurrentService, now: Now
) -> Module:
    """Describe a module with its skills and prerequisites, replacing what was said before."""
    require_same_ids({"module_id": body.module_id}, {"module_id": module_id})
    with service.database.transaction() as repositories:
        repositories.catalogue.put_module(body.to_domain(module_id))
        repositories.catalogue.record_versions(now)
        return repositories.catalogue.get_module(module_id)


@router.get("/modules", response_model=Page[ModuleView])
def list_modules(
    _caller: CatalogueReader, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List modules in order of their ids, also those that only events name."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_modules(after, limit + 1)
    return page_of(rows, limit, "module_id")


@router.get("/modules/{module_id}", response_model=ModuleView)
def get_module(module_id: PathId, _caller: CatalogueReader, service: CurrentService) -> Module:
    """Return a module."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_module(module_id)


@router.put("/skills/{skill_id}", response_model=SkillDetailView)
def put_skill(
    skill_id: PathId, body: SkillBody, _caller: Cataloguer, service: CurrentService
) -> Mapping[str, object]:
    """Describe a skill. `precedes` replaces the skills it comes before; absent, they stay."""
    require_same_ids({"skill_id": body.skill_id}, {"skill_id": skill_id})
    skill = body.to_domain(skill_id)
    with service.database.transaction() as repositories:
        repositories.catalogue.put_skill(skill)
        if body.precedes is not None:
            edges = [each.to_domain(skill_id) for each in body.precedes]
            repositories.catalogue.put_skill_edges(skill_id, edges)
        return _detail(skill, repositories.catalogue.get_skill_edges(skill_id))


@router.get("/skills", response_model=Page[SkillView])
def list_skills(
    _caller: CatalogueReader, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List skills in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_skills(after, limit + 1)
    return page_of(rows, limit, "skill_id")


@router.get("/skills/{skill_id}", response_model=SkillDetailView)
def get_skill(
    skill_id: PathId, _caller: CatalogueReader, service: CurrentService
) -> Mapping[str, object]:
    """Return a skill and the skills it comes before."""
    with service.database.reading() as repositories:
        skill = repositories.catalogue.get_skill(skill_id)
        return _detail(skill, repositories.catalogue.get_skill_edges(skill_id))


@router.put("/roles/{role_id}", response_model=RoleView)
def put_role(role_id: PathId, body: RoleBody, _caller: Cataloguer, service: CurrentService) -> Role:
    """Describe a role by the skills it asks for, replacing what was said before."""
    require_same_ids({"role_id": body.role_id}, {"role_id": role_id})
    with service.database.transaction() as repositories:
        repositories.catalogue.put_role(body.to_domain(role_id))
        return repositories.catalogue.get_role(role_id)


@router.get("/roles", response_model=Page[RoleView])
def list_roles(
    _caller: CatalogueReader, service: CurrentService, limit: Limit = 100, after: After = None
) -> Mapping[str, object]:
    """List roles in order of their ids."""
    with service.database.reading() as repositories:
        rows = repositories.catalogue.list_roles(after, limit + 1)
    return page_of(rows, limit, "role_id")


@router.get("/roles/{role_id}", response_model=RoleView)
def get_role(role_id: PathId, _caller: CatalogueReader, service: CurrentService) -> Role:
    """Return a role."""
    with service.database.reading() as repositories:
        return repositories.catalogue.get_role(role_id)


def _detail(skill: Skill, edges: tuple[SkillEdge, ...]) -> Mapping[str, object]:
    precedes = [{"skill_id": edge.precedes_skill_id, "strength": edge.strength} for edge in edges]
    return {
        "skill_id": skill.skill_id,
        "name": skill.name,
        "parent_id": skill.parent_id,
        "precedes": precedes,
    }
