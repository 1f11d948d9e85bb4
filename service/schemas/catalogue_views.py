"""Modules, skills and roles as they are answered."""

from service.schemas.fields import InstantOut, View, WordsOut


class ModuleSkillView(View):
    """A skill the module teaches or tests."""

    skill_id: str
    weight: float


class PrerequisiteView(View):
    """What must come first."""

    requires_module_id: str | None
    requires_skill_id: str | None
    min_mastery: float | None
    strength: float


class ModuleView(View):
    """A module as it is stored."""

    module_id: str
    title: str
    description: str | None
    format: str | None
    kind: str | None
    duration_minutes: float | None
    difficulty: float | None
    pass_mark: float
    language: str | None
    mandatory: bool
    accessibility: WordsOut
    version: str | None
    updated_at: InstantOut | None
    active_from: InstantOut | None
    active_until: InstantOut | None
    url: str | None
    skills: list[ModuleSkillView]
    prerequisites: list[PrerequisiteView]


class SkillView(View):
    """A skill as it is stored."""

    skill_id: str
    name: str
    parent_id: str | None


class FollowingView(View):
    """A skill best learned later."""

    skill_id: str
    strength: float


class SkillDetailView(SkillView):
    """A skill as it is stored, and the skills it comes before."""

    precedes: list[FollowingView]


class RoleRequirementView(View):
    """What a role asks for in one skill."""

    skill_id: str
    target: float
    weight: float


class RoleView(View):
    """A role as it is stored."""

    role_id: str
    name: str
    requirements: list[RoleRequirementView]
