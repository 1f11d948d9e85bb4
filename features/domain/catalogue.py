"""What can be learned and who needs it: modules, skills, roles, pathways, rules, policies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

DEFAULT_PASS_MARK = 0.5
QUESTION = "question"


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleSkill:
    """A module teaches or tests `skill_id`; `weight` in [0,1] says how much of it is about that."""

    skill_id: str
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Prerequisite:
    """What must come first: a module done, or a skill at `min_mastery`. Strength 1 is hard."""

    requires_module_id: str | None = None
    requires_skill_id: str | None = None
    min_mastery: float | None = None
    strength: float = 1.0

    @property
    def is_hard(self) -> bool:
        """Whether the module stays locked until this is met."""
        return self.strength >= 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A piece of content or an assessment. `difficulty` and `pass_mark` are levels in [0,1].

    `versioned_at` is when the present version took the place of another, None where none is known.
    """

    module_id: str
    title: str
    description: str | None = None
    format: str | None = None
    kind: str | None = None
    duration_minutes: float | None = None
    difficulty: float | None = None
    pass_mark: float = DEFAULT_PASS_MARK
    language: str | None = None
    mandatory: bool = False
    accessibility: frozenset[str] = frozenset()
    version: str | None = None
    updated_at: datetime | None = None
    active_from: datetime | None = None
    active_until: datetime | None = None
    url: str | None = None
    skills: tuple[ModuleSkill, ...] = ()
    prerequisites: tuple[Prerequisite, ...] = ()
    versioned_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Skill:
    """A node of the skill taxonomy."""

    skill_id: str
    name: str
    parent_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillEdge:
    """`skill_id` is best learned before `precedes_skill_id`; strength in [0,1]."""

    skill_id: str
    precedes_skill_id: str
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleRequirement:
    """A role asks for `target` (level in [0,1]) in a skill; `weight` ≥ 0 is its importance."""

    skill_id: str
    target: float
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """A job, as the skills it asks for."""

    role_id: str
    name: str
    requirements: tuple[RoleRequirement, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """What reaching a step earns."""

    badge: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PathwayStep:
    """One step: done when any of its modules is done. `when` is a CEL condition."""

    step_id: str
    any_of: tuple[str, ...]
    optional: bool = False
    requires: tuple[str, ...] = ()
    when: str | None = None
    milestone: Milestone | None = None

    @property
    def module_id(self) -> str | None:
        """The module, where there is one to choose from."""
        return self.any_of[0] if len(self.any_of) == 1 else None


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryPoint:
    """Learners who meet `when` may start at `step_id`."""

    step_id: str
    when: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pathway:
    """Ordered and branching steps to a goal (a role, skills or a certificate).

    Learners on it are ranked by the policy `policy_id`; by the default where None. One that is not
    `active` is followed in experiments alone.
    """

    pathway_id: str
    title: str
    goal: Mapping[str, object] = field(default_factory=dict)
    steps: tuple[PathwayStep, ...] = ()
    entry_points: tuple[EntryPoint, ...] = ()
    version: str = "1"
    policy_id: str | None = None
    active: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A condition on learner attributes and what follows from it for some modules."""

    rule_id: str
    when: str
    assign: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    boost: tuple[str, ...] = ()
    due_in_days: float | None = None
    strength: float = 1.0
    active: bool = True
    priority: int = 0


TERMS = ("gap", "fit", "affinity", "refresh", "urgency", "time", "continuity", "boost")

DEFAULT_WEIGHTS: Mapping[str, float] = {
    "gap": 0.52,
    "fit": 0.10,
    "affinity": 0.10,
    "refresh": 0.05,
    "urgency": 0.08,
    "time": 0.03,
    "continuity": 0.08,
    "boost": 0.04,
}


DEFAULT_POLICY = "default"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """A named, versioned way to rank: weights over `TERMS` that sum to 1, targets, exploration."""

    policy_id: str = DEFAULT_POLICY
    version: str = "1"
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    p_target: float = 0.75
    p_width: float = 0.15
    diversity: float = 0.3
    exploration: float = 0.02
    refresher_cooldown_days: float = 30.0
    snapshot: str = "champion"


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """Everything a workspace has described, at one revision."""

    revision: int = 0
    modules: tuple[Module, ...] = ()
    skills: tuple[Skill, ...] = ()
    skill_edges: tuple[SkillEdge, ...] = ()
    roles: tuple[Role, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    rules: tuple[Rule, ...] = ()
    policies: tuple[Policy, ...] = ()
