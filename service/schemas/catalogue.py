"""Modules, skills and roles on the wire."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from features.domain.catalogue import (
    DEFAULT_PASS_MARK,
    Module,
    ModuleSkill,
    Prerequisite,
    Role,
    RoleRequirement,
    Skill,
    SkillEdge,
)
from features.forms import Form, Id, Instant, Unit, Version
from service.schemas.fields import Line, Prose, Word, Words

MAX_LINKS = 1_000


class ModuleSkillBody(Form):
    """A skill the module teaches or tests."""

    skill_id: Id
    weight: Unit = Field(1.0, description="How much of the module is about it.")


class PrerequisiteBody(Form):
    """What must come first: a module done, or a skill at `min_mastery`."""

    requires_module_id: Id | None = None
    requires_skill_id: Id | None = None
    min_mastery: Unit | None = Field(None, description="With `requires_skill_id`: the level.")
    strength: Unit = Field(1.0, description="1 is hard: the module stays locked until it is met.")

    @model_validator(mode="after")
    def _requires_one_thing(self) -> Self:
        if (self.requires_module_id is None) == (self.requires_skill_id is None):
            raise ValueError("give either requires_module_id or requires_skill_id")
        if self.min_mastery is not None and self.requires_skill_id is None:
            raise ValueError("min_mastery goes with requires_skill_id")
        return self


class ModuleBody(Form):
    """A piece of content or an assessment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Reading a balance sheet",
                    "format": "video",
                    "kind": "lesson",
                    "duration_minutes": 18,
                    "difficulty": 0.4,
                    "language": "en",
                    "accessibility": ["captions", "transcript"],
                    "skills": [{"skill_id": "accounting", "weight": 1.0}],
                    "prerequisites": [{"requires_module_id": "accounting-basics"}],
                }
            ]
        }
    )

    module_id: Id | None = Field(None, description="May repeat the id of the path.")
    title: Line | None = Field(None, description="The id where absent.")
    description: Prose | None = None
    format: Word | None = Field(None, description="Such as video, article, workshop.")
    kind: Word | None = Field(None, description="`question` is asked and never recommended.")
    duration_minutes: float | None = Field(None, ge=0.01, le=1_000_000)
    difficulty: Unit | None = None
    pass_mark: Unit = Field(DEFAULT_PASS_MARK, description="Scores from here up are a success.")
    language: Word | None = None
    mandatory: bool = False
    accessibility: Words = Field([], description="What it covers, such as captions.")
    version: Version | None = None
    updated_at: Instant | None = None
    active_from: Instant | None = None
    active_until: Instant | None = None
    url: Line | None = None
    skills: list[ModuleSkillBody] = Field([], max_length=MAX_LINKS)
    prerequisites: list[PrerequisiteBody] = Field([], max_length=MAX_LINKS)

    @model_validator(mode="after")
    def _names_each_link_once(self) -> Self:
        _refuse_repeats([skill.skill_id for skill in self.skills], "skills")
        targets = [(p.requires_module_id, p.requires_skill_id) for p in self.prerequisites]
        _refuse_repeats(targets, "prerequisites")
        if self.active_from and self.active_until and self.active_until < self.active_from:
            raise ValueError("active_until is before active_from")
        return self

    def to_domain(self, module_id: str) -> Module:
        """Make the module called `module_id`."""
        columns = self.model_dump(
            exclude={"module_id", "title", "accessibility", "skills", "prerequisites"}
        )
        return Module(
            **columns,
            module_id=module_id,
            title=self.title or module_id,
            accessibility=frozenset(self.accessibility),
            skills=tuple(ModuleSkill(**skill.model_dump()) for skill in self.skills),
            prerequisites=tuple(Prerequisite(**each.model_dump()) for each in self.prerequisites),
        )


class ModuleRow(ModuleBody):
    """A module among many."""

    module_id: Id


class FollowingBody(Form):
    """A skill best learned later."""

    skill_id: Id
    strength: Unit = 1.0

    def to_domain(self, skill_id: str) -> SkillEdge:
        """Make the edge that starts at `skill_id`."""
        return SkillEdge(skill_id=skill_id, precedes_skill_id=self.skill_id, strength=self.strength)


class SkillBody(Form):
    """A node of the skill taxonomy."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Accounting"}]})

    skill_id: Id | None = Field(None, description="May repeat the id of the path.")
    name: Line | None = Field(None, description="The id where absent.")
    parent_id: Id | None = None
    precedes: list[FollowingBody] | None = Field(
        None, max_length=MAX_LINKS, description="Skills best learned after it."
    )

    @model_validator(mode="after")
    def _precedes_each_skill_once(self) -> Self:
        _refuse_repeats([each.skill_id for each in self.precedes or ()], "precedes")
        return self

    def to_domain(self, skill_id: str) -> Skill:
        """Make the skill called `skill_id`."""
        return Skill(skill_id=skill_id, name=self.name or skill_id, parent_id=self.parent_id)


class SkillRow(SkillBody):
    """A skill among many."""

    skill_id: Id


class SkillEdgeRow(Form):
    """`skill_id` is best learned before `precedes_skill_id`."""

    skill_id: Id
    precedes_skill_id: Id
    strength: Unit = 1.0

    def to_domain(self) -> SkillEdge:
        """Make the edge."""
        return SkillEdge(**self.model_dump())


class RoleRequirementBody(Form):
    """What a role asks for in one skill."""

    skill_id: Id
    target: Unit
    weight: float = Field(1.0, ge=0, le=1_000_000, description="Its importance beside the others.")


class RoleBody(Form):
    """A job, as the skills it asks for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Analyst",
                    "requirements": [{"skill_id": "accounting", "target": 0.7, "weight": 2}],
                }
            ]
        }
    )

    role_id: Id | None = Field(None, description="May repeat the id of the path.")
    name: Line | None = Field(None, description="The id where absent.")
    requirements: list[RoleRequirementBody] = Field([], max_length=MAX_LINKS)

    @model_validator(mode="after")
    def _asks_for_each_skill_once(self) -> Self:
        _refuse_repeats([each.skill_id for each in self.requirements], "requirements")
        return self

    def to_domain(self, role_id: str) -> Role:
        """Make the role called `role_id`."""
        return Role(
            role_id=role_id,
            name=self.name or role_id,
            requirements=tuple(RoleRequirement(**r.model_dump()) for r in self.requirements),
        )


class RoleRow(RoleBody):
    """A role among many."""

    role_id: Id


def _refuse_repeats(names: list[Any], field: str) -> None:
    """Refuse a list that names the same thing twice.

    Raises
    ------
    ValueError
        Naming `field`.
    """
    if len(set(names)) < len(names):
        raise ValueError(f"{field} name the same thing twice")
