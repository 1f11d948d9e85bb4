"""How things of the catalogue lie in tables: a row each, and rows of parts that belong to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, insert, select, update

from features.domain.catalogue import (
    Module,
    ModuleSkill,
    Pathway,
    Prerequisite,
    Role,
    RoleRequirement,
    Rule,
    Skill,
)
from features.domain.errors import InvalidValueError
from features.store import tables
from features.store.documents import pathway_from, rule_from, to_document

# Below SQLite's limit of 32,766 parameters a statement.
IDS_PER_STATEMENT = 5_000

Row = dict[str, Any]
PartRows = Mapping[str, list[RowMapping]]


@dataclass(frozen=True, kw_only=True)
class Part[T]:
    """Rows of another table that belong to one thing; the first key column names the thing."""

    table: Table
    rows_of: Callable[[T], Iterable[Row]]

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that tell rows apart, the owner's id first."""
        return tuple(column.name for column in self.table.primary_key)


@dataclass(frozen=True, kw_only=True)
class Layout[T]:
    """One kind of thing: its table, and the way between rows and domain objects."""

    kind: str
    table: Table
    row_of: Callable[[T], Row]
    build: Callable[[RowMapping, PartRows], T]
    parts: tuple[Part[T], ...] = ()

    @property
    def key(self) -> str:
        """The id's column."""
        return str(self.table.primary_key.columns[0].name)

    def get(self, connection: Connection, thing_id: str) -> T | None:
        """Return one thing, or None."""
        found = self._fetch(connection, self.table.c[self.key] == thing_id, limit=1)
        return found[0] if found else None

    def page(self, connection: Connection, after: str | None, limit: int) -> tuple[T, ...]:
        """Return up to `limit` things in order of their ids, those after `after`."""
        condition = None if after is None else self.table.c[self.key] > after
        return self._fetch(connection, condition, limit=limit)

    def everything(self, connection: Connection) -> tuple[T, ...]:
        """Return all things in order of their ids."""
        return self._fetch(connection, None, limit=None)

    def put(self, connection: Connection, thing: T) -> bool:
        """Write a thing; return False where it is stored just so already."""
        row = self.row_of(thing)
        column = self.table.c[self.key]
        stored = connection.execute(select(self.table).where(column == row[self.key])).mappings()
        before = stored.one_or_none()
        if before is None:
            connection.execute(insert(self.table), [row])
        elif dict(before) != row:
            connection.execute(update(self.table).where(column == row[self.key]).values(row))
        changed = [self._put_part(connection, part, thing, row[self.key]) for part in self.parts]
        return before is None or dict(before) != row or any(changed)

    def _put_part(self, connection: Connection, part: Part[T], thing: T, owner: str) -> bool:
        rows = _by_key(self.kind, part, owner, thing)
        owned = part.table.c[part.key[0]] == owner
        stored = connection.execute(select(part.table).where(owned)).mappings()
        if {tuple(row[name] for name in part.key): dict(row) for row in stored} == rows:
            return False
        connection.execute(delete(part.table).where(owned))
        if rows:
            connection.execute(insert(part.table), list(rows.values()))
        return True

    def _fetch(
        self, connection: Connection, condition: ColumnElement[bool] | None, limit: int | None
    ) -> tuple[T, ...]:
        column = self.table.c[self.key]
        statement = select(self.table).order_by(column).limit(limit)
        if condition is not None:
            statement = statement.where(condition)
        rows = connection.execute(statement).mappings().all()
        ids = None if condition is None and limit is None else [row[self.key] for row in rows]
        parts = [_rows_by_owner(connection, part, ids) for part in self.parts]
        return tuple(
            self.build(
                row,
                {
                    part.table.name: owned.get(row[self.key], [])
                    for part, owned in zip(self.parts, parts, strict=True)
                },
            )
            for row in rows
        )


def _by_key[T](kind: str, part: Part[T], owner: str, thing: T) -> dict[tuple[Any, ...], Row]:
    rows: dict[tuple[Any, ...], Row] = {}
    for row in part.rows_of(thing):
        key = tuple(row[name] for name in part.key)
        if key in rows:
            named = " ".join(filter(None, key[1:]))
            raise InvalidValueError(f"{kind} {owner} names {named} twice in {part.table.name}")
        rows[key] = row
    return rows


def _rows_by_owner[T](
    connection: Connection, part: Part[T], owners: list[str] | None
) -> dict[str, list[RowMapping]]:
    column = part.table.c[part.key[0]]
    statement = select(part.table).order_by(*part.table.primary_key)
    if owners is not None and len(owners) <= IDS_PER_STATEMENT:
        statement = statement.where(column.in_(owners))
    rows: dict[str, list[RowMapping]] = {}
    for row in connection.execute(statement).mappings():
        rows.setdefault(row[part.key[0]], []).append(row)
    return rows


def _fields_of(table: Table) -> Callable[[Any], Row]:
    names = [column.name for column in table.columns]
    return lambda thing: {name: getattr(thing, name) for name in names}


def _prerequisite_rows(module: Module) -> Iterable[Row]:
    for one in module.prerequisites:
        yield {
            "module_id": module.module_id,
            "requires_module_id": one.requires_module_id or "",
            "requires_skill_id": one.requires_skill_id or "",
            "min_mastery": one.min_mastery,
            "strength": one.strength,
        }


def _module_from(row: RowMapping, parts: PartRows) -> Module:
    return Module(
        **row,
        skills=tuple(
            ModuleSkill(skill_id=one["skill_id"], weight=one["weight"])
            for one in parts["module_skills"]
        ),
        prerequisites=tuple(
            Prerequisite(
                requires_module_id=one["requires_module_id"] or None,
                requires_skill_id=one["requires_skill_id"] or None,
                min_mastery=one["min_mastery"],
                strength=one["strength"],
            )
            for one in parts["prerequisites"]
        ),
    )


def _role_from(row: RowMapping, parts: PartRows) -> Role:
    return Role(
        **row,
        requirements=tuple(
            RoleRequirement(skill_id=one["skill_id"], target=one["target"], weight=one["weight"])
            for one in parts["role_skills"]
        ),
    )


MODULES: Layout[Module] = Layout(
    kind="module",
    table=tables.modules,
    row_of=_fields_of(tables.modules),
    build=_module_from,
    parts=(
        Part(
            table=tables.module_skills,
            rows_of=lambda module: (
                {"module_id": module.module_id, "skill_id": one.skill_id, "weight": one.weight}
                for one in module.skills
            ),
        ),
        Part(table=tables.prerequisites, rows_of=_prerequisite_rows),
    ),
)

SKILLS: Layout[Skill] = Layout(
    kind="skill",
    table=tables.skills,
    row_of=_fields_of(tables.skills),
    build=lambda row, _: Skill(**row),
)

ROLES: Layout[Role] = Layout(
    kind="role",
    table=tables.roles,
    row_of=_fields_of(tables.roles),
    build=_role_from,
    parts=(
        Part(
            table=tables.role_skills,
            rows_of=lambda role: (
                {"role_id": role.role_id} | to_document(one) for one in role.requirements
            ),
        ),
    ),
)

PATHWAYS: Layout[Pathway] = Layout(
    kind="pathway",
    table=tables.pathways,
    row_of=lambda pathway: {
        "pathway_id": pathway.pathway_id,
        "version": pathway.version,
        "body": to_document(pathway),
    },
    build=lambda row, _: pathway_from(row["body"]),
)

RULES: Layout[Rule] = Layout(
    kind="rule",
    table=tables.rules,
    row_of=lambda rule: {"rule_id": rule.rule_id, "body": to_document(rule)},
    build=lambda row, _: rule_from(row["body"]),
)
