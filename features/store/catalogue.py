"""The catalogue: modules, skills, roles, pathways, rules and policies, at one revision."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from features.domain.catalogue import (
    Catalogue,
    Module,
    Pathway,
    Policy,
    Role,
    Rule,
    Skill,
    SkillEdge,
)
from features.domain.errors import InvalidValueError, NotFoundError
from features.store.documents import to_document
from features.store.layouts import MODULES, PATHWAYS, ROLES, RULES, SKILLS, Layout
from features.store.links import HARD_PREREQUISITES, SKILL_EDGES, SKILL_PARENTS, Links
from features.store.policies import Policies
from features.store.revisions import CATALOGUE, Revisions
from features.store.tables import modules, skill_edges
from features.store.versions import Versions
from features.store.writing import insert_new, stored_among

MOST_NAMED = 10


class CatalogueRepository:
    """Reads and writes the catalogue.

    A put replaces the thing of the same id with all its parts. One that changes something raises
    the revision, once in a transaction; one of what is stored already changes nothing. Writers
    of the catalogue come one after the other, so what one of them checked stays true.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._links = Links(connection)
        self._policies = Policies(connection)
        self._versions = Versions(connection)
        self._revisions = Revisions(connection)
        self._is_held = False
        self._is_raised = False

    def revision(self) -> int:
        """Return a number that is another one whenever the catalogue is."""
        return self._revisions.get(CATALOGUE)

    def hold(self) -> None:
        """Hold off other writers of the catalogue until the end of this transaction."""
        if not self._is_held:
            self._revisions.hold(CATALOGUE)
            self._is_held = True

    def raise_revision(self) -> None:
        """Tell readers that the catalogue changes, once in a transaction."""
        if not self._is_raised:
            self._revisions.advance(CATALOGUE)
            self._is_held = self._is_raised = True

    def load(self) -> Catalogue:
        """Return everything, each kind in order of its ids; of policies the current versions."""
        edges = select(skill_edges).order_by(*skill_edges.primary_key)
        return Catalogue(
            revision=self.revision(),
            modules=self._versioned(MODULES.everything(self._connection)),
            skills=SKILLS.everything(self._connection),
            skill_edges=tuple(SkillEdge(**e) for e in self._connection.execute(edges).mappings()),
            roles=ROLES.everything(self._connection),
            pathways=PATHWAYS.everything(self._connection),
            rules=RULES.everything(self._connection),
            policies=self._policies.page(after=None, limit=None),
        )

    def record_versions(self, at: datetime) -> None:
        """Keep since when versions of modules are out; to be called after modules were written.

        Parameters
        ----------
        at
            Now, aware UTC: new versions are out since then where their modules do not say.
        """
        if self._versions.record(at):
            self.raise_revision()

    def put_module(self, module: Module) -> None:
        """Write a module with its skills and prerequisites.

        Raises
        ------
        CycleError
            If hard prerequisites would loop; nothing is stored then.
        """
        self.hold()
        required = {
            one.requires_module_id
            for one in module.prerequisites
            if one.is_hard and one.requires_module_id is not None
        }
        self._links.replace(HARD_PREREQUISITES, module.module_id, required)
        self._put(MODULES, module)

    def put_skill(self, skill: Skill) -> None:
        """Write a skill; CycleError if its parents would loop."""
        self.hold()
        parents = {skill.parent_id} if skill.parent_id is not None else set()
        self._links.replace(SKILL_PARENTS, skill.skill_id, parents)
        self._put(SKILLS, skill)

    def put_skill_edges(self, skill_id: str, edges: Sequence[SkillEdge]) -> None:
        """Replace what `skill_id` precedes; CycleError if skill edges would loop.

        Parameters
        ----------
        skill_id
            The skill at the start of every edge.
        edges
            All of them; none removes them.
        """
        strangers = [edge.skill_id for edge in edges if edge.skill_id != skill_id]
        if strangers:
            raise InvalidValueError(f"an edge of {strangers[0]} is not one of skill {skill_id}")
        self.hold()
        self._links.replace(SKILL_EDGES, skill_id, {edge.precedes_skill_id for edge in edges})
        wanted = {edge.precedes_skill_id: edge for edge in edges}
        if wanted == {edge.precedes_skill_id: edge for edge in self.get_skill_edges(skill_id)}:
            return
        self._connection.execute(delete(skill_edges).where(skill_edges.c.skill_id == skill_id))
        if wanted:
            rows = [to_document(edge) for edge in wanted.values()]
            self._connection.execute(insert(skill_edges), rows)
        self.raise_revision()

    def put_role(self, role: Role) -> None:
        """Write a role with its requirements."""
        self.hold()
        self._put(ROLES, role)

    def put_pathway(self, pathway: Pathway) -> None:
        """Write a pathway that was checked.

        Raises
        ------
        NotFoundError
            If it names modules or a policy that do not exist; nothing is stored then.
        """
        self.hold()
        named = [module_id for step in pathway.steps for module_id in step.any_of]
        self._require_modules(f"pathway {pathway.pathway_id!r}", named)
        if pathway.policy_id is not None:
            self.get_policy(pathway.policy_id)
        self._put(PATHWAYS, pathway)

    def put_rule(self, rule: Rule) -> None:
        """Write a rule.

        Raises
        ------
        NotFoundError
            If it names modules that do not exist; nothing is stored then.
        """
        self.hold()
        named = (*rule.assign, *rule.require, *rule.exclude, *rule.boost)
        self._require_modules(f"rule {rule.rule_id!r}", named)
        self._put(RULES, rule)

    def put_policy(self, policy: Policy) -> None:
        """Keep this version and make it the current one; earlier versions stay.

        Raises
        ------
        ConflictError
            If the version is kept already with other content.
        """
        self.hold()
        if self._policies.put(policy):
            self.raise_revision()

    def get_module(self, module_id: str) -> Module:
        """Return a module; NotFoundError."""
        return self._get(MODULES, module_id)

    def get_skill(self, skill_id: str) -> Skill:
        """Return a skill; NotFoundError."""
        return self._get(SKILLS, skill_id)

    def get_skill_edges(self, skill_id: str) -> tuple[SkillEdge, ...]:
        """Return what `skill_id` precedes, in order of those ids."""
        statement = select(skill_edges).where(skill_edges.c.skill_id == skill_id)
        rows = self._connection.execute(statement.order_by(skill_edges.c.precedes_skill_id))
        return tuple(SkillEdge(**row) for row in rows.mappings())

    def get_role(self, role_id: str) -> Role:
        """Return a role; NotFoundError."""
        return self._get(ROLES, role_id)

    def get_pathway(self, pathway_id: str) -> Pathway:
        """Return a pathway; NotFoundError."""
        return self._get(PATHWAYS, pathway_id)

    def get_rule(self, rule_id: str) -> Rule:
        """Return a rule; NotFoundError."""
        return self._get(RULES, rule_id)

    def get_policy(self, policy_id: str, version: str | None = None) -> Policy:
        """Return a version of a policy, the current one by default; NotFoundError."""
        return self._policies.get(policy_id, version)

    def list_modules(self, after: str | None, limit: int) -> tuple[Module, ...]:
        """Return up to `limit` modules in order of id, those after the id `after`."""
        return MODULES.page(self._connection, after, limit)

    def list_skills(self, after: str | None, limit: int) -> tuple[Skill, ...]:
        """Return up to `limit` skills in order of id, those after the id `after`."""
        return SKILLS.page(self._connection, after, limit)

    def list_roles(self, after: str | None, limit: int) -> tuple[Role, ...]:
        """Return up to `limit` roles in order of id, those after the id `after`."""
        return ROLES.page(self._connection, after, limit)

    def list_pathways(self, after: str | None, limit: int) -> tuple[Pathway, ...]:
        """Return up to `limit` pathways in order of id, those after the id `after`."""
        return PATHWAYS.page(self._connection, after, limit)

    def list_rules(self, after: str | None, limit: int) -> tuple[Rule, ...]:
        """Return up to `limit` rules in order of id, those after the id `after`."""
        return RULES.page(self._connection, after, limit)

    def list_policies(self, after: str | None, limit: int | None) -> tuple[Policy, ...]:
        """Return up to `limit` current policies in order of id, those after the id `after`."""
        return self._policies.page(after, limit)

    def add_bare_modules(self, module_ids: Iterable[str]) -> int:
        """Give modules that nobody has described a row, with their id as title.

        Returns
        -------
        int
            How many were new.
        """
        wanted = set(module_ids)
        unknown = wanted - stored_among(self._connection, modules.c.module_id, wanted)
        if not unknown:
            return 0
        self.hold()
        rows = [{"module_id": module_id, "title": module_id} for module_id in unknown]
        n_new = len(insert_new(self._connection, modules, rows, modules.c.module_id))
        if n_new:
            self.raise_revision()
        return n_new

    def require_acyclic(self) -> None:
        """Check all relations that must not loop, after bulk writes; raises CycleError."""
        self._links.require_acyclic()

    def _require_modules(self, what: str, module_ids: Iterable[str]) -> None:
        wanted = set(module_ids)
        unknown = sorted(wanted - stored_among(self._connection, modules.c.module_id, wanted))
        if unknown:
            shown = ", ".join(unknown[:MOST_NAMED]) + (" …" if len(unknown) > MOST_NAMED else "")
            raise NotFoundError(
                f"{what} names modules that do not exist: {shown}. Put the modules first."
            )

    def _versioned(self, described: tuple[Module, ...]) -> tuple[Module, ...]:
        since = self._versions.since()
        return tuple(
            replace(module, versioned_at=since[module.module_id, module.version])
            if (module.module_id, module.version) in since
            else module
            for module in described
        )

    def _put(self, layout: Layout[Any], thing: object) -> None:
        if layout.put(self._connection, thing):
            self.raise_revision()

    def _get[T](self, layout: Layout[T], thing_id: str) -> T:
        thing = layout.get(self._connection, thing_id)
        if thing is None:
            raise NotFoundError(f"there is no {layout.kind} {thing_id!r}")
        return thing
