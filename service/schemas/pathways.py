"""Pathways on the wire, and where a learner stands on them."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from features.domain.catalogue import EntryPoint, Milestone, Pathway, PathwayStep
from features.forms import Form, Id, Version
from service.schemas.fields import InstantOut, Line, View
from service.schemas.rules import Condition

MAX_STEPS = 500
MAX_CHOICES = 100
GOALS = ("role_id", "skill_ids", "certificate")


class GoalBody(Form):
    """What the pathway leads to: one of a role, skills, or a certificate."""

    role_id: Id | None = None
    skill_ids: list[Id] | None = Field(None, min_length=1, max_length=MAX_CHOICES)
    certificate: Line | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(getattr(self, name) is not None for name in GOALS) != 1:
            raise ValueError(f"give one of {', '.join(GOALS)}")
        return self

    def to_domain(self) -> dict[str, object]:
        """Return the one goal by name."""
        return self.model_dump(exclude_none=True)


class MilestoneBody(Form):
    """What doing a step earns."""

    badge: Id
    title: Line


class StepBody(Form):
    """A step: one module, or any of several."""

    step_id: Id
    module_id: Id | None = None
    any_of: list[Id] | None = Field(None, min_length=1, max_length=MAX_CHOICES)
    optional: bool = False
    requires: list[Id] = Field([], max_length=MAX_STEPS, description="Steps that come first.")
    when: Condition | None = Field(
        None,
        description="On done, scores, evidence, mastery or sure_mastery: what opens it. On "
        "anything else: whom it is for.",
    )
    milestone: MilestoneBody | None = None

    @model_validator(mode="after")
    def _has_modules(self) -> Self:
        if self.module_id is None and self.any_of is None:
            raise ValueError("give either module_id or any_of")
        if self.module_id is not None and set(self.any_of or ()) - {self.module_id}:
            raise ValueError("any_of names other modules than module_id: give either")
        return self

    def to_domain(self) -> PathwayStep:
        """Make the step."""
        named = [self.module_id] if self.module_id is not None else self.any_of or []
        return PathwayStep(
            step_id=self.step_id,
            any_of=tuple(dict.fromkeys(named)),
            optional=self.optional,
            requires=tuple(dict.fromkeys(self.requires)),
            when=self.when,
            milestone=Milestone(**self.milestone.model_dump()) if self.milestone else None,
        )


class EntryPointBody(Form):
    """Where those who meet `when` may start; everything before it is passed over."""

    step_id: Id
    when: Condition | None = None


class PathwayBody(Form):
    """Ordered and branching steps to a goal."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Becoming an analyst",
                    "goal": {"role_id": "analyst"},
                    "steps": [
                        {"step_id": "basics", "module_id": "accounting-basics"},
                        {
                            "step_id": "case",
                            "any_of": ["case-study", "case-study-de"],
                            "requires": ["basics"],
                            "when": 'scores["accounting-basics"] >= 0.8',
                            "milestone": {"badge": "analyst", "title": "Analyst"},
                        },
                    ],
                    "entry_points": [{"step_id": "basics"}],
                }
            ]
        }
    )

    pathway_id: Id | None = Field(None, description="May repeat the id of the path.")
    title: Line | None = Field(None, description="The id where absent.")
    goal: GoalBody
    steps: list[StepBody] = Field(min_length=1, max_length=MAX_STEPS)
    entry_points: list[EntryPointBody] = Field([], max_length=MAX_STEPS)
    version: Version = "1"
    policy_id: Id | None = Field(
        None, description="The policy for learners on it; the default where absent."
    )
    active: bool = Field(True, description="If not, it is followed in experiments alone.")

    def to_domain(self, pathway_id: str) -> Pathway:
        """Make the pathway called `pathway_id`."""
        return Pathway(
            pathway_id=pathway_id,
            title=self.title or pathway_id,
            goal=self.goal.to_domain(),
            steps=tuple(step.to_domain() for step in self.steps),
            entry_points=tuple(EntryPoint(**entry.model_dump()) for entry in self.entry_points),
            version=self.version,
            policy_id=self.policy_id,
            active=self.active,
        )


class PathwayRow(PathwayBody):
    """A pathway among many."""

    pathway_id: Id


class MilestoneView(View):
    """What doing a step earns."""

    badge: str
    title: str


class StepView(View):
    """A step of a stored pathway."""

    step_id: str
    module_id: str | None = Field(description="The module, where there is one to choose from.")
    any_of: list[str]
    optional: bool
    requires: list[str]
    when: str | None
    milestone: MilestoneView | None


class EntryPointView(View):
    """Where those who meet `when` may start."""

    step_id: str
    when: str | None


class PathwayView(View):
    """A pathway as it is stored."""

    pathway_id: str
    title: str
    goal: dict[str, Any]
    steps: list[StepView]
    entry_points: list[EntryPointView]
    version: str
    policy_id: str | None
    active: bool


class DoneStepView(View):
    """A step behind the learner: done, passed over by an entry point, or for others."""

    step_id: str
    state: str
    module_id: str | None
    done_at: InstantOut | None
    waived: bool


class NextStepView(View):
    """A step that is open now."""

    step_id: str
    module_ids: list[str]
    optional: bool


class LockedStepView(View):
    """A step that is not open, and the exact rule that opens it."""

    step_id: str
    module_ids: list[str]
    needs: list[str] = Field(description="Steps to be done first.")
    when: str | None = Field(description="The condition that does not hold yet.")
    text: str


class MilestoneStandingView(View):
    """A milestone and when it was earned."""

    step_id: str
    badge: str
    title: str
    earned_at: InstantOut | None


class ProjectionView(View):
    """Days until the rest is done: median and 80 % interval, from the learner's own pace."""

    median_days: float
    low_days: float
    high_days: float


class PathwayProgressView(View):
    """A learner on one pathway."""

    pathway_id: str
    title: str
    version: str
    goal: dict[str, Any]
    entered_at: list[str]
    n_core: int = Field(description="Steps that are neither optional nor for others.")
    n_core_done: int
    is_complete: bool
    done: list[DoneStepView]
    next: list[NextStepView]
    locked: list[LockedStepView]
    milestones: list[MilestoneStandingView]
    projected: ProjectionView


class JourneyView(View):
    """Where a learner stands on every pathway that is theirs."""

    learner_id: str
    as_of: InstantOut
    pathways: list[PathwayProgressView]
    badges: list[dict[str, Any]] = Field(
        description="An Open Badges 3.0 achievement subject for each milestone earned, unsigned."
    )
