"""What steers recommendations, on the wire: pathways, rules and policies."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from features.domain.catalogue import (
    DEFAULT_WEIGHTS,
    TERMS,
    EntryPoint,
    Milestone,
    Pathway,
    PathwayStep,
    Policy,
    Rule,
)
from features.domain.checks import require_acyclic
from features.domain.errors import CycleError
from service.schemas.fields import Body, Condition, Id, Line, Unit, Word
from service.schemas.modules import refuse_repeats

MAX_STEPS = 1_000
WEIGHTS_TOLERANCE = 1e-6
FIRST_VERSION = "1"

ModuleIds = Annotated[list[Id], Field(max_length=MAX_STEPS)]


class MilestoneBody(Body):
    """What reaching a step earns."""

    badge: Word
    title: Line


class StepBody(Body):
    """One step: done when its module, or any of its modules, is done."""

    step_id: Id
    module_id: Id | None = None
    any_of: ModuleIds = Field([])
    optional: bool = False
    requires: list[Id] = Field([], max_length=MAX_STEPS)
    when: Condition | None = Field(None, description="CEL over the learner's attributes.")
    milestone: MilestoneBody | None = None

    @model_validator(mode="after")
    def _has_modules(self) -> Self:
        if (self.module_id is None) == (not self.any_of):
            raise ValueError("give either module_id or any_of")
        return self

    def to_domain(self) -> PathwayStep:
        """Make the step."""
        return PathwayStep(
            step_id=self.step_id,
            any_of=tuple(self.any_of) if self.module_id is None else (self.module_id,),
            optional=self.optional,
            requires=tuple(self.requires),
            when=self.when,
            milestone=Milestone(**self.milestone.model_dump()) if self.milestone else None,
        )


class EntryPointBody(Body):
    """Learners who meet `when` may start at `step_id`."""

    step_id: Id
    when: Condition | None = None


class PathwayGoalBody(Body):
    """Where a pathway leads: a role, some skills or a certificate."""

    role_id: Id | None = None
    skill_ids: list[Id] | None = Field(None, min_length=1, max_length=MAX_STEPS)
    certificate: Line | None = None

    @model_validator(mode="after")
    def _leads_to_one_thing(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give one of role_id, skill_ids and certificate")
        return self


class PathwayBody(Body):
    """Ordered and branching steps to a goal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "From clerk to analyst",
                    "goal": {"role_id": "analyst"},
                    "steps": [
                        {"step_id": "basics", "module_id": "accounting-basics"},
                        {
                            "step_id": "practice",
                            "any_of": ["case-study", "workshop"],
                            "requires": ["basics"],
                        },
                    ],
                    "version": "1",
                }
            ]
        }
    )

    pathway_id: Id | None = Field(None, description="May repeat the id of the path.")
    title: Line
    goal: PathwayGoalBody
    steps: list[StepBody] = Field(min_length=1, max_length=MAX_STEPS)
    entry_points: list[EntryPointBody] = Field([], max_length=MAX_STEPS)
    version: Word = "1"

    @model_validator(mode="after")
    def _steps_hang_together(self) -> Self:
        known = [step.step_id for step in self.steps]
        refuse_repeats(known, "steps")
        named = [name for step in self.steps for name in step.requires]
        named += [entry.step_id for entry in self.entry_points]
        unknown = sorted(set(named) - set(known))
        if unknown:
            raise ValueError(f"no step is called {', '.join(unknown[:5])}")
        links = [(name, step.step_id) for step in self.steps for name in step.requires]
        try:
            require_acyclic(links, "steps")
        except CycleError as error:
            raise ValueError(error.detail) from error
        return self

    def to_domain(self, pathway_id: str) -> Pathway:
        """Make the pathway called `pathway_id`."""
        return Pathway(
            pathway_id=pathway_id,
            title=self.title,
            goal=self.goal.model_dump(exclude_none=True),
            steps=tuple(step.to_domain() for step in self.steps),
            entry_points=tuple(EntryPoint(**each.model_dump()) for each in self.entry_points),
            version=self.version,
        )


class PathwayRow(PathwayBody):
    """A pathway among many."""

    pathway_id: Id


class ConsequenceBody(Body):
    """What follows from a rule, for which modules."""

    assign: ModuleIds = Field([])
    require: ModuleIds = Field([])
    exclude: ModuleIds = Field([])
    boost: ModuleIds = Field([])
    due_in_days: float | None = Field(None, ge=0, le=36_500)
    strength: Unit = Field(1.0, description="Of a boost.")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.assign or self.require or self.exclude or self.boost):
            raise ValueError("name modules to assign, require, exclude or boost")
        return self


class RuleBody(Body):
    """A condition on learner attributes and what follows from it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "when": 'learner.department == "finance"',
                    "then": {"assign": ["anti-fraud"], "due_in_days": 30},
                    "active": True,
                    "priority": 10,
                }
            ]
        }
    )

    rule_id: Id | None = Field(None, description="May repeat the id of the path.")
    when: Condition = Field(description="CEL over the learner's attributes.")
    then: ConsequenceBody
    active: bool = True
    priority: int = Field(0, ge=-1_000_000, le=1_000_000)

    def to_domain(self, rule_id: str) -> Rule:
        """Make the rule called `rule_id`."""
        return Rule(
            rule_id=rule_id,
            when=self.when,
            assign=tuple(self.then.assign),
            require=tuple(self.then.require),
            exclude=tuple(self.then.exclude),
            boost=tuple(self.then.boost),
            due_in_days=self.then.due_in_days,
            strength=self.then.strength,
            active=self.active,
            priority=self.priority,
        )


class RuleRow(RuleBody):
    """A rule among many."""

    rule_id: Id


class PolicyBody(Body):
    """A named, versioned way to rank."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"weights": {"gap": 0.5, "affinity": 0.5}, "exploration": 0, "version": "2"}
            ]
        }
    )

    policy_id: Id | None = Field(None, description="May repeat the id of the path.")
    weights: dict[str, Unit] = Field(
        dict(DEFAULT_WEIGHTS), description="By term; absent terms weigh nothing; they sum to 1."
    )
    p_target: float = Field(0.75, gt=0, lt=1, description="The success probability to aim at.")
    p_width: float = Field(0.15, gt=0, le=1, description="How quickly `fit` falls off.")
    diversity: Unit = 0.3
    exploration: Unit = Field(0.02, description="0 is deterministic.")
    refresher_cooldown_days: float = Field(30.0, ge=0, le=36_500)
    snapshot: Literal["champion"] = "champion"
    version: Word | None = Field(None, description="Counted on where absent.")

    @field_validator("weights")
    @classmethod
    def _weights_are_shares(cls, weights: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(weights) - set(TERMS))
        if unknown:
            raise ValueError(f"{', '.join(unknown[:5])}: not a term; terms are {', '.join(TERMS)}")
        total = sum(weights.values())
        if abs(total - 1.0) > WEIGHTS_TOLERANCE:
            raise ValueError(f"the weights sum to {total}: they must sum to 1")
        return {term: weights.get(term, 0.0) for term in TERMS}

    def to_domain(self, policy_id: str) -> Policy:
        """Make the policy called `policy_id`."""
        columns = self.model_dump(exclude={"policy_id", "version"})
        return Policy(policy_id=policy_id, version=self.version or FIRST_VERSION, **columns)


class PolicyRow(PolicyBody):
    """A policy among many."""

    policy_id: Id
