"""Many things of the catalogue at once, on the wire."""

from collections.abc import Hashable, Sequence
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from features.forms import Form
from service.schemas.catalogue import ModuleRow, RoleRow, SkillEdgeRow, SkillRow
from service.schemas.fields import View
from service.schemas.learners import AssignmentRow, LearnerRow
from service.schemas.pathways import PathwayRow
from service.schemas.policies import PolicyRow
from service.schemas.rules import RuleRow

MAX_ROWS = 10_000

# What tells the rows of one kind apart.
NAMED_BY = {
    "modules": ("module_id",),
    "skills": ("skill_id",),
    "skill_edges": ("skill_id", "precedes_skill_id"),
    "roles": ("role_id",),
    "pathways": ("pathway_id",),
    "rules": ("rule_id",),
    "policies": ("policy_id",),
    "learners": ("learner_id",),
    "assignments": ("learner_id", "module_id"),
}


class CatalogueBody(Form):
    """Many things at once; leave out what you do not send."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "skills": [{"skill_id": "accounting", "name": "Accounting"}],
                    "modules": [
                        {
                            "module_id": "accounting-basics",
                            "title": "Accounting basics",
                            "duration_minutes": 30,
                            "skills": [{"skill_id": "accounting"}],
                        }
                    ],
                    "roles": [
                        {
                            "role_id": "analyst",
                            "requirements": [{"skill_id": "accounting", "target": 0.7}],
                        }
                    ],
                }
            ]
        }
    )

    modules: Annotated[list[ModuleRow], Field(max_length=MAX_ROWS)] = Field([])
    skills: Annotated[list[SkillRow], Field(max_length=MAX_ROWS)] = Field([])
    skill_edges: Annotated[list[SkillEdgeRow], Field(max_length=MAX_ROWS)] = Field([])
    roles: Annotated[list[RoleRow], Field(max_length=MAX_ROWS)] = Field([])
    pathways: Annotated[list[PathwayRow], Field(max_length=MAX_ROWS)] = Field([])
    rules: Annotated[list[RuleRow], Field(max_length=MAX_ROWS)] = Field([])
    policies: Annotated[list[PolicyRow], Field(max_length=MAX_ROWS)] = Field([])
    learners: Annotated[list[LearnerRow], Field(max_length=MAX_ROWS)] = Field([])
    assignments: Annotated[list[AssignmentRow], Field(max_length=MAX_ROWS)] = Field([])

    @model_validator(mode="after")
    def _names_each_thing_once(self) -> Self:
        for kind, names in NAMED_BY.items():
            repeated = _first_repeat(
                [tuple(getattr(row, name) for name in names) for row in getattr(self, kind)]
            )
            if repeated is not None:
                raise ValueError(f"{kind} name {repeated} twice")
        return self


class CatalogueView(View):
    """How many of each were written, and the catalogue's revision now."""

    modules: int
    skills: int
    skill_edges: int
    roles: int
    pathways: int
    rules: int
    policies: int
    learners: int
    assignments: int
    revision: int


def _first_repeat[Key: Hashable](keys: Sequence[Key]) -> Key | None:
    seen: set[Key] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None
