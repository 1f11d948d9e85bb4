"""The tables of a history folder: their columns, what a cell may hold, and what names a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from features.domain.history import Event


class Kind(StrEnum):
    """What the cells of a column may hold."""

    ID = "id"
    TEXT = "text"
    LEVEL = "level"  # in [0,1]
    AMOUNT = "amount"  # finite, not negative
    VALUE = "value"  # finite
    COUNT = "count"  # whole, not negative
    FLAG = "flag"
    INSTANT = "instant"
    PAST_INSTANT = "past_instant"  # an instant that may not lie in the future
    EVENT = "event"
    PART = "part"
    WORDS = "words"  # separated by ";"


EVENTS = tuple(str(event) for event in Event)
PARTS = ("train", "valid", "test")
WORD_SEPARATOR = ";"
MAX_ID_LENGTH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a table; where `required`, it must be there and no cell may be empty."""

    name: str
    kind: Kind
    required: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """One table of a history folder.

    Attributes
    ----------
    name
        Also the name of its file.
    columns
        In order of the contract.
    key
        The columns that name a row.
    is_journal
        Whether a row that comes twice is one row, of which the first wins. In other tables a key
        that comes twice is a mistake.
    takes_attributes
        Whether unknown columns are kept as attributes. In other tables they are refused.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    is_journal: bool = False
    takes_attributes: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return the column called `name`; one that is not listed is a free attribute."""
        listed = (column for column in self.columns if column.name == name)
        return next(listed, Column(name=name, kind=Kind.TEXT))


def _columns(kinds: Mapping[str, str]) -> tuple[Column, ...]:
    return tuple(
        Column(name=name, kind=Kind(kind.removesuffix("*")), required=kind.endswith("*"))
        for name, kind in kinds.items()
    )


INTERACTIONS = Table(
    name="interactions",
    key=("event_id",),
    is_journal=True,
    columns=_columns(
        {
            "learner_id": "id*",
            "module_id": "id*",
            "event": "event*",
            "at": "past_instant*",
            "score": "level",
            "success": "flag",
            "duration_seconds": "amount",
            "attempt": "count",
            "event_id": "id",
            "comment": "text",
        }
    ),
)

LEARNERS = Table(
    name="learners",
    key=("learner_id",),
    takes_attributes=True,
    columns=_columns(
        {
            "learner_id": "id*",
            "role_id": "id",
            "goal_role_id": "id",
            "department": "text",
            "location": "text",
            "hired_at": "instant",
            "language": "text",
            "manager_id": "id",
            "needs": "words",
            "mentor": "flag",
            "personalised": "flag",
        }
    ),
)

MODULES = Table(
    name="modules",
    key=("module_id",),
    columns=_columns(
        {
            "module_id": "id*",
            "title": "text",
            "description": "text",
            "format": "text",
            "kind": "text",
            "duration_minutes": "amount",
            "difficulty": "level",
            "pass_mark": "level",
            "language": "text",
            "mandatory": "flag",
            "accessibility": "words",
            "version": "text",
            "updated_at": "instant",
            "active_from": "instant",
            "active_until": "instant",
            "url": "text",
        }
    ),
)

SKILLS = Table(
    name="skills",
    key=("skill_id",),
    columns=_columns({"skill_id": "id*", "name": "text", "parent_id": "id"}),
)

SKILL_EDGES = Table(
    name="skill_edges",
    key=("skill_id", "precedes_skill_id"),
    columns=_columns({"skill_id": "id*", "precedes_skill_id": "id*", "strength": "level"}),
)

MODULE_SKILLS = Table(
    name="module_skills",
    key=("module_id", "skill_id"),
    columns=_columns({"module_id": "id*", "skill_id": "id*", "weight": "level"}),
)

PREREQUISITES = Table(
    name="prerequisites",
    key=("module_id", "requires_module_id", "requires_skill_id"),
    columns=_columns(
        {
            "module_id": "id*",
            "requires_module_id": "id",
            "requires_skill_id": "id",
            "min_mastery": "level",
            "strength": "level",
        }
    ),
)

ROLES = Table(name="roles", key=("role_id",), columns=_columns({"role_id": "id*", "name": "text"}))

ROLE_SKILLS = Table(
    name="role_skills",
    key=("role_id", "skill_id"),
    columns=_columns({"role_id": "id*", "skill_id": "id*", "target": "level", "weight": "amount"}),
)

EVIDENCE = Table(
    name="evidence",
    key=("learner_id", "skill_id", "source", "at"),
    is_journal=True,
    columns=_columns(
        {
            "learner_id": "id*",
            "skill_id": "id*",
            "level": "level*",
            "source": "text*",
            "at": "past_instant*",
        }
    ),
)

ASSIGNMENTS = Table(
    name="assignments",
    key=("learner_id", "module_id"),
    columns=_columns(
        {"learner_id": "id*", "module_id": "id*", "due_at": "instant", "reason": "text"}
    ),
)

OUTCOMES = Table(
    name="outcomes",
    key=("learner_id", "metric", "at"),
    is_journal=True,
    columns=_columns(
        {"learner_id": "id*", "metric": "text*", "value": "value*", "at": "past_instant*"}
    ),
)

SPLITS = Table(
    name="splits", key=("learner_id",), columns=_columns({"learner_id": "id*", "part": "part*"})
)

# Columns of `learners` that name groups of learners, beside its free attributes.
PROFILE_COLUMNS = (
    "role_id",
    "goal_role_id",
    "department",
    "location",
    "language",
    "manager_id",
    "needs",
)

# What is described comes before what happened, and the longest table last.
TABLES = (
    LEARNERS,
    MODULES,
    SKILLS,
    SKILL_EDGES,
    MODULE_SKILLS,
    PREREQUISITES,
    ROLES,
    ROLE_SKILLS,
    EVIDENCE,
    ASSIGNMENTS,
    OUTCOMES,
    SPLITS,
    INTERACTIONS,
)
TABLE_OF = {table.name: table for table in TABLES}
