"""Relations that must not loop, kept in memory while a transaction changes them."""

from collections import Counter
from collections.abc import Iterable
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


class Graph:
    """One relation in memory: what each id points to, and how many point to it."""

    def __init__(self, edges: Iterable[tuple[str, str]]) -> None:
        self._targets: dict[str, set[str]] = {}
        self._n_pointing: Counter[str] = Counter()
        for source, target in edges:
            self._targets.setdefault(source, set()).add(target)
            self._n_pointing[target] += 1

    def replace(self, source: str, targets: set[str], relation: str) -> None:
        """Let `source` point to `targets` alone; CycleError, and no change, if that would loop."""
        before = self._targets.get(source, set())
        if targets == before:
            return
        # A loop through `source` comes back to it, so somebody points to it.
        if self._n_pointing[source] or source in targets:
            require_acyclic(self._edges_from(source, targets), relation)
        self._n_pointing.subtract(before)
        self._n_pointing.update(targets)
        self._targets[source] = targets

    def _edges_from(self, source: str, targets: set[str]) -> list[tuple[str, str]]:
        """Return all edges that can be reached from `source`, were it to point to `targets`."""
        edges = [(source, target) for target in sorted(targets)]
        reached = {source}
        waiting = list(targets)
        while waiting:
            node = waiting.pop()
            if node not in reached:
                reached.add(node)
                following = sorted(self._targets.get(node, ()))
                edges += [(node, target) for target in following]
                waiting += following
        return edges


class Links:
    """The relations as one transaction leaves them; each is read once, when first needed.

    Whoever changes them must hold off other writers of the catalogue before.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._graphs: dict[str, Graph] = {}

    def replace(self, relation: Relation, source: str, targets: Iterable[str]) -> None:
        """Let `source` point to `targets` and nothing else.

        Raises
        ------
        CycleError
            If the relation would loop; nothing is changed then.
        """
        wanted = set(targets)
        if not wanted and relation.name not in self._graphs:
            return
        if relation.name not in self._graphs:
            self._graphs[relation.name] = Graph(relation.edges(self._connection))
        self._graphs[relation.name].replace(source, wanted, relation.name)

    def require_acyclic(self) -> None:
        """Check everything that is stored now; raises CycleError."""
        self._graphs.clear()
        for relation in RELATIONS:
            require_acyclic(relation.edges(self._connection), relation.name)
