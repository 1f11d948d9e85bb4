"""Writing many things of the catalogue within one transaction."""

from collections import defaultdict

from features.decide.pathway_checks import check_pathway
from features.domain.catalogue import SkillEdge
from features.store.workspace import Repositories
from service.policies import number_policy
from service.schemas.bulk import CatalogueBody


def put_everything(repositories: Repositories, body: CatalogueBody) -> dict[str, int]:
    """Write all rows of a request and return how many there were of each kind.

    Raises
    ------
    CycleError
        If prerequisites, skill edges or skill parents would loop.
    ConflictError
        If a version of a policy exists with other content.
    ErasedError
        If a row is about an erased learner.
    """
    _put_catalogue(repositories, body)
    # Locks in one order: the catalogue first, then learners by id.
    for learner in sorted(body.learners, key=lambda row: row.learner_id):
        keep_choice = learner.personalised is None
        repositories.learners.put(learner.to_domain(learner.learner_id), keep_choice=keep_choice)
    repositories.catalogue.add_bare_modules(each.module_id for each in body.assignments)
    for each in sorted(body.assignments, key=lambda row: (row.learner_id, row.module_id)):
        repositories.learners.put_assignment(each.to_domain(each.learner_id, each.module_id))
    return {name: len(getattr(body, name)) for name in type(body).model_fields}


def _put_catalogue(repositories: Repositories, body: CatalogueBody) -> None:
    catalogue = repositories.catalogue
    for skill in body.skills:
        catalogue.put_skill(skill.to_domain(skill.skill_id))
        if skill.precedes is not None:
            edges = [each.to_domain(skill.skill_id) for each in skill.precedes]
            catalogue.put_skill_edges(skill.skill_id, edges)
    for skill_id, edges in _edges_by_skill(body).items():
        catalogue.put_skill_edges(skill_id, edges)
    for module in body.modules:
        catalogue.put_module(module.to_domain(module.module_id))
    for role in body.roles:
        catalogue.put_role(role.to_domain(role.role_id))
    for policy in body.policies:
        catalogue.put_policy(number_policy(catalogue, policy, policy.policy_id))
    for row in body.pathways:
        pathway = row.to_domain(row.pathway_id)
        check_pathway(pathway)
        catalogue.put_pathway(pathway)
    for rule in body.rules:
        catalogue.put_rule(rule.to_domain(rule.rule_id))


def _edges_by_skill(body: CatalogueBody) -> dict[str, list[SkillEdge]]:
    edges: dict[str, list[SkillEdge]] = defaultdict(list)
    for row in body.skill_edges:
        edges[row.skill_id].append(row.to_domain())
    return edges
