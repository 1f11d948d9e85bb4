"""Relations that must not loop, kept in memory while a transaction changes them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Connection, select

from features.domain.checks import require_acyclic
from features.store import tables


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A directed relation between ids, as two columns of one table."""

    name: str
    source: Column[str]
    target: Column[str]
    condition: ColumnElement[bool]

    def edges(self, connection: Connection) -> list[tuple[str, str]]:
        """Return all edges stored."""
        statement = select(self.source, self.target).where(self.condition)
        return [(source, target) for source, target in connection.execute(statement)]


HARD_PREREQUISITES = Relation(
    name="hard prerequisites",
    source=tables.prerequisites.c.module_id,
    target=tables.prerequisites.c.requires_module_id,
    condition=(tables.prerequisites.c.requires_module_id != "")
    & (tables.prerequisites.c.strength >= 1.0),
)
SKILL_EDGES = Relation(
    name="skill edges",
    source=tables.skill_edges.c.skill_id,
    target=tables.skill_edges.c.precedes_skill_id,
    condition=tables.skill_edges.c.skill_id.is_not(None),
)
SKILL_PARENTS = Relation(
    name="skill parents",
    source=tables.skills.c.skill_id,
    target=tables.skills.c.parent_id,
    condition=tables.skills.c.parent_id.is_not(None),
)
RELATIONS = (HARD_PREREQUISITES, SKILL_EDGES, SKILL_PARENTS)


class Links:
    """The relations as one transaction leaves them; each is read once, when first needed.

    Whoever changes them must hold off other writers of the catalogue before.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._targets: dict[str, dict[str, set[str]]] = {}

    def replace(self, relation: Relation, source: str, targets: Collection[str]) -> None:
        """Let `source` point to `targets` and nothing else.

        Raises
        ------
        CycleError
            If the relation would loop; nothing is changed then.
        """
        if not targets and relation.name not in self._targets:
            return
        stored = self._read(relation)
        edges = [(source, target) for target in sorted(targets)]
        reached = {source}
        waiting = sorted(targets)
        while waiting:
            node = waiting.pop()
            if node not in reached:
                reached.add(node)
                edges += [(node, target) for target in stored.get(node, ())]
                waiting += stored.get(node, ())
        require_acyclic(edges, relation.name)
        stored[source] = set(targets)

    def require_acyclic(self) -> None:
        """Check everything that is stored now; raises CycleError."""
        self._targets.clear()
        for relation in RELATIONS:
            require_acyclic(relation.edges(self._connection), relation.name)

    def _read(self, relation: Relation) -> dict[str, set[str]]:
        if relation.name not in self._targets:
            targets: dict[str, set[str]] = {}
            for source, target in relation.edges(self._connection):
                targets.setdefault(source, set()).add(target)
            self._targets[relation.name] = targets
        return self._targets[relation.name]
